/** ResolveCustomer, decided. Rules T1 to T3, and P2. */
import { operationsOf, productTypes, type EpochMs, type ResolveCustomerOutput } from "@countinghouse/protocol";
import type { CatalogueView } from "../catalogue.ts";
import type { RegistrationTokenClaims } from "../registration-token.ts";
import { rejection, type Rejection } from "../rejection.ts";

export interface ResolveCustomerRequest {
  readonly callerAccountId: string;
  /** What the token says, or undefined where it is not one of ours or was altered. */
  readonly claims: RegistrationTokenClaims | undefined;
}

export type ResolveCustomerDecision =
  | { readonly rejected: Rejection }
  | { readonly rejected?: undefined; readonly agreementId: string; readonly output: ResolveCustomerOutput };

export function decideResolveCustomer(
  request: ResolveCustomerRequest,
  facts: { readonly catalogue: CatalogueView; readonly nowMs: EpochMs },
): ResolveCustomerDecision {
  const { claims, callerAccountId } = request;
  const agreement = claims === undefined ? undefined : facts.catalogue.agreement(claims.agreementId);
  if (claims === undefined || agreement === undefined) {
    return { rejected: rejection("InvalidTokenException", "T2", "The registration token is invalid.") };
  }
  const product = facts.catalogue.product(agreement.productCode);
  if (product === undefined || product.seller !== callerAccountId) {
    const message = "The registration token is invalid.";
    return { rejected: rejection("InvalidTokenException", "T3", message, { callerAccountId }) };
  }
  if (!operationsOf(product.type, product.pricing).includes("ResolveCustomer")) {
    const message = `The product is a ${productTypes[product.type]}; ResolveCustomer is for SaaS products.`;
    return { rejected: rejection("InvalidTokenException", "P2", message, { type: product.type }) };
  }
  if (facts.nowMs >= claims.expiresAtMs) {
    const message = "The registration token has expired.";
    const compared = {
      expiredAt: new Date(claims.expiresAtMs).toISOString(),
      now: new Date(facts.nowMs).toISOString(),
    };
    return { rejected: rejection("ExpiredTokenException", "T1", message, compared) };
  }
  const { customerIdentifier, productCode, customerAccountId, licenseArn } = agreement;
  return {
    agreementId: agreement.agreementId,
    output: {
      ...(customerIdentifier === undefined ? {} : { customerIdentifier }),
      productCode,
      customerAccountId,
      ...(licenseArn === undefined ? {} : { licenseArn }),
    },
  };
}

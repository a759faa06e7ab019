/** Decides ResolveCustomer. Rules T1 to T3, and P2. */
import { operationsOf, iso, type EpochMs, type ResolveCustomerOutput } from "@countinghouse/protocol";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import { kindText } from "../catalogue/product.ts";
import type { RegistrationTokenClaims } from "../registration-token.ts";
import { rejection, type Rejection } from "../rejection.ts";

interface ResolveCustomerRequest {
  readonly callerAccountId: string;
  /** What the token says; undefined where it was not made here, or was altered. */
  readonly claims: RegistrationTokenClaims | undefined;
}

export type ResolveCustomerDecision =
  | { readonly rejected: Rejection }
  | { readonly rejected?: undefined; readonly agreementId: string; readonly output: ResolveCustomerOutput };

/**
 * The text begins with the words of AWS's own text, because existing programs look for them. It is the same for every caller
 * that may not use the token, so that nobody learns whose token it is.
 */
const INVALID =
  "Registration token is invalid: RegistrationToken was not issued for a product of the caller's, or was altered.";

export function decideResolveCustomer(
  request: ResolveCustomerRequest,
  facts: { readonly catalogue: CatalogueView; readonly nowMs: EpochMs },
): ResolveCustomerDecision {
  const { claims, callerAccountId } = request;
  const agreement = claims === undefined ? undefined : facts.catalogue.agreement(claims.agreementId);
  if (claims === undefined || agreement === undefined) {
    return { rejected: rejection("InvalidTokenException", "T2", INVALID) };
  }
  const product = facts.catalogue.product(agreement.productCode);
  if (product === undefined || product.seller !== callerAccountId) {
    return { rejected: rejection("InvalidTokenException", "T3", INVALID, { callerAccountId }) };
  }
  if (!operationsOf(product.type, product.pricing).includes("ResolveCustomer")) {
    const { productCode, type } = product;
    const message = `Registration token is invalid: RegistrationToken is for ProductCode '${productCode}', ${kindText(type)}; ResolveCustomer is for SaaS products.`;
    return { rejected: rejection("InvalidTokenException", "P2", message, { type: product.type }) };
  }
  if (facts.nowMs >= claims.expiresAtMs) {
    const compared = {
      expiredAt: iso(claims.expiresAtMs),
      now: iso(facts.nowMs),
    };
    const message = `Registration token has expired: RegistrationToken was good until ${compared.expiredAt}, and it is ${compared.now}.`;
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

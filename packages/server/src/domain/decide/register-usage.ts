/**
 * Decides RegisterUsage: a task or pod asks once whether its account has the product, and its metering begins. The call is
 * refused for the first reason that holds, in the order of `registerUsage.refuses`.
 */
import { iso, type EpochMs, type RegisterUsageInput, type RegisterUsageOutput } from "@countinghouse/protocol";
import { inForce } from "../catalogue/agreement.ts";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import { isLive, registrationOf, type MeteredResource } from "../resources/metered-resource.ts";
import { accountCustomer } from "../metering/metering-record.ts";
import { observed } from "../resources/observation.ts";
import { hoursDimensionOf, type Product } from "../catalogue/product.ts";
import { rejection, type Rejection } from "../rejection.ts";
import { callerFigures, callerText, callingResource, findProduct, type ResourceCaller } from "./resource-checks.ts";

interface RegisterUsageRequest extends ResourceCaller {
  readonly input: RegisterUsageInput;
  /** The answer, signed with the asked key version; undefined where that version did not exist when the call came in. */
  readonly signature: string | undefined;
}

interface RegisterUsageFacts {
  readonly catalogue: CatalogueView;
  /** What is known of the session's resource. */
  readonly resource: MeteredResource | undefined;
  readonly nowMs: EpochMs;
}

export type RegisterUsageDecision =
  | { readonly rejected: Rejection }
  | {
      readonly rejected?: undefined;
      /** The resource as it was known before the call. */
      readonly resource: MeteredResource;
      /** The resource with its new registration; undefined where it had registered before. Rule Y5. */
      readonly registered: MeteredResource | undefined;
      readonly output: RegisterUsageOutput & { readonly signature: string };
    };

export function decideRegisterUsage(request: RegisterUsageRequest, facts: RegisterUsageFacts): RegisterUsageDecision {
  const { input, signature } = request;
  const { productCode, publicKeyVersion } = input;
  const { catalogue, nowMs } = facts;
  const resource = checkCaller(request, facts);
  if ("code" in resource) return { rejected: resource };
  const refused = checkRegion(request, resource);
  if (refused !== undefined) return { rejected: refused };
  const product = findProduct(productCode, "RegisterUsage", catalogue);
  if ("code" in product) return { rejected: product };
  const key = catalogue.registrationKey(publicKeyVersion);
  if (key === undefined || signature === undefined) {
    const message = `PublicKeyVersion ${publicKeyVersion} is invalid: there is no such version.`;
    return { rejected: rejection("InvalidPublicKeyVersionException", "Y3", message, { publicKeyVersion }) };
  }
  const first = registrationOf(resource, productCode) === undefined;
  const notEntitled = first ? checkEntitled(productCode, resource, facts) : undefined;
  if (notEntitled !== undefined) return { rejected: notEntitled };
  const { expiredAtMs } = key;
  return {
    resource,
    registered: first ? registered(resource, product, nowMs) : undefined,
    output: { ...(expiredAtMs === undefined ? {} : { publicKeyRotationTimestampMs: expiredAtMs }), signature },
  };
}

/** Rule X2. */
function checkCaller(
  request: RegisterUsageRequest,
  { resource: known, nowMs }: RegisterUsageFacts,
): MeteredResource | Rejection {
  const { productCode } = request.input;
  const resource = callingResource(request, known);
  if (resource !== undefined && resource.platform !== "ec2") {
    if (isLive(resource, nowMs) || registrationOf(resource, productCode) !== undefined) return resource;
  }
  // The text begins with the words of AWS's own text, because existing programs look for them.
  const message = `This operation can only be called from within an ECS task or an EKS pod: ${callerText(request)} is neither, or is not known and running.`;
  const figures = { productCode, ...callerFigures(request, resource), now: iso(nowMs) };
  return rejection("PlatformNotSupportedException", "X2", message, figures);
}

/** Rule Y1. */
function checkRegion({ region }: RegisterUsageRequest, resource: MeteredResource): Rejection | undefined {
  if (region === resource.region) return undefined;
  const message = `RegisterUsage was called in ${region}; the caller runs in ${resource.region}.`;
  return rejection("InvalidRegionException", "Y1", message, { region, resourceRegion: resource.region });
}

/** Rule Y4. */
function checkEntitled(
  productCode: string,
  { accountId }: MeteredResource,
  { catalogue, nowMs }: RegisterUsageFacts,
): Rejection | undefined {
  const agreements = catalogue.agreementsOf(productCode, accountCustomer(accountId));
  if (agreements.some((agreement) => inForce(agreement, nowMs))) return undefined;
  const message = `The account ${accountId} has no agreement for ProductCode '${productCode}' in force.`;
  const figures = { productCode, accountId, agreements: agreements.length, now: iso(nowMs) };
  return rejection("CustomerNotEntitledException", "Y4", message, figures);
}

/** All hours of the resource are metered under the dimension of hours that the product has now. */
function registered(resource: MeteredResource, product: Product, registeredAtMs: EpochMs): MeteredResource {
  const { resourceId, platform, externalId, accountId, region, registrations } = resource;
  const sign = {
    source: "calls",
    resourceId,
    platform,
    externalId,
    accountId,
    region,
    seenAtMs: registeredAtMs,
  } as const;
  const { productCode } = product;
  const registration = { productCode, registeredAtMs, dimension: hoursDimensionOf(product).name };
  return { ...observed(resource, sign), registrations: [...registrations, registration] };
}

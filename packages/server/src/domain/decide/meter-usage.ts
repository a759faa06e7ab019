/**
 * Decides MeterUsage: a resource meters its own use. The call is refused for the first reason that holds, in the order of
 * `meterUsage.refuses`; otherwise the answer names a record that is new or was kept before.
 */
import {
  HOUR_MS,
  ageFault,
  metersItself,
  printable,
  ruleSets,
  iso,
  type EpochMs,
  type MeterUsageInput,
  type ProductType,
  type RuleSet,
  type UsageRecord,
} from "@countinghouse/protocol";
import { checkWindow } from "../metering/acceptance-window.ts";
import { whyNotSubscribed } from "../catalogue/agreement.ts";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import { isLive, type MeteredResource, type Platform } from "../resources/metered-resource.ts";
import {
  type AcceptedRecord,
  accountCustomer,
  clientTokenKey,
  hourOf,
  isReplay,
  resourceKey,
  type MeteringRecord,
  type MeteringRecordKey,
} from "../metering/metering-record.ts";
import { kindText } from "../catalogue/product.ts";
import { rejection, type Rejection } from "../rejection.ts";
import { allocationChecks } from "../metering/usage-allocation.ts";
import { checkDimension } from "./metered-dimension.ts";
import { callerFigures, callerText, callingResource, findProduct, type ResourceCaller } from "./resource-checks.ts";

interface MeterUsageRequest extends ResourceCaller {
  readonly input: MeterUsageInput;
}

interface MeterUsageFacts {
  readonly catalogue: CatalogueView;
  readonly nowMs: EpochMs;
  readonly ruleSet: RuleSet;
  /** What is known of the session's resource. */
  readonly resource: MeteredResource | undefined;
  /** What is kept under each of the request's keys (`meterUsageKeys`). */
  readonly kept: readonly (MeteringRecord | undefined)[];
  /** The record's id, if it is accepted. */
  readonly meteringRecordId: string;
}

export type MeterUsageDecision =
  | { readonly rejected: Rejection; readonly dryRun?: undefined }
  | {
      readonly rejected?: undefined;
      /** The call would have been accepted; nothing is metered. Rule M7. */
      readonly dryRun: true;
      readonly resource: MeteredResource;
    }
  | {
      readonly rejected?: undefined;
      readonly dryRun?: undefined;
      readonly resource: MeteredResource;
      readonly usageRecord: UsageRecord;
      readonly meteringRecordId: string;
      /** The record, and the alias of its client token; empty where the record was kept before. */
      readonly accepted: readonly AcceptedRecord[];
    };

/** At one time, all accepted usage lies within this many hours. */
const WINDOW_HOURS = Math.max(
  ...Object.values(ruleSets).map(({ meterUsageWindow: { ageSecondsLimit, aheadSecondsMax } }) =>
    Math.ceil(((ageSecondsLimit + aheadSecondsMax) * 1000) / HOUR_MS),
  ),
);

/** The record's key, and the keys under which its client token may have been used. None for a caller that is no resource. */
export function meterUsageKeys(request: MeterUsageRequest): MeteringRecordKey[] {
  const { session, region, callerAccountId, input } = request;
  if (session === undefined) return [];
  const key = resourceKey(usageRecordOf(input, callerAccountId), input.productCode, region, session.resourceId);
  const { clientToken } = input;
  if (clientToken === undefined) return [key];
  const hours = Array.from({ length: 2 * WINDOW_HOURS + 1 }, (_, i) => key.hour - WINDOW_HOURS + i);
  return [key, ...hours.map((hour) => clientTokenKey({ ...key, hour }, clientToken))];
}

export function decideMeterUsage(
  request: MeterUsageRequest,
  keys: readonly MeteringRecordKey[],
  facts: MeterUsageFacts,
): MeterUsageDecision {
  const { input, callerAccountId } = request;
  const resource = checkCaller(request, facts);
  if ("code" in resource) return { rejected: resource };
  const usageRecord = usageRecordOf(input, callerAccountId);
  const [kept, ...byToken] = facts.kept;
  const rejected =
    checkRegion(request, resource) ??
    checkProduct(input, resource, facts) ??
    checkWindow(usageRecord, undefined, facts.ruleSet.meterUsageWindow, facts.ruleSet, facts.nowMs) ??
    firstOf(allocationChecks.map((check) => check(usageRecord, undefined))) ??
    checkToken(input, usageRecord, kept, byToken, facts) ??
    checkKept(input, usageRecord, kept) ??
    checkEntitled(input, resource, kept, facts);
  if (rejected !== undefined) return { rejected };
  if (input.dryRun === true) return { dryRun: true, resource };
  if (kept !== undefined) {
    return { resource, usageRecord, meteringRecordId: kept.meteringRecordId, accepted: [] };
  }
  const key = keys[0] as MeteringRecordKey;
  const record = { position: 0, key, quantity: usageRecord.quantity ?? 0 };
  const { clientToken } = input;
  const alias = clientToken === undefined ? [] : [{ ...record, key: clientTokenKey(key, clientToken) }];
  return { resource, usageRecord, meteringRecordId: facts.meteringRecordId, accepted: [record, ...alias] };
}

/** The request as a usage record of the resource's account. */
function usageRecordOf(input: MeterUsageInput, customerAccountId: string): UsageRecord {
  const { timestampMs, usageDimension: dimension, usageQuantity: quantity, usageAllocations } = input;
  return {
    timestampMs,
    customerAccountId,
    dimension,
    ...(quantity === undefined ? {} : { quantity }),
    ...(usageAllocations === undefined ? {} : { usageAllocations }),
  };
}

/** Rule X1. */
function checkCaller(
  request: MeterUsageRequest,
  { resource: known, nowMs }: MeterUsageFacts,
): MeteredResource | Rejection {
  const resource = callingResource(request, known);
  if (resource !== undefined && isLive(resource, nowMs)) return resource;
  const message = `MeterUsage is called with the credentials of an EC2 instance, ECS task or EKS pod of the customer that is known and runs; ${callerText(request)} is none.`;
  const figures = { productCode: request.input.productCode, ...callerFigures(request, resource), now: iso(nowMs) };
  return rejection("CustomerNotEntitledException", "X1", message, figures);
}

/** Rule M1. */
function checkRegion({ region }: MeterUsageRequest, resource: MeteredResource): Rejection | undefined {
  if (region === resource.region && metersItself[resource.platform](region)) return undefined;
  const message =
    region === resource.region
      ? `MeterUsage is not served in ${region} for ${PLATFORMS[resource.platform]}.`
      : `The endpoint is that of ${region}; the caller runs in ${resource.region}.`;
  const { platform, region: resourceRegion } = resource;
  return rejection("InvalidEndpointRegionException", "M1", message, { region, resourceRegion, platform });
}

const PLATFORMS: Readonly<Record<Platform, string>> = {
  ec2: "EC2 instances",
  ecs: "ECS tasks",
  eks: "EKS pods",
};

/** Rules M2, P2, M3 and U1. */
function checkProduct(
  { productCode, usageDimension }: MeterUsageInput,
  { platform }: MeteredResource,
  { catalogue }: MeterUsageFacts,
): Rejection | undefined {
  const product = findProduct(productCode, "MeterUsage", catalogue);
  if ("code" in product) return product;
  if (!runsOn(product.type, platform)) {
    const message = `ProductCode '${productCode}' is invalid: it is that of ${kindText(product.type)}, which ${PLATFORMS[platform]} do not meter.`;
    return rejection("InvalidProductCodeException", "M3", message, { productCode, type: product.type, platform });
  }
  return checkDimension(product, usageDimension, undefined);
}

function runsOn(type: ProductType, platform: Platform): boolean {
  return (type === "ami") === (platform === "ec2");
}

function firstOf<T>(candidates: readonly (T | undefined)[]): T | undefined {
  return candidates.find((candidate) => candidate !== undefined);
}

/** Rule M4. A client token is free again when the window of its hour has closed. */
function checkToken(
  { clientToken = "" }: MeterUsageInput,
  sent: UsageRecord,
  kept: MeteringRecord | undefined,
  byToken: readonly (MeteringRecord | undefined)[],
  { ruleSet, nowMs }: MeterUsageFacts,
): Rejection | undefined {
  const used = byToken.find(
    (record) =>
      record !== undefined &&
      ageFault((hourOf(record.timestampMs) + 1) * HOUR_MS, ruleSet.meterUsageWindow, nowMs) === undefined,
  );
  if (used === undefined) return undefined;
  // Where the token's record is the one under the request's own key, product, hour and dimension are the same.
  if (kept?.meteringRecordId === used.meteringRecordId && isReplay(kept, sent)) return undefined;
  const { meteringRecordId, timestampMs, dimension, quantity } = used;
  const first = `UsageDimension '${printable(dimension)}', UsageQuantity ${quantity} and Timestamp ${iso(timestampMs)}`;
  const message = `ClientToken '${printable(clientToken)}' was used before, for a request with other parameters: ${first}.`;
  const figures = { meteringRecordId, keptTimestamp: iso(timestampMs), keptDimension: dimension };
  return rejection("IdempotencyConflictException", "M4", message, {
    ...figures,
    keptQuantity: quantity,
    timestamp: iso(sent.timestampMs),
    dimension: sent.dimension,
    quantity,
  });
}

/** Rule M5. */
function checkKept(
  { productCode }: MeterUsageInput,
  sent: UsageRecord,
  kept: MeteringRecord | undefined,
): Rejection | undefined {
  if (kept === undefined || isReplay(kept, sent)) return undefined;
  const { quantity = 0 } = sent;
  const other =
    kept.quantity === quantity
      ? "with other UsageAllocations"
      : `with UsageQuantity ${kept.quantity} and not ${quantity}`;
  const message = `The resource has metered UsageDimension '${printable(sent.dimension)}' of ProductCode '${productCode}' in this hour before, ${other}.`;
  return rejection("DuplicateRequestException", "M5", message, {
    meteringRecordId: kept.meteringRecordId,
    keptTimestamp: iso(kept.timestampMs),
    keptQuantity: kept.quantity,
    timestamp: iso(sent.timestampMs),
    quantity: sent.quantity ?? 0,
  });
}

/** Rule M6. A record that is already kept is answered from the ledger, whatever has become of the agreement (Rule M5). */
function checkEntitled(
  { productCode, timestampMs }: MeterUsageInput,
  { accountId }: MeteredResource,
  kept: MeteringRecord | undefined,
  { catalogue, nowMs }: MeterUsageFacts,
): Rejection | undefined {
  if (kept !== undefined) return undefined;
  const agreements = catalogue.agreementsOf(productCode, accountCustomer(accountId));
  const because = whyNotSubscribed(agreements, timestampMs, nowMs, catalogue);
  if (because === undefined) return undefined;
  const message = `The account ${accountId} has no agreement for ProductCode '${productCode}' by which usage of ${iso(timestampMs)} can be metered now.`;
  const figures = { productCode, accountId, because, timestamp: iso(timestampMs), now: iso(nowMs) };
  return rejection("CustomerNotEntitledException", "M6", message, figures);
}

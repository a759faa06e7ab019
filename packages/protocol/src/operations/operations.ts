/** The operations of the wire. Each is described in a file of its own; the two of STS are in `sts.ts`. */
import type { RequestQuota } from "../rules/request-quotas.ts";
import { batchMeterUsage } from "./batch-meter-usage.ts";
import { getEntitlements } from "./get-entitlements.ts";
import { lookupEvents } from "./lookup-events.ts";
import { meterUsage } from "./meter-usage.ts";
import type { AnyOperation } from "./operation.ts";
import { registerUsage } from "./register-usage.ts";
import { resolveCustomer } from "./resolve-customer.ts";

export const operations: readonly AnyOperation[] = [
  batchMeterUsage,
  resolveCustomer,
  meterUsage,
  registerUsage,
  getEntitlements,
  lookupEvents,
];

/** By operation; an operation that is not listed has no quota. */
export const awsRequestQuotas: Readonly<Record<string, RequestQuota>> = Object.fromEntries(
  operations.flatMap(({ name, quota }) => (quota === undefined ? [] : [[name, quota] as const])),
);

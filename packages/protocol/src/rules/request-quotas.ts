/** Request quotas: how often an account may call an operation, in one region. */
import type { RuleId } from "./rule-book.ts";

export interface RequestQuota {
  readonly requestsPerSecond: number;
  readonly rule: RuleId;
}

/** An account's quota over all regions, in regions' quotas. AWS has none; no seller meters in so many at once. */
export const REGIONS_WORTH_MAX = 10;

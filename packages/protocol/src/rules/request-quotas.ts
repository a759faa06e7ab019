/** Request quotas: how often an account may call an operation, in one region. Operations that are not listed have none. */
import type { RuleId } from "./rule-book.ts";

export interface RequestQuota {
  readonly requestsPerSecond: number;
  readonly rule: RuleId;
}

/** An account's quota over all regions, in regions' worth: AWS has none, and no seller meters in so many at once. */
export const REGIONS_WORTH_MAX = 10;

export const awsRequestQuotas: Readonly<Record<string, RequestQuota>> = {
  BatchMeterUsage: { requestsPerSecond: 10, rule: "Q2" },
  MeterUsage: { requestsPerSecond: 10, rule: "Q2" },
  RegisterUsage: { requestsPerSecond: 5, rule: "Q3" },
  LookupEvents: { requestsPerSecond: 2, rule: "Q4" },
};

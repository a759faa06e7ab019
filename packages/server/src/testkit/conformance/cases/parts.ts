/** What cases are written with. */
import type { ConformanceExpectation, ConformanceStep } from "../case.ts";
import { CUSTOMER, SAAS, USED_AT } from "../scene.ts";

type Members = Readonly<Record<string, unknown>>;

/** The case without which nothing can be said of usage: what it meters must be taken. */
export const USAGE_IS_SENT = "usage/timestamp";
/** The same of usage under a licence. */
export const LICENCE_IS_SENT = "usage/licence";
/** The same of allocations. */
export const ALLOCATIONS_ARE_SENT = "usage/allocations";
/** The same of the region that requests are signed for. */
export const REGION_IS_SIGNED = "usage/region";
/** The case without which nothing can be said of a task's calls: they need a temporary key. */
export const SESSION_IS_SENT = "task/session-token";
/** The case without which nothing can be said of MeterUsage: what it meters must be taken. */
export const TASK_METERS = "meter/timestamp";

/** A usage record of the customer, of an hour that is taken. */
export function record(Quantity: number, more: Members = {}): Members {
  return { Timestamp: USED_AT, CustomerIdentifier: CUSTOMER, Dimension: "gb", Quantity, ...more };
}

/** A BatchMeterUsage of these records. */
export function batch(
  records: readonly Members[],
  more: Omit<Partial<ConformanceStep>, "operation" | "input"> = {},
): ConformanceStep {
  return { operation: "BatchMeterUsage", input: { ProductCode: SAAS, UsageRecords: records }, ...more };
}

/** What is answered where each record got this status. */
export function results(...statuses: readonly string[]): ConformanceExpectation {
  return { output: { Results: statuses.map((Status) => ({ Status })) } };
}

/** What is answered where a call was refused. */
export function refused(name: string): ConformanceExpectation {
  return { error: { name } };
}

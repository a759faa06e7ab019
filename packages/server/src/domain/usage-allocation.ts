/** Usage allocations: a record's quantity split into buckets by tags. The refusals for Rules A1, A2, A5. */
import { allocationFault, bucketText, type UsageAllocation, type UsageRecord } from "@countinghouse/protocol";
import { rejection, type Rejection } from "./rejection.ts";

/** Refuses tags that repeat a key, buckets that repeat a set of tags, and parts that do not add up to the whole. */
export function checkAllocations(record: UsageRecord, position: number): Rejection | undefined {
  const fault = allocationFault(record);
  if (fault === undefined) return undefined;
  const where = `usage record ${position + 1}`;
  switch (fault.rule) {
    case "A5": {
      const message = `Two tags of allocation ${fault.allocation} of ${where} have the same key.`;
      return rejection("InvalidTagException", "A5", message, { record: position + 1, allocation: fault.allocation });
    }
    case "A2": {
      const message = `Allocation ${fault.allocation} of ${where} has the same tags as one before it.`;
      const figures = { record: position + 1, allocation: fault.allocation };
      return rejection("InvalidUsageAllocationsException", "A2", message, figures);
    }
    case "A1": {
      const { quantity, sum } = fault;
      const message = `The allocated quantities of ${where} add up to ${sum}, its quantity is ${quantity}.`;
      return rejection("InvalidUsageAllocationsException", "A1", message, { record: position + 1, quantity, sum });
    }
  }
}

/** Whether two splits are the same, whatever the order of their buckets and tags. */
export function sameAllocations(
  a: readonly UsageAllocation[] | undefined,
  b: readonly UsageAllocation[] | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.length !== b.length) return false;
  const quantities = new Map(
    a.map((allocation) => [bucketText(allocation.tags ?? []), allocation.allocatedUsageQuantity]),
  );
  return b.every(
    (allocation) => quantities.get(bucketText(allocation.tags ?? [])) === allocation.allocatedUsageQuantity,
  );
}

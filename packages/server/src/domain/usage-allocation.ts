/** Usage allocations: a record's quantity split into buckets by tags. Rules A1, A2, A5. */
import type { Tag, UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { rejection, type Rejection } from "./rejection.ts";

/** Refuses tags that repeat a key, buckets that repeat a set of tags, and parts that do not add up to the whole. */
export function checkAllocations(record: UsageRecord, position: number): Rejection | undefined {
  const allocations = record.usageAllocations;
  if (allocations === undefined) return undefined;
  const where = `usage record ${position + 1}`;
  const seen = new Set<string>();
  let sum = 0;
  for (const [i, allocation] of allocations.entries()) {
    const tags = allocation.tags ?? [];
    if (new Set(tags.map((tag) => tag.key)).size !== tags.length) {
      return rejection("InvalidTagException", "A5", `Two tags of allocation ${i + 1} of ${where} have the same key.`, {
        record: position + 1,
        allocation: i + 1,
      });
    }
    const bucket = bucketText(tags);
    if (seen.has(bucket)) {
      const message = `Allocation ${i + 1} of ${where} has the same tags as one before it.`;
      return rejection("InvalidUsageAllocationsException", "A2", message, { record: position + 1, allocation: i + 1 });
    }
    seen.add(bucket);
    sum += allocation.allocatedUsageQuantity;
  }
  const quantity = record.quantity ?? 0;
  if (sum === quantity) return undefined;
  const message = `The allocated quantities of ${where} add up to ${sum}, its quantity is ${quantity}.`;
  return rejection("InvalidUsageAllocationsException", "A1", message, { record: position + 1, quantity, sum });
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

function bucketText(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map((tag) => [tag.key, tag.value]).toSorted(byKey));
}

function byKey(a: readonly string[], b: readonly string[]): number {
  return (a[0] ?? "") < (b[0] ?? "") ? -1 : 1;
}

/** Usage allocations: a record's quantity split into buckets by tags. Rules A1, A2, A5. */
import type { Tag, UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { rejection, type Rejection } from "./rejection.ts";

/** Rule A5: no two tags of an allocation have the same key. */
export function checkTagKeys(record: UsageRecord, position: number): Rejection | undefined {
  for (const [i, { tags = [] }] of (record.usageAllocations ?? []).entries()) {
    if (new Set(tags.map((tag) => tag.key)).size === tags.length) continue;
    const message = `Two tags of allocation ${i + 1} of usage record ${position + 1} have the same key.`;
    return rejection("InvalidTagException", "A5", message, { record: position + 1, allocation: i + 1 });
  }
  return undefined;
}

/** Rule A2: no two allocations have the same set of tags. */
export function checkBuckets(record: UsageRecord, position: number): Rejection | undefined {
  const seen = new Set<string>();
  for (const [i, { tags = [] }] of (record.usageAllocations ?? []).entries()) {
    const bucket = bucketText(tags);
    if (seen.has(bucket)) {
      const message = `Allocation ${i + 1} of usage record ${position + 1} has the same tags as one before it.`;
      return rejection("InvalidUsageAllocationsException", "A2", message, { record: position + 1, allocation: i + 1 });
    }
    seen.add(bucket);
  }
  return undefined;
}

/** Rule A1: the parts add up to the whole. */
export function checkSum({ quantity = 0, usageAllocations }: UsageRecord, position: number): Rejection | undefined {
  if (usageAllocations === undefined) return undefined;
  let sum = 0;
  for (const { allocatedUsageQuantity } of usageAllocations) sum += allocatedUsageQuantity;
  if (sum === quantity) return undefined;
  const message = `The allocated quantities of usage record ${position + 1} add up to ${sum}, its quantity is ${quantity}.`;
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

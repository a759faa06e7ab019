/** Usage allocations: a record's quantity split into buckets by tags. Rules A1, A2, A5. */
import type { Tag, UsageRecord } from "../operations/usage-record.ts";

/** What is wrong with a record's split. Positions count from 1. */
export type AllocationFault =
  | { readonly rule: "A5" | "A2"; readonly allocation: number }
  | { readonly rule: "A1"; readonly quantity: number; readonly sum: number };

/** Finds tags that repeat a key, buckets that repeat a set of tags, and parts that do not add up to the whole. */
export function allocationFault(
  record: Pick<UsageRecord, "quantity" | "usageAllocations">,
): AllocationFault | undefined {
  const allocations = record.usageAllocations;
  if (allocations === undefined) return undefined;
  const seen = new Set<string>();
  let sum = 0;
  for (const [i, { tags = [], allocatedUsageQuantity }] of allocations.entries()) {
    if (new Set(tags.map((tag) => tag.key)).size !== tags.length) return { rule: "A5", allocation: i + 1 };
    const bucket = bucketText(tags);
    if (seen.has(bucket)) return { rule: "A2", allocation: i + 1 };
    seen.add(bucket);
    sum += allocatedUsageQuantity;
  }
  const quantity = record.quantity ?? 0;
  return sum === quantity ? undefined : { rule: "A1", quantity, sum };
}

/** One text per set of tags, whatever their order. */
export function bucketText(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map((tag) => [tag.key, tag.value]).toSorted(byKey));
}

function byKey(a: readonly string[], b: readonly string[]): number {
  return (a[0] ?? "") < (b[0] ?? "") ? -1 : 1;
}

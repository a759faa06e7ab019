/** Usage allocations: a record's quantity, divided among sets of tags. Rules A1, A2, A5. */
import type { Tag, UsageRecord } from "../operations/usage-record.ts";

/** What is wrong with a record's allocations. Positions count from 1. */
export type AllocationFault =
  | { readonly rule: "A5" | "A2"; readonly allocation: number }
  | { readonly rule: "A1"; readonly quantity: number; readonly sum: number };

type Split = Pick<UsageRecord, "quantity" | "usageAllocations">;

/** The first fault of a record's allocations, in the order of the rule book. */
export function allocationFault(record: Split): AllocationFault | undefined {
  return tagKeyFault(record) ?? bucketFault(record) ?? sumFault(record);
}

/** Rule A5: two tags of an allocation have the same key. */
export function tagKeyFault({ usageAllocations = [] }: Split): AllocationFault | undefined {
  const at = usageAllocations.findIndex(({ tags = [] }) => new Set(tags.map((tag) => tag.key)).size !== tags.length);
  return at === -1 ? undefined : { rule: "A5", allocation: at + 1 };
}

/** Rule A2: two allocations have the same set of tags. */
export function bucketFault({ usageAllocations = [] }: Split): AllocationFault | undefined {
  const seen = new Set<string>();
  for (const [i, { tags = [] }] of usageAllocations.entries()) {
    const bucket = bucketText(tags);
    if (seen.has(bucket)) return { rule: "A2", allocation: i + 1 };
    seen.add(bucket);
  }
  return undefined;
}

/** Rule A1: the allocations do not add up to the quantity. */
export function sumFault({ quantity = 0, usageAllocations }: Split): AllocationFault | undefined {
  if (usageAllocations === undefined) return undefined;
  let sum = 0;
  for (const { allocatedUsageQuantity } of usageAllocations) sum += allocatedUsageQuantity;
  return sum === quantity ? undefined : { rule: "A1", quantity, sum };
}

/** One text for each set of tags, whatever their order. */
export function bucketText(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map((tag) => [tag.key, tag.value]).toSorted(byKey));
}

function byKey(a: readonly string[], b: readonly string[]): number {
  return (a[0] ?? "") < (b[0] ?? "") ? -1 : 1;
}

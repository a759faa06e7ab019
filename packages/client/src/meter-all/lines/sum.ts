/** Combines usage records with one key, where the caller asks for it. */
import { bucketText, type UsageAllocation, type UsageRecord } from "@countinghouse/protocol";

/**
 * One record with the sum of the quantities and the latest time. If any record has usage allocations, so has the sum:
 * quantities with the same tags are added up, and quantities without allocations become one allocation without tags.
 */
export function summed(records: readonly UsageRecord[]): UsageRecord {
  const [first] = records;
  if (first === undefined) throw new TypeError("There is nothing to sum.");
  let quantity = 0;
  let { timestampMs } = first;
  for (const record of records) {
    quantity += record.quantity ?? 0;
    timestampMs = Math.max(timestampMs, record.timestampMs);
  }
  const sum: UsageRecord = { ...first, quantity, timestampMs };
  if (records.every((record) => record.usageAllocations === undefined)) return sum;
  return { ...sum, usageAllocations: allocationsOf(records) };
}

function allocationsOf(records: readonly UsageRecord[]): UsageAllocation[] {
  const buckets = new Map<string, UsageAllocation>();
  for (const { quantity = 0, usageAllocations = [{ allocatedUsageQuantity: quantity }] } of records) {
    for (const allocation of usageAllocations) {
      const bucket = bucketText(allocation.tags ?? []);
      const before = buckets.get(bucket)?.allocatedUsageQuantity ?? 0;
      buckets.set(bucket, { ...allocation, allocatedUsageQuantity: before + allocation.allocatedUsageQuantity });
    }
  }
  return [...buckets.values()];
}

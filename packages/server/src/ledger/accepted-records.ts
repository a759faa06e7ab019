/** The usage records that an entry accepted, with the keys under which they are kept. */
import { keyOf } from "../domain/metering-record.ts";
import type { LedgerEntry } from "./entry.ts";
import type { NewRecord } from "./ledger.ts";

export function acceptedRecords({ call, event }: LedgerEntry): NewRecord[] {
  if (event.kind !== "usage-metered") return [];
  return event.records.flatMap(({ usageRecord, status, keptAs }, position) => {
    // Replays and duplicates say which record stands in their place.
    if (status !== "Success" || keptAs !== undefined) return [];
    const key = keyOf(usageRecord, event.productCode, call.region ?? "");
    return [{ position, key, quantity: usageRecord.quantity ?? 0 }];
  });
}

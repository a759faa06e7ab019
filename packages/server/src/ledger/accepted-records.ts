/** The usage records that an entry accepted, with the keys under which they are kept and found. */
import {
  type AcceptedRecord,
  accruedKey,
  clientTokenKey,
  keyOf,
  resourceKey,
} from "../domain/metering/metering-record.ts";
import type { LedgerEntry } from "./entry.ts";

export function acceptedRecords({ call, event }: LedgerEntry): AcceptedRecord[] {
  if (event.kind === "usage-accrued") {
    return event.uses.map((use, position) => ({
      position,
      key: accruedKey(use, event.productCode),
      quantity: use.seconds,
    }));
  }
  if (event.kind !== "usage-metered") return [];
  const { productCode, resourceId, clientToken } = event;
  return event.records.flatMap(({ usageRecord, status, keptAs }, position) => {
    // The entry of a replay or duplicate names the record that stands in its place.
    if (status !== "Success" || keptAs !== undefined) return [];
    const region = call.region ?? "";
    const quantity = usageRecord.quantity ?? 0;
    if (resourceId === undefined) return [{ position, key: keyOf(usageRecord, productCode, region), quantity }];
    const key = resourceKey(usageRecord, productCode ?? "", region, resourceId);
    const record = { position, key, quantity };
    return clientToken === undefined ? [record] : [record, { ...record, key: clientTokenKey(key, clientToken) }];
  });
}

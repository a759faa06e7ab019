/** Use that entries put into the ledger, one by one. */
import { decodeEntry, type EncodedEntry } from "../entry-codec.ts";
import type { AccruedOf } from "./sums.ts";

export function accruedUsesIn(entries: readonly EncodedEntry[]): AccruedOf[] {
  return entries.flatMap((entry) => {
    const { event } = decodeEntry(entry);
    return event.kind === "usage-accrued" ? event.uses.map((use) => ({ productCode: event.productCode, use })) : [];
  });
}

/** An entry in the form in which an engine gets it: encoded, with its search attributes and the records that it accepted. */
import type { AcceptedRecord } from "../domain/metering/metering-record.ts";
import type { StagedEntry } from "./engine.ts";
import { attributesOf } from "./entry-attributes.ts";
import { encodeEntry } from "./entry-codec.ts";
import type { LedgerEntry } from "./entry.ts";

export function stagedEntry(entry: LedgerEntry, records: readonly AcceptedRecord[]): StagedEntry {
  return {
    entry: encodeEntry(entry),
    attributes: attributesOf(entry),
    accrued: entry.event.kind === "usage-accrued",
    records,
  };
}

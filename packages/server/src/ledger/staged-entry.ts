/** An entry as it is handed to an engine: encoded, with what it is searched for by, and the records that it accepted. */
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

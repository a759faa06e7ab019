/** Entries as rows of the table, and back. */
import type { EncodedEntry } from "../../ledger/entry-codec.ts";

export const ENTRY_COLUMNS = "seq, lower(hex(request_id)) AS requestId, at_ms AS atMs, body";

export interface EntryRow {
  readonly seq: number;
  /** 32 hexadecimal digits. */
  readonly requestId: string;
  readonly atMs: number;
  readonly body: string;
}

export function encodedEntryOf({ requestId, atMs, body }: EntryRow): EncodedEntry {
  return { requestId: requestId.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), atMs, body };
}

export function requestIdBytes(requestId: string): Buffer {
  return Buffer.from(requestId.replaceAll("-", ""), "hex");
}

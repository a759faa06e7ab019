/** Texts and rows as PostgreSQL holds them. */
import { EMBEDDED_LANE } from "../../ledger/chain-head.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";

/** The lane of entries that were copied from an embedded ledger: nobody writes to it any more. */
export const COPIED_LANE = 0;

export function laneName(lane: number): string {
  return lane === COPIED_LANE ? EMBEDDED_LANE : String(lane);
}

export function laneNumber(name: string): number {
  return name === EMBEDDED_LANE ? COPIED_LANE : Number(name);
}

export const ENTRY_COLUMNS = "request_id, at_ms, body";

export interface EntryRow {
  readonly request_id: string;
  readonly at_ms: string;
  readonly body: string;
}

export function encodedEntryOf(row: EntryRow): EncodedEntry {
  return { requestId: row.request_id, atMs: Number(row.at_ms), body: row.body };
}

/**
 * Whether PostgreSQL can hold a text as it is: not with a NUL, nor with half a surrogate pair. No name in the catalogue
 * has either, nor does what a client token is kept under (`clientTokenKey`), so nothing is kept under such a text.
 */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** A text to search for by; what cannot be stored is found under replacement characters. */
export function searchable(text: string): string {
  return isStorable(text) ? text : text.toWellFormed().replaceAll("\0", "\uFFFD");
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Texts and rows as PostgreSQL holds them. */
import { EMBEDDED_LANE } from "../../ledger/chain-head.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";

/** The lane of entries that were copied from an embedded ledger; nothing is written to it any more. */
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
 * Whether PostgreSQL can hold a text unchanged: it cannot hold a NUL or half a surrogate pair. No catalogue name has either,
 * and no key of a client token does (`clientTokenKey`), so nothing is kept under such a text.
 */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** A text in the form to search for; what PostgreSQL cannot store is replaced by replacement characters. */
export function searchable(text: string): string {
  return isStorable(text) ? text : text.toWellFormed().replaceAll("\0", "\uFFFD");
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

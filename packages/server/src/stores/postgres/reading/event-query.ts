/** Entries in the order of time, and of their ids within a millisecond, a page at a time. */
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import { InvalidCursorError, type EventQuery, type Page } from "../../../ledger/ledger.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isUuid, searchable, type EntryRow } from "../rows.ts";
import type { Queryable } from "./record-pointers.ts";

export async function listEntries(db: Queryable, query: EventQuery): Promise<Page<EncodedEntry>> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: (place: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  const asked = { account: query.accountId, access_key: query.accessKeyId, principal: query.principal };
  for (const [column, text] of Object.entries({ ...asked, product: query.productCode })) {
    if (text !== undefined) add((place) => `${column} = ${place}`, searchable(text));
  }
  const [operation, ...others] = query.operations?.map(searchable) ?? [];
  // One is asked for by itself: that is read in the order of time.
  if (operation !== undefined && others.length === 0) add((place) => `operation = ${place}`, operation);
  else if (query.operations !== undefined) add((place) => `operation = ANY (${place})`, [operation, ...others]);
  if (query.fromMs !== undefined) add((place) => `at_ms >= ${place}`, query.fromMs);
  if (query.toMs !== undefined) add((place) => `at_ms < ${place}`, query.toMs);
  const newestFirst = query.order === "newest";
  if (query.cursor !== undefined) {
    const [atMs, requestId] = parseCursor(query.cursor);
    values.push(atMs, requestId);
    const places = `($${values.length - 1}::bigint, $${values.length}::uuid)`;
    conditions.push(`(at_ms, request_id) ${newestFirst ? "<" : ">"} ${places}`);
  }
  const direction = newestFirst ? "DESC" : "ASC";
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  values.push(query.limit + 1);
  const { rows } = await db.query<EntryRow>(
    `SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry ${where}
     ORDER BY at_ms ${direction}, request_id ${direction} LIMIT $${values.length}`,
    values,
  );
  const items = rows.slice(0, query.limit).map(encodedEntryOf);
  const last = items.at(-1);
  return { items, nextCursor: last === undefined || rows.length === items.length ? undefined : cursorAt(last) };
}

function cursorAt({ atMs, requestId }: EncodedEntry): string {
  return Buffer.from(`${atMs} ${requestId}`).toString("base64url");
}

function parseCursor(cursor: string): readonly [atMs: number, requestId: string] {
  const text = Buffer.from(cursor, "base64url").toString();
  const [, atMs, requestId = ""] = /^(-?\d{1,15}) (.+)$/.exec(text) ?? [];
  if (atMs === undefined || !isUuid(requestId)) throw new InvalidCursorError();
  return [Number(atMs), requestId];
}

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
  const asked = { account: query.accountId, access_key: query.accessKeyId, product: query.productCode };
  for (const [column, text] of Object.entries(asked)) {
    if (text !== undefined) add((place) => `${column} = ${place}`, searchable(text));
  }
  for (const [column, texts] of Object.entries({ operation: query.operations, principal: query.principals })) {
    const [only, ...others] = texts?.map(searchable) ?? [];
    // Only for a single text can PostgreSQL read the index in the order of time.
    if (only !== undefined && others.length === 0) add((place) => `${column} = ${place}`, only);
    else if (texts !== undefined)
      add((place) => `${column} = ANY (${place})`, only === undefined ? [] : [only, ...others]);
  }
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

/** One step through the index of principals; its cost does not depend on how many entries a principal has. */
export async function readPrincipalBetween(db: Queryable, after: string, before: string): Promise<string | undefined> {
  const { rows } = await db.query<{ readonly principal: string }>(
    `SELECT principal FROM countinghouse.entry WHERE principal > $1 AND principal < $2 ORDER BY principal LIMIT 1`,
    [after, before].map(searchable),
  );
  return rows[0]?.principal;
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

/**
 * Entries in the order of time, a page at a time. For every query one index holds the wanted entries in their order, so a page
 * costs the same however long the ledger has become.
 */
import type { DatabaseSync } from "node:sqlite";
import { CHAIN_START } from "../../ledger/chain.ts";
import type { ChainHead } from "../../ledger/chain-head.ts";
import type { ChainedRow, OldEntries } from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import { InvalidCursorError, type EventQuery, type Page } from "../../ledger/ledger.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "./entry-rows.ts";
import type { Names } from "./names.ts";

export function readEntries(db: DatabaseSync, names: Names, query: EventQuery): Page<EncodedEntry> {
  const conditions = conditionsOf(names, query);
  if (conditions === undefined) return { items: [] };
  const span = spanOf(db, query);
  // For several operations or principals, the same index is walked several times. Each walk stops one entry after a full page:
  // that entry shows that there is another page.
  const principals = anyOf(names, "principal", query.principals);
  const walks = anyOf(names, "operation", query.operations).flatMap((operation) =>
    principals.map((principal) => walk(db, [...conditions, ...principal, ...operation], span, query)),
  );
  const newestFirst = query.order === "newest";
  const rows = walks.flat().toSorted((a, b) => (newestFirst ? b.seq - a.seq : a.seq - b.seq));
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const isLast = last === undefined || rows.length === page.length;
  return { items: page.map(encodedEntryOf), nextCursor: isLast ? undefined : cursorAt(last.seq) };
}

export function chainHeadOf(db: DatabaseSync): ChainHead {
  const newest = db.prepare("SELECT seq, link FROM entry ORDER BY seq DESC LIMIT 1").get();
  const link = (newest?.["link"] as Uint8Array | null | undefined) ?? CHAIN_START;
  return { seq: Number(newest?.["seq"] ?? 0), link: Buffer.from(link).toString("hex") };
}

/** Entries in the order of the chain. */
export function readChain(db: DatabaseSync, fromSeq: number, limit: number): ChainedRow[] {
  const rows = db
    .prepare(`SELECT ${ENTRY_COLUMNS}, link FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?`)
    .all(fromSeq, limit) as unknown as (EntryRow & { readonly link: Uint8Array | null })[];
  return rows.map((row) => ({
    seq: row.seq,
    link: Buffer.from(row.link ?? CHAIN_START).toString("hex"),
    entry: encodedEntryOf(row),
  }));
}

/** The newest entry before a time. */
export function readChainBefore(db: DatabaseSync, atMs: number): ChainHead {
  const seq = firstAtOrAfter(db, atMs) - 1;
  const [found] = readChain(db, seq, 1);
  return found?.seq === seq ? { seq, link: found.link } : { seq, link: Buffer.from(CHAIN_START).toString("hex") };
}

/** Undefined where nothing has expired. */
export function keptSinceOf(db: DatabaseSync): number | undefined {
  const oldest = db.prepare("SELECT seq, at_ms AS atMs FROM entry ORDER BY seq LIMIT 1").get();
  return oldest === undefined || oldest["seq"] === 1 ? undefined : Number(oldest["atMs"]);
}

type Column = "operation" | "principal" | "account" | "access_key" | "product";
type Condition = readonly [Column, number];

/** Undefined where a name has no number: then no entry has the name. */
function conditionsOf(names: Names, query: EventQuery): Condition[] | undefined {
  const asked: readonly [Column, string | undefined][] = [
    ["account", query.accountId],
    ["product", query.productCode],
    ["access_key", query.accessKeyId],
  ];
  const conditions: Condition[] = [];
  for (const [column, text] of asked) {
    if (text === undefined) continue;
    const number = names.find(text);
    if (number === undefined) return undefined;
    conditions.push([column, number]);
  }
  return conditions;
}

/** For each name that has a number, the condition of one walk; a single walk without a condition where any name will do. */
function anyOf(names: Names, column: Column, asked: readonly string[] | undefined): readonly (readonly Condition[])[] {
  if (asked === undefined) return [[]];
  const numbers = new Set(asked.map((name) => names.find(name)).filter((number) => number !== undefined));
  return [...numbers].map((number) => [[column, number]]);
}

/** Numbers of entries; both ends are included. */
type Span = readonly [first: number, last: number];

function walk(db: DatabaseSync, conditions: readonly Condition[], [first, last]: Span, query: EventQuery): EntryRow[] {
  const where = [...conditions.map(([column]) => `${column} = ?`), "seq >= ?", "seq <= ?"].join(" AND ");
  const direction = query.order === "newest" ? "DESC" : "ASC";
  const sql = `SELECT ${ENTRY_COLUMNS} FROM entry ${indexFor(conditions)} WHERE ${where} ORDER BY seq ${direction} LIMIT ?`;
  const values = [...conditions.map(([, number]) => number), first, last, query.limit + 1];
  return db.prepare(sql).all(...values) as unknown as EntryRow[];
}

/** The index with the fewest unwanted entries. SQLite has no statistics here, and would guess. */
function indexFor(conditions: readonly Condition[]): string {
  const asked = new Set(conditions.map(([column]) => column));
  const index = INDEXES.find(([, columns]) => columns.every((column) => asked.has(column)));
  return index === undefined ? "NOT INDEXED" : `INDEXED BY ${index[0]}`;
}

const INDEXES: readonly (readonly [name: string, columns: readonly Column[]])[] = [
  ["entry_access_key", ["access_key"]],
  ["entry_principal", ["principal"]],
  ["entry_product", ["product"]],
  ["entry_account_operation", ["account", "operation"]],
  ["entry_account", ["account"]],
  ["entry_operation", ["operation"]],
];

/** The entries of the asked time that earlier pages have not shown. */
function spanOf(db: DatabaseSync, query: EventQuery): Span {
  const from = query.fromMs === undefined ? 0 : firstAtOrAfter(db, query.fromMs);
  const to = query.toMs === undefined ? Number.MAX_SAFE_INTEGER : firstAtOrAfter(db, query.toMs) - 1;
  if (query.cursor === undefined) return [from, to];
  const shown = parseCursor(query.cursor);
  return query.order === "newest" ? [from, Math.min(to, shown - 1)] : [Math.max(from, shown + 1), to];
}

export function readEntriesBefore(db: DatabaseSync, beforeMs: number, limit: number): OldEntries | undefined {
  const end = firstAtOrAfter(db, beforeMs);
  const rows = db
    .prepare(`SELECT ${ENTRY_COLUMNS}, link FROM entry WHERE seq < ? ORDER BY seq LIMIT ?`)
    .all(end, limit) as unknown as (EntryRow & { readonly link: Uint8Array })[];
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const through = { seq: last.seq, link: Buffer.from(last.link).toString("hex") };
  return { through, entries: rows.map(encodedEntryOf) };
}

/** Entries are numbered in the order of time, so this is a binary search. */
function firstAtOrAfter(db: DatabaseSync, atMs: number): number {
  const ends = db.prepare("SELECT (SELECT min(seq) FROM entry) AS first, (SELECT max(seq) FROM entry) AS last").get();
  const timeOf = db.prepare("SELECT at_ms AS atMs FROM entry WHERE seq = ?");
  let low = Number(ends?.["first"] ?? 1);
  let high = Number(ends?.["last"] ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (Number(timeOf.get(middle)?.["atMs"] ?? Number.NEGATIVE_INFINITY) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function cursorAt(seq: number): string {
  return Buffer.from(String(seq)).toString("base64url");
}

function parseCursor(cursor: string): number {
  const text = Buffer.from(cursor, "base64url").toString();
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidCursorError();
  return Number(text);
}

/** Metering records by hour, and within an hour by customer, a page at a time. */
import { type AcceptedRecord, isAlias, isOfResource } from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import type { FoundPage, KeyedPointer } from "../../../ledger/engine.ts";
import { decodeEntry, type EncodedEntry } from "../../../ledger/entry-codec.ts";
import { DefectError, InvalidCursorError, type MeteringRecordQuery } from "../../../ledger/ledger.ts";
import { customerDigits, digitsOf, recordKeyOf, shardKeyOf } from "../keys.ts";
import { isUuid } from "../rows.ts";
import { PLACE_COLUMNS, allSeen, entriesAt, type PlaceRow, type Queryable } from "./record-pointers.ts";

/** How many rows one page looks at. A page may be short and have a cursor, so that no query runs for long. */
const SCANNED_ROWS_MAX = 20_000;
/** The same for each machine, where all machines are asked. */
const SCANNED_EVERYWHERE_MAX = 1_000;
/** Where only the entries say which records are wanted, one page reads the entries of at least this many rows. */
const READ_ROWS_MIN = 500;

const LAST_KEY = "ffffffff-ffff-ffff-ffff-ffffffffffff";

type Place = readonly [hour: number, key: string];

interface ScannedRow extends PlaceRow {
  readonly hour: string;
  readonly key: string;
}

/** All rows up to a place, in their order; where `through` is undefined, all rows up to the end. */
interface Scanned {
  readonly rows: readonly ScannedRow[];
  readonly through: Place | undefined;
}

/** To be called within one snapshot. `isSpread`: over several machines, of which only those with wanted rows are asked. */
export async function listRecords(db: Queryable, query: MeteringRecordQuery, isSpread: boolean): Promise<FoundPage> {
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const after = cursor === undefined || cursor[0] < query.fromHour ? beforeHour(query.fromHour) : cursor;
  const rowsMax = query.dimension === undefined ? query.limit : Math.max(query.limit, READ_ROWS_MIN);
  const { rows, through } = await scan(db, { query, after, rowsMax, isSpread });
  const { places, entries } = await entriesAt(db, rows);
  if (isSpread) allSeen({ pointers: places, entries });
  const recordAt = recordsIn(entries);
  const pointers: KeyedPointer[] = [];
  for (const [i, row] of rows.entries()) {
    const place = places[i] as KeyedPointer;
    const { key } = recordAt(place);
    // A row under another key is an alias of the record.
    if (recordKeyOf(key) !== digitsOf(row.key) || !isWanted(key, query)) continue;
    pointers.push({ ...place, key });
    if (pointers.length === query.limit) return { pointers, entries, nextCursor: cursorAt(placeOf(row)) };
  }
  return { pointers, entries, ...(through === undefined ? {} : { nextCursor: cursorAt(through) }) };
}

interface Scan {
  readonly query: MeteringRecordQuery;
  readonly after: Place;
  readonly rowsMax: number;
  readonly isSpread: boolean;
}

async function scan(db: Queryable, of: Scan): Promise<Scanned> {
  const { query, rowsMax } = of;
  if (query.offerings === undefined && query.customers === undefined) return scanAll(db, of);
  const shardKeys = query.offerings === undefined ? [undefined] : [...new Set(query.offerings.map(shardKeyOf))];
  const parts: Scanned[] = [];
  for (const shardKey of shardKeys) parts.push(await scanFor(db, of, shardKey));
  const ends = parts.flatMap(({ through }) => (through === undefined ? [] : [through])).toSorted(comparePlaces);
  const [through] = ends;
  const rows = parts
    .flatMap((part) => part.rows)
    .filter((row) => through === undefined || comparePlaces(placeOf(row), through) <= 0)
    .toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));
  return rows.length > rowsMax ? cutOff(rows, rowsMax) : { rows, through };
}

function cutOff(rows: readonly ScannedRow[], rowsMax: number): Scanned {
  const some = rows.slice(0, rowsMax);
  return { rows: some, through: placeOf(some.at(-1) as ScannedRow) };
}

const COLUMNS = `hour, key, ${PLACE_COLUMNS}`;
const IN_ORDER = "ORDER BY hour, key";

async function scanAll(db: Queryable, { query, after, rowsMax }: Scan): Promise<Scanned> {
  const text = `SELECT ${COLUMNS} FROM countinghouse.metering_record m
    WHERE (hour, key) > ($1, $2::uuid) AND hour <= $3 ${IN_ORDER} LIMIT $4`;
  const values = [...after, query.toHour, rowsMax];
  const { rows } = await db.query<ScannedRow>({ name: "list-records", text, values });
  return rows.length < rowsMax ? { rows, through: undefined } : cutOff(rows, rowsMax);
}

/** Looks through at most this many rows for those of an offering, of customers, or of both. */
async function scanFor(db: Queryable, of: Scan, shardKey: bigint | undefined): Promise<Scanned> {
  const { query, after, rowsMax } = of;
  const end = await endOfScan(db, of, shardKey);
  const through = end ?? [query.toHour, LAST_KEY];
  const values: unknown[] = [...after, ...through, query.customers?.map(customerDigits) ?? null, rowsMax];
  if (shardKey !== undefined) values.push(shardKey);
  const { rows } = await db.query<ScannedRow>({
    name: `list-records-for-${values.length}`,
    text: `SELECT ${COLUMNS} FROM countinghouse.metering_record m
      WHERE (hour, key) > ($1, $2::uuid) AND (hour, key) <= ($3, $4::uuid)
        AND ($5::text[] IS NULL OR left(key::text, 8) = ANY ($5))
        ${shardKey === undefined ? "" : "AND shard_key = $7::bigint"} ${IN_ORDER} LIMIT $6`,
    values,
  });
  return rows.length < rowsMax ? { rows, through: end } : cutOff(rows, rowsMax);
}

/** The place of the last row that a page looks at; undefined where the page reaches the end. */
async function endOfScan(
  db: Queryable,
  { query, after, isSpread }: Scan,
  shardKey?: bigint,
): Promise<Place | undefined> {
  const inShard = isSpread && shardKey !== undefined;
  const rowsMax = isSpread && !inShard ? SCANNED_EVERYWHERE_MAX : SCANNED_ROWS_MAX;
  const { rows } = await db.query<ScannedRow>({
    name: inShard ? "end-of-scan-of-shard" : "end-of-scan",
    text: `SELECT hour, key FROM countinghouse.metering_record
      WHERE (hour, key) > ($1, $2::uuid) AND hour <= $3 ${inShard ? "AND shard_key = $5::bigint" : ""}
      ${IN_ORDER} OFFSET $4 LIMIT 1`,
    values: [...after, query.toHour, rowsMax - 1, ...(inShard ? [shardKey] : [])],
  });
  return rows[0] === undefined ? undefined : placeOf(rows[0]);
}

function placeOf({ hour, key }: ScannedRow): Place {
  return [Number(hour), key];
}

/** Compares two places in PostgreSQL's order. */
function comparePlaces(a: Place, b: Place): number {
  return a[0] - b[0] || (a[1] < b[1] ? -1 : Number(a[1] > b[1]));
}

/** The record at a place; each entry is decoded once. */
function recordsIn(entries: ReadonlyMap<number, EncodedEntry>): (place: KeyedPointer) => AcceptedRecord {
  const known = new Map<number, readonly AcceptedRecord[]>();
  return ({ seq, position }) => {
    let records = known.get(seq);
    if (records === undefined) {
      const entry = entries.get(seq);
      if (entry === undefined) throw new DefectError("An entry is missing; a metering record points to it.");
      known.set(seq, (records = acceptedRecords(decodeEntry(entry))));
    }
    const record = records.find((one) => one.position === position && !isAlias(one.key));
    if (record === undefined)
      throw new DefectError(`A metering record points at position ${position}, which has none.`);
    return record;
  };
}

function isWanted(key: KeyedPointer["key"], query: MeteringRecordQuery): boolean {
  const { offering, customer, dimension } = key;
  return (
    (query.offerings?.includes(offering) ?? true) &&
    (query.customers?.includes(customer) ?? true) &&
    (query.dimension === undefined || query.dimension === dimension) &&
    (query.resourceId === undefined || isOfResource(key, query.resourceId))
  );
}

/** The place after all keys of the previous hour. */
function beforeHour(hour: number): Place {
  return [hour - 1, LAST_KEY];
}

function cursorAt(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function parseCursor(cursor: string): Place {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new InvalidCursorError();
  }
  const [hour, key, ...others] = Array.isArray(place) ? (place as unknown[]) : [];
  if (!Number.isSafeInteger(hour) || typeof key !== "string" || !isUuid(key) || others.length > 0) {
    throw new InvalidCursorError();
  }
  return [hour as number, key];
}

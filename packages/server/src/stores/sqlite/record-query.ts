/** Metering records in the order of their keys, a page at a time, in bounded steps. */
import type { DatabaseSync } from "node:sqlite";
import type { MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import type { KeyedPointer } from "../../ledger/engine.ts";
import { InvalidCursorError, type MeteringRecordQuery, type Page } from "../../ledger/ledger.ts";
import type { Names } from "./names.ts";

/**
 * How many rows one step looks at. A page may be short and have a cursor, so that no query, however little it finds, holds up
 * metering for longer than this many rows take.
 */
const SCANNED_ROWS_MAX = 20_000;

const KEY_COLUMNS = "hour, offering, region, customer, dimension, discriminator";

type KeyRow = [number, number, number, number, number, string];

interface ScannedRow {
  readonly hour: number;
  readonly offering: number;
  readonly region: number;
  readonly customer: number;
  readonly dimension: number;
  readonly discriminator: string;
  readonly seq: number;
  readonly position: number;
  readonly wanted: number;
}

export function readPointers(db: DatabaseSync, names: Names, query: MeteringRecordQuery): Page<KeyedPointer> {
  const first = beforeHour(query.fromHour);
  const cursor = query.cursor === undefined ? first : parseCursor(query.cursor);
  const after = cursor[0] < query.fromHour ? first : cursor;
  const rows = db
    .prepare(
      `SELECT ${KEY_COLUMNS}, entry_seq AS seq, position,
         (:offerings IS NULL OR offering IN (SELECT value FROM json_each(:offerings)))
         AND (:customers IS NULL OR customer IN (SELECT value FROM json_each(:customers)))
         AND (:dimension IS NULL OR dimension = :dimension)
         AND (:resource IS NULL OR discriminator = :resource
           OR substr(discriminator, 1, length(:resource) + 1) = :resource || ':') AS wanted
       FROM metering_record
       WHERE (${KEY_COLUMNS}) > (:h, :o, :r, :c, :d, :x) AND hour <= :toHour
       ORDER BY ${KEY_COLUMNS}`,
    )
    .iterate({
      offerings: numbersOf(names, query.offerings),
      customers: numbersOf(names, query.customers),
      dimension: query.dimension === undefined ? null : (names.find(query.dimension) ?? -1),
      resource: query.resourceId === undefined ? null : `resource:${query.resourceId}`,
      h: after[0],
      o: after[1],
      r: after[2],
      c: after[3],
      d: after[4],
      x: after[5],
      toHour: query.toHour,
    }) as unknown as Iterable<ScannedRow>;

  const items: KeyedPointer[] = [];
  let scanned = 0;
  for (const row of rows) {
    if (row.wanted === 1) items.push({ seq: row.seq, position: row.position, key: keyOfRow(row, names) });
    scanned += 1;
    if (items.length === query.limit || scanned === SCANNED_ROWS_MAX) return { items, nextCursor: cursorAt(row) };
  }
  return { items };
}

function keyOfRow(row: ScannedRow, names: Names): MeteringRecordKey {
  return {
    hour: row.hour,
    region: names.text(row.region),
    offering: names.text(row.offering),
    customer: names.text(row.customer),
    dimension: names.text(row.dimension),
    discriminator: row.discriminator,
  };
}

/** The numbers of these names as a JSON list. A name without a number is in no record. */
function numbersOf(names: Names, texts: readonly string[] | undefined): string | null {
  if (texts === undefined) return null;
  return JSON.stringify(texts.map((text) => names.find(text)).filter((number) => number !== undefined));
}

function beforeHour(hour: number): KeyRow {
  return [hour, -1, -1, -1, -1, ""];
}

function cursorAt(row: ScannedRow): string {
  const key: KeyRow = [row.hour, row.offering, row.region, row.customer, row.dimension, row.discriminator];
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

function parseCursor(cursor: string): KeyRow {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new InvalidCursorError();
  }
  const valid =
    Array.isArray(key) && key.length === 6 && key.slice(0, 5).every(Number.isSafeInteger) && typeof key[5] === "string";
  if (!valid) throw new InvalidCursorError();
  return key as KeyRow;
}

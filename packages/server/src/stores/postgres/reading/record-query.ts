/** Metering records by the hour, those of a customer together, a page at a time. */
import { type AcceptedRecord, isAlias } from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import type { FoundPage, KeyedPointer } from "../../../ledger/engine.ts";
import { decodeEntry, type EncodedEntry } from "../../../ledger/entry-codec.ts";
import { DefectError, InvalidCursorError, type MeteringRecordQuery } from "../../../ledger/ledger.ts";
import { bigints } from "../arrays.ts";
import { customerDigits, digitsOf, recordKeyOf, shardKeyOf } from "../keys.ts";
import { isUuid } from "../rows.ts";
import { PLACE_COLUMNS, entriesAt, type PlaceRow, type Queryable } from "./record-pointers.ts";

/** Rows looked at for one page. It may come out short, with a cursor to go on from: no query runs for long. */
const SCANNED_ROWS_MAX = 20_000;
/** Rows whose entries are read for one page, where only these say which records are wanted. */
const READ_ROWS_MIN = 500;

type Place = readonly [hour: number, key: string];

interface ScannedRow extends PlaceRow {
  readonly hour: string;
  readonly key: string;
}

/** A row that may be wanted, or the last that was looked at: the next page goes on from there. */
interface MarkedRow extends ScannedRow {
  readonly wanted: boolean;
  readonly scanned: string;
}

const SCAN = `SELECT * FROM (
    SELECT hour, key, ${PLACE_COLUMNS},
      ($4::bigint[] IS NULL OR shard_key = ANY ($4))
        AND ($5::text[] IS NULL OR left(key::text, 8) = ANY ($5)) AS wanted,
      row_number() OVER (ORDER BY hour, key) AS scanned
    FROM countinghouse.metering_record m
    WHERE (hour, key) > ($1, $2::uuid) AND hour <= $3
    ORDER BY hour, key LIMIT ${SCANNED_ROWS_MAX}
  ) scan WHERE wanted OR scanned = ${SCANNED_ROWS_MAX}
  ORDER BY hour, key LIMIT $6`;

/** To be called within one snapshot. */
export async function listRecords(db: Queryable, query: MeteringRecordQuery): Promise<FoundPage> {
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const after = cursor === undefined || cursor[0] < query.fromHour ? beforeHour(query.fromHour) : cursor;
  const rowsMax = query.dimension === undefined ? query.limit : Math.max(query.limit, READ_ROWS_MIN);
  const values = [
    ...after,
    query.toHour,
    query.offerings === undefined ? null : bigints(query.offerings.map(shardKeyOf)),
    query.customers?.map(customerDigits) ?? null,
    rowsMax,
  ];
  const { rows } = await db.query<MarkedRow>({ name: "list-records", text: SCAN, values });
  const wanted = rows.filter((row) => row.wanted);
  const { places, entries } = await entriesAt(db, wanted);
  const recordAt = recordsIn(entries);
  const pointers: KeyedPointer[] = [];
  for (const [i, row] of wanted.entries()) {
    const place = places[i] as KeyedPointer;
    const { key } = recordAt(place);
    // A row under another key is only another way to find the record.
    if (recordKeyOf(key) !== digitsOf(row.key) || !isWanted(key, query)) continue;
    pointers.push({ ...place, key });
    if (pointers.length === query.limit) return { pointers, entries, nextCursor: cursorAt(row) };
  }
  const last = rows.at(-1);
  const isWhole = rows.length < rowsMax && Number(last?.scanned ?? 0) < SCANNED_ROWS_MAX;
  return { pointers, entries, ...(last === undefined || isWhole ? {} : { nextCursor: cursorAt(last) }) };
}

/** The record at a place, each entry read once. */
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

function isWanted({ offering, customer, dimension }: KeyedPointer["key"], query: MeteringRecordQuery): boolean {
  return (
    (query.offerings?.includes(offering) ?? true) &&
    (query.customers?.includes(customer) ?? true) &&
    (query.dimension === undefined || query.dimension === dimension)
  );
}

/** After every key of the hour before. */
function beforeHour(hour: number): Place {
  return [hour - 1, "ffffffff-ffff-ffff-ffff-ffffffffffff"];
}

function cursorAt({ hour, key }: ScannedRow): string {
  return Buffer.from(JSON.stringify([Number(hour), key] satisfies Place)).toString("base64url");
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

/** Metering records in the order of their keys, a page at a time. */
import type { KeyedPointer, FoundPage } from "../../../ledger/engine.ts";
import { InvalidCursorError, type MeteringRecordQuery } from "../../../ledger/ledger.ts";
import { isStorable } from "../rows.ts";
import { PLACE_COLUMNS, entriesAt, type PlaceRow, type Queryable } from "./record-pointers.ts";

/** Rows looked at for one page. It may come out short, with a cursor to go on from: no query runs for long. */
const SCANNED_ROWS_MAX = 20_000;

const KEY_COLUMNS = "hour, offering, region, customer, dimension, discriminator";

type Key = readonly [number, string, string, string, string, string];

interface ScannedRow extends PlaceRow {
  readonly hour: string;
  readonly offering: string;
  readonly region: string;
  readonly customer: string;
  readonly dimension: string;
  readonly discriminator: string;
}

/** A row that is wanted, or the last that was looked at: the next page goes on from there. */
interface MarkedRow extends ScannedRow {
  readonly wanted: boolean;
  readonly scanned: string;
}

const SCAN = `SELECT * FROM (
    SELECT ${KEY_COLUMNS}, ${PLACE_COLUMNS},
      ($8::text[] IS NULL OR offering = ANY ($8)) AND ($9::text[] IS NULL OR customer = ANY ($9))
        AND ($10::text IS NULL OR dimension = $10) AS wanted,
      row_number() OVER (ORDER BY ${KEY_COLUMNS}) AS scanned
    FROM countinghouse.metering_record m
    WHERE (${KEY_COLUMNS}) > ($1, $2, $3, $4, $5, $6) AND hour <= $7
    ORDER BY ${KEY_COLUMNS} LIMIT ${SCANNED_ROWS_MAX}
  ) scan WHERE wanted OR scanned = ${SCANNED_ROWS_MAX}
  ORDER BY ${KEY_COLUMNS} LIMIT $11`;

/** To be called within one snapshot. */
export async function listRecords(db: Queryable, query: MeteringRecordQuery): Promise<FoundPage> {
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const after = cursor === undefined || cursor[0] < query.fromHour ? beforeHour(query.fromHour) : cursor;
  if (query.dimension !== undefined && !isStorable(query.dimension)) return { pointers: [], entries: new Map() };
  const values = [
    ...after,
    query.toHour,
    query.offerings?.filter(isStorable) ?? null,
    query.customers?.filter(isStorable) ?? null,
    query.dimension ?? null,
    query.limit,
  ];
  const { rows } = await db.query<MarkedRow>({ name: "list-records", text: SCAN, values });
  const wanted = rows.filter((row) => row.wanted);
  const { seqs, entries } = await entriesAt(db, wanted);
  const pointers = wanted.map((row, i): KeyedPointer => ({ ...pointerOf(row), seq: seqs[i] as number }));
  const last = rows.at(-1);
  const isWhole = rows.length < query.limit && Number(last?.scanned ?? 0) < SCANNED_ROWS_MAX;
  return { pointers, entries, ...(last === undefined || isWhole ? {} : { nextCursor: cursorAt(last) }) };
}

function pointerOf(row: ScannedRow): Omit<KeyedPointer, "seq"> {
  const { offering, region, customer, dimension, discriminator, position } = row;
  return { position, key: { hour: Number(row.hour), region, offering, customer, dimension, discriminator } };
}

/** Before every key of the hour: none has an empty region. */
function beforeHour(hour: number): Key {
  return [hour, "", "", "", "", ""];
}

function cursorAt({ hour, offering, region, customer, dimension, discriminator }: ScannedRow): string {
  const key: Key = [Number(hour), offering, region, customer, dimension, discriminator];
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

function parseCursor(cursor: string): Key {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new InvalidCursorError();
  }
  const [hour, ...texts] = Array.isArray(key) ? (key as unknown[]) : [];
  const valid =
    Number.isSafeInteger(hour) &&
    texts.length === 5 &&
    texts.every((text) => typeof text === "string" && isStorable(text));
  if (!valid) throw new InvalidCursorError();
  return key as Key;
}

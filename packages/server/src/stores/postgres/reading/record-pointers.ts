/** Which entries hold the records of keys: looked up by key, and the entries themselves. */
import type { Pool, PoolClient, Client } from "pg";
import type { MeteringRecordKey } from "../../../domain/metering-record.ts";
import type { Found, RecordPointer } from "../../../ledger/engine.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isStorable, type EntryRow } from "../rows.ts";

export type Queryable = Pick<Client | Pool | PoolClient, "query">;

/** Where a record is kept: the entry's offering and id, and the position in it. */
export interface PlaceRow {
  readonly entry_offering: string;
  readonly request_id: string;
  readonly position: number;
}

export const PLACE_COLUMNS = "coalesce(m.entry_offering, m.offering) AS entry_offering, m.request_id, m.position";

/**
 * The row `m` of a key `k`. `OFFSET 0` has each looked up by itself: a plan made while the table was small would otherwise go
 * through all of it and compare.
 */
export const KEPT_UNDER_KEY = `CROSS JOIN LATERAL (SELECT * FROM countinghouse.metering_record
    WHERE (hour, offering, region, customer, dimension, discriminator)
        = (k.hour, k.offering, k.region, k.customer, k.dimension, k.discriminator) OFFSET 0) m`;

const FIND = `SELECT k.n, ${PLACE_COLUMNS}
  FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS k (n, hour, offering, region, customer, dimension, discriminator)
  ${KEPT_UNDER_KEY}`;

const ENTRIES = `SELECT e.* FROM unnest($1::text[], $2::uuid[]) AS k (offering, request_id)
  CROSS JOIN LATERAL (SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry
    WHERE (offering, request_id) = (k.offering, k.request_id) OFFSET 0) e`;

/** Keys as arrays of their parts: hour, offering, region, customer, dimension, discriminator. */
export function keyColumns(keys: readonly MeteringRecordKey[]): unknown[][] {
  return [
    keys.map(({ hour }) => hour),
    keys.map(({ offering }) => offering),
    keys.map(({ region }) => region),
    keys.map(({ customer }) => customer),
    keys.map(({ dimension }) => dimension),
    keys.map(({ discriminator }) => discriminator),
  ];
}

/** Where the record of each key is, in the order of the keys. */
export async function findRecords(
  db: Queryable,
  keys: readonly MeteringRecordKey[],
): Promise<Found<RecordPointer | undefined>> {
  const asked = keys.map((key, n) => ({ key, n })).filter(({ key }) => isStorableKey(key));
  if (asked.length === 0) return { pointers: keys.map(() => undefined), entries: new Map() };
  const { rows } = await db.query<PlaceRow & { readonly n: number }>({
    name: "find-records",
    text: FIND,
    values: [asked.map(({ n }) => n), ...keyColumns(asked.map(({ key }) => key))],
  });
  const { seqs, entries } = await entriesAt(db, rows);
  const pointers = Array<RecordPointer | undefined>(keys.length).fill(undefined);
  for (const [i, { n, position }] of rows.entries()) pointers[n] = { seq: seqs[i] as number, position };
  return { pointers, entries };
}

/** The entries of places, under numbers that say which is which, and nothing more. */
export async function entriesAt(
  db: Queryable,
  places: readonly PlaceRow[],
): Promise<{ readonly seqs: readonly number[]; readonly entries: ReadonlyMap<number, EncodedEntry> }> {
  const numbers = new Map<string, number>();
  const offerings: string[] = [];
  const seqs = places.map(({ entry_offering: offering, request_id: requestId }) => {
    const known = numbers.get(requestId);
    if (known !== undefined) return known;
    numbers.set(requestId, offerings.push(offering));
    return offerings.length;
  });
  if (places.length === 0) return { seqs, entries: new Map() };
  const values = [offerings, [...numbers.keys()]];
  const { rows } = await db.query<EntryRow>({ name: "find-entries", text: ENTRIES, values });
  return { seqs, entries: new Map(rows.map((row) => [numbers.get(row.request_id) ?? 0, encodedEntryOf(row)])) };
}

function isStorableKey({ region, offering, customer, dimension, discriminator }: MeteringRecordKey): boolean {
  return [region, offering, customer, dimension, discriminator].every(isStorable);
}

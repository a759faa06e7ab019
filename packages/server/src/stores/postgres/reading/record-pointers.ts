/** Which entries hold the records of keys: looked up by key, and the entries themselves. */
import type { Pool, PoolClient, Client } from "pg";
import type { MeteringRecordKey } from "../../../domain/metering/metering-record.ts";
import type { Found, RecordPointer } from "../../../ledger/engine.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import { parseMeteringRecordId } from "../../../ledger/ids.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import { bigints, uuids } from "../arrays.ts";
import { recordKeyOf, shardKeyOf } from "../keys.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isStorable, type EntryRow } from "../rows.ts";

export type Queryable = Pick<Client | Pool | PoolClient, "query">;

/** Where a record is kept: the record's id, and what its entry is kept under. */
export interface PlaceRow {
  readonly id: string;
  readonly entry_shard_key: string;
}

export const PLACE_COLUMNS = "m.id, coalesce(m.entry_shard_key, m.shard_key) AS entry_shard_key";

/**
 * The row `m` of a key `k`. `OFFSET 0` has each looked up by itself: a plan made while the table was small would otherwise go
 * through all of it and compare.
 */
const KEPT_UNDER_KEY = `CROSS JOIN LATERAL (SELECT * FROM countinghouse.metering_record
    WHERE (hour, key, shard_key) = (k.hour, k.key, k.shard_key) OFFSET 0) m`;

/** `n` is the key's place among those asked for, from 1. */
export const FIND_RECORDS = `SELECT k.n, ${PLACE_COLUMNS}
  FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS k (hour, key, shard_key, n)
  ${KEPT_UNDER_KEY}`;

export interface FoundRow extends PlaceRow {
  readonly n: string;
}

const ENTRIES = `SELECT e.* FROM unnest($1::bigint[], $2::uuid[]) AS k (shard_key, request_id)
  CROSS JOIN LATERAL (SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry
    WHERE (request_id, shard_key) = (k.request_id, k.shard_key) OFFSET 0) e`;

/** Keys as arrays: hour, key, shard key. */
export function keyColumns(keys: readonly MeteringRecordKey[]): Buffer[] {
  return [
    bigints(keys.map(({ hour }) => BigInt(hour))),
    uuids(keys.map(recordKeyOf)),
    bigints(keys.map(({ offering }) => shardKeyOf(offering))),
  ];
}

/** Where the record of each key is, in the order of the keys. */
export async function findRecords(
  db: Queryable,
  keys: readonly MeteringRecordKey[],
): Promise<Found<RecordPointer | undefined>> {
  const asked = keys.map((key, n) => ({ key, n })).filter(({ key }) => isStorableKey(key));
  if (asked.length === 0) return { pointers: keys.map(() => undefined), entries: new Map() };
  const values = keyColumns(asked.map(({ key }) => key));
  const { rows } = await db.query<FoundRow>({ name: "find-records", text: FIND_RECORDS, values });
  const { places, entries } = await entriesAt(db, rows);
  const pointers = Array<RecordPointer | undefined>(keys.length).fill(undefined);
  for (const [i, { n }] of rows.entries()) pointers[asked[Number(n) - 1]?.n ?? 0] = places[i];
  return { pointers, entries };
}

/** The entries of places, under numbers that say which is which, and nothing more. */
export async function entriesAt(
  db: Queryable,
  rows: readonly PlaceRow[],
): Promise<{ readonly places: readonly RecordPointer[]; readonly entries: ReadonlyMap<number, EncodedEntry> }> {
  const numbers = new Map<string, number>();
  const shardKeys: bigint[] = [];
  const places = rows.map(({ id, entry_shard_key: shardKey }): RecordPointer => {
    const parsed = parseMeteringRecordId(id);
    if (parsed === undefined) throw new DefectError(`${id} is kept as a metering record's id, and is none.`);
    const { requestId, position } = parsed;
    let seq = numbers.get(requestId);
    if (seq === undefined) numbers.set(requestId, (seq = shardKeys.push(BigInt(shardKey))));
    return { seq, position };
  });
  if (rows.length === 0) return { places, entries: new Map() };
  const values = [bigints(shardKeys), uuids([...numbers.keys()])];
  const found = await db.query<EntryRow>({ name: "find-entries", text: ENTRIES, values });
  const entries = found.rows.map((row) => [numbers.get(row.request_id) ?? 0, encodedEntryOf(row)] as const);
  return { places, entries: new Map(entries) };
}

function isStorableKey({ hour, region, offering, customer, dimension, discriminator }: MeteringRecordKey): boolean {
  return Number.isSafeInteger(hour) && [region, offering, customer, dimension, discriminator].every(isStorable);
}

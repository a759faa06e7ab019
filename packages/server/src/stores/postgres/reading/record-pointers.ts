/** Finds the entries that hold the records of keys, and reads these entries. */
import type { Pool, PoolClient, Client } from "pg";
import type { MeteringRecordKey } from "../../../domain/metering/metering-record.ts";
import type { Found, RecordPointer } from "../../../ledger/engine.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import { parseMeteringRecordId } from "../../../ledger/ids.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import { bigints, uuids } from "../arrays.ts";
import { recordKeyOf, shardKeyOf } from "../keys.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isStorable, type EntryRow } from "../rows.ts";
import { HalfSeenError } from "../trouble.ts";

export type Queryable = Pick<Client | Pool | PoolClient, "query">;

/** Asks several shards at once where the connection allows that, and otherwise one after the other. */
async function ofEach<T>(db: Queryable, items: Iterable<T>, ask: (item: T) => Promise<void>): Promise<void> {
  const atOnce = "totalCount" in db || ("pipeline" in db && db.pipeline === true);
  if (atOnce) await Promise.all([...items].map(ask));
  else for (const item of items) await ask(item);
}

/** Where a record is kept: the record's id, and the shard key of its entry. */
export interface PlaceRow {
  readonly id: string;
  readonly entry_shard_key: string;
}

export const PLACE_COLUMNS = "m.id, coalesce(m.entry_shard_key, m.shard_key) AS entry_shard_key";

/**
 * Looks up keys of one offering; `n` is a key's place among the keys asked for, from 1. The shard key is a parameter of its
 * own, so that only one shard is asked. `OFFSET 0` makes PostgreSQL look up each key by index; otherwise a plan made while the
 * table was small would read the whole table.
 */
const lookingUp = (columns: string): string => `SELECT k.n, ${columns}
  FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS k (hour, key, n)
  CROSS JOIN LATERAL (SELECT * FROM countinghouse.metering_record
    WHERE (hour, key) = (k.hour, k.key) AND shard_key = $3::bigint OFFSET 0) m`;

const FIND_RECORDS = { name: "find-records", text: lookingUp(PLACE_COLUMNS) };
const CHECK_RECORDS = { name: "check-records", text: lookingUp("m.*") };

const FIND_ENTRIES = `SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry
  WHERE request_id = ANY ($1::uuid[]) AND shard_key = $2::bigint`;

/** Keys as arrays: hour, key, shard key. */
export function keyColumns(keys: readonly MeteringRecordKey[]): Buffer[] {
  return [
    bigints(keys.map(({ hour }) => BigInt(hour))),
    uuids(keys.map(recordKeyOf)),
    bigints(keys.map(({ offering }) => shardKeyOf(offering))),
  ];
}

/** The whole row under each key, in the order of the keys. */
export function rowsUnder(
  db: Queryable,
  keys: readonly MeteringRecordKey[],
): Promise<readonly (Readonly<Record<string, string | number | null>> | undefined)[]> {
  return keptUnder(db, keys, CHECK_RECORDS);
}

/** The asked columns under each key, in the order of the keys. */
async function keptUnder<Row extends object>(
  db: Queryable,
  keys: readonly MeteringRecordKey[],
  statement: { readonly name: string; readonly text: string },
): Promise<readonly (Row | undefined)[]> {
  const found = Array<Row | undefined>(keys.length).fill(undefined);
  const byShard = Map.groupBy(keys.keys(), (n) => shardKeyOf((keys[n] as MeteringRecordKey).offering));
  const lookUp = async ([shardKey, numbers]: readonly [bigint, readonly number[]]): Promise<void> => {
    const asked = numbers.map((n) => keys[n] as MeteringRecordKey);
    const values = [bigints(asked.map(({ hour }) => BigInt(hour))), uuids(asked.map(recordKeyOf)), shardKey];
    const { rows } = await db.query<Row & { n: string }>({ ...statement, values });
    for (const row of rows) found[numbers[Number(row.n) - 1] as number] = row;
  };
  await ofEach(db, byShard, lookUp);
  return found;
}

/** Where the record of each key is, in the order of the keys. */
export async function findRecords(
  db: Queryable,
  keys: readonly MeteringRecordKey[],
): Promise<Found<RecordPointer | undefined>> {
  const numbers = keys.flatMap((key, n) => (isStorableKey(key) ? [n] : []));
  const asked = numbers.map((n) => keys[n] as MeteringRecordKey);
  const found = await keptUnder<PlaceRow>(db, asked, FIND_RECORDS);
  const kept = numbers.flatMap((n, i) => (found[i] === undefined ? [] : [{ n, row: found[i] }]));
  const { places, entries } = await entriesAt(
    db,
    kept.map(({ row }) => row),
  );
  const pointers = Array<RecordPointer | undefined>(keys.length).fill(undefined);
  for (const [i, { n }] of kept.entries()) pointers[n] = places[i];
  return { pointers, entries };
}

/** The entries at these places, by numbers that only tell them apart. */
export async function entriesAt(
  db: Queryable,
  rows: readonly PlaceRow[],
): Promise<{ readonly places: readonly RecordPointer[]; readonly entries: ReadonlyMap<number, EncodedEntry> }> {
  const numbers = new Map<string, number>();
  const byShard = new Map<string, string[]>();
  const places = rows.map(({ id, entry_shard_key: shardKey }): RecordPointer => {
    const parsed = parseMeteringRecordId(id);
    if (parsed === undefined) throw new DefectError(`${id} is kept as a metering record's id, and is none.`);
    const { requestId, position } = parsed;
    let seq = numbers.get(requestId);
    if (seq === undefined) {
      numbers.set(requestId, (seq = numbers.size + 1));
      const beside = byShard.get(shardKey);
      if (beside === undefined) byShard.set(shardKey, [requestId]);
      else beside.push(requestId);
    }
    return { seq, position };
  });
  const entries = new Map<number, EncodedEntry>();
  const read = async ([shardKey, requestIds]: readonly [string, readonly string[]]): Promise<void> => {
    const values = [uuids(requestIds), shardKey];
    const found = await db.query<EntryRow>({ name: "find-entries", text: FIND_ENTRIES, values });
    for (const row of found.rows) entries.set(numbers.get(row.request_id) ?? 0, encodedEntryOf(row));
  };
  await ofEach(db, byShard, read);
  return { places, entries };
}

/** For a ledger on several machines. Throws HalfSeenError where a record was found and its entry was not. */
export function allSeen<F extends Found<RecordPointer | undefined>>(found: F): F {
  const isSeen = (pointer: RecordPointer | undefined): boolean =>
    pointer === undefined || found.entries.has(pointer.seq);
  if (!found.pointers.every(isSeen)) throw new HalfSeenError();
  return found;
}

function isStorableKey({ hour, region, offering, customer, dimension, discriminator }: MeteringRecordKey): boolean {
  return Number.isSafeInteger(hour) && [region, offering, customer, dimension, discriminator].every(isStorable);
}

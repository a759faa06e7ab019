/** The rows of metering records: what is kept under each key, and what is summed of it. */
import { adjustmentOf, isAlias, type AcceptedRecord } from "../../../domain/metering/metering-record.ts";
import { meteringRecordId } from "../../../ledger/ids.ts";
import { bigints, uuids } from "../arrays.ts";
import { numberOf, recordKeyOf, regionNumberOf, shardKeyOf } from "../keys.ts";

/** The parts of an entry that its records' rows need. */
interface RecordsOfEntry {
  readonly requestId: string;
  readonly shardKey: bigint;
  readonly productCode: string | undefined;
  /** Whether the control plane metered the entry's records: their quantities are seconds. */
  readonly accrued: boolean;
  readonly records: readonly AcceptedRecord[];
}

export interface RecordRow {
  readonly hour: bigint;
  readonly key: string;
  readonly id: string;
  readonly shardKey: bigint;
  readonly entryShardKey: bigint | null;
  readonly quantity: bigint;
  readonly product: bigint | null;
  readonly customer: bigint;
  readonly dimension: bigint;
  readonly region: bigint;
  readonly kind: bigint;
}

export function recordRows({ requestId, shardKey, productCode, accrued, records }: RecordsOfEntry): RecordRow[] {
  const product = numberOf(productCode ?? "");
  return records.map(({ key, position, quantity }) => {
    const ofKey = shardKeyOf(key.offering);
    return {
      hour: BigInt(key.hour),
      key: recordKeyOf(key),
      id: meteringRecordId(requestId, position),
      shardKey: ofKey,
      entryShardKey: ofKey === shardKey ? null : shardKey,
      quantity: BigInt(quantity),
      product: ofKey === product ? null : product,
      customer: numberOf(key.customer),
      dimension: numberOf(key.dimension),
      region: regionNumberOf(key.region),
      kind: kindOf(key, accrued),
    };
  });
}

function kindOf(key: AcceptedRecord["key"], accrued: boolean): bigint {
  if (isAlias(key)) return 3n;
  if (!accrued) return 0n;
  return adjustmentOf(key) === undefined ? 1n : 2n;
}

interface InsertRecords {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Undefined where there are no rows. The statement fails as not unique where something is kept under one of the keys. */
export function insertRecords(rows: RecordRow[], table = "metering_record"): InsertRecords | undefined {
  if (rows.length === 0) return undefined;
  // The order is the same on every node, so groups that insert the same keys wait for each other, and never in a circle.
  rows.sort((a, b) => (a.hour === b.hour ? (a.key < b.key ? -1 : 1) : a.hour < b.hour ? -1 : 1));
  // The arrays are unnested side by side, row by row; as a joined table PostgreSQL would write them out first.
  const text = `INSERT INTO countinghouse.${table}
    (hour, key, id, shard_key, entry_shard_key, quantity, product, customer, dimension, region, kind)
  SELECT unnest($1::bigint[]), unnest($2::uuid[]), unnest($3::uuid[]), unnest($4::bigint[]), unnest($5::bigint[]),
    unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::bigint[])::integer,
    unnest($11::bigint[])::smallint`;
  const values = [
    bigints(rows.map(({ hour }) => hour)),
    uuids(rows.map(({ key }) => key)),
    uuids(rows.map(({ id }) => id)),
    bigints(rows.map(({ shardKey }) => shardKey)),
    bigints(rows.map(({ entryShardKey }) => entryShardKey)),
    bigints(rows.map(({ quantity }) => quantity)),
    bigints(rows.map(({ product }) => product)),
    bigints(rows.map(({ customer }) => customer)),
    bigints(rows.map(({ dimension }) => dimension)),
    bigints(rows.map(({ region }) => region)),
    bigints(rows.map(({ kind }) => kind)),
  ];
  return { name: table === "metering_record" ? "insert-records" : `insert-records-of-${table}`, text, values };
}

/**
 * Fills the new rows of metering records from the entries, and replaces the old rows by them. Every old row is compared with
 * the new one of its key: a lost key would let usage that was sent before be counted again.
 */
import type { Client } from "pg";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { productOf } from "../../../ledger/entry-attributes.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { countEntries } from "../reading/verify-chains.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../rows.ts";
import { insertRecords, recordRows, type RecordRow } from "../writing/record-rows.ts";

const PAGE_ENTRIES = 500;

interface PlacedRow extends EntryRow {
  readonly shard_key: string;
  readonly lane: number;
  readonly seq: string;
}

const PAGE = `SELECT ${ENTRY_COLUMNS}, shard_key, lane, seq FROM countinghouse.entry
  WHERE (lane, seq) > ($1, $2) ORDER BY lane, seq LIMIT ${PAGE_ENTRIES}`;

const REPLACE = `DROP TABLE countinghouse.metering_record;
  ALTER TABLE countinghouse.metering_record_with_sums RENAME TO metering_record;
  ALTER TABLE countinghouse.metering_record ADD PRIMARY KEY (hour, key, shard_key)`;

/** Finds an old row that has no new one, or a different one. */
const LOST = `SELECT m.id FROM countinghouse.metering_record m
  LEFT JOIN countinghouse.metering_record_with_sums n USING (hour, key, shard_key)
  WHERE n.id IS DISTINCT FROM m.id OR n.entry_shard_key IS DISTINCT FROM m.entry_shard_key LIMIT 1`;

const COUNTS = `SELECT (SELECT count(*) FROM countinghouse.metering_record) AS before,
  (SELECT count(*) FROM countinghouse.metering_record_with_sums) AS now`;

/**
 * A server of version 6 that only lost its connections may come back during the migration. The locks keep it from writing: the
 * records that it wrote into the old table would be dropped with the table, and counted again when they are sent again. The
 * locks are taken in the order in which groups write.
 */
const LOCK_ENTRIES = "LOCK TABLE countinghouse.entry IN SHARE MODE";
const LOCK_RECORDS = "LOCK TABLE countinghouse.metering_record IN ACCESS EXCLUSIVE MODE";

/** To be called in the migration's transaction. Throws DefectError where rows and entries do not agree. */
export async function fillRecords(client: Client, onProgress: OnProgress = () => undefined): Promise<void> {
  await client.query(LOCK_ENTRIES);
  await client.query(LOCK_RECORDS);
  const of = await countEntries(client);
  let done = 0;
  let place: readonly [lane: number, seq: string] = [-1, "0"];
  for (;;) {
    const { rows } = await client.query<PlacedRow>({ name: "entries-by-lane", text: PAGE, values: [...place] });
    const last = rows.at(-1);
    if (last === undefined) break;
    const statement = insertRecords(rows.flatMap(rowsOf), "metering_record_with_sums");
    if (statement !== undefined) await client.query(statement);
    place = [last.lane, last.seq];
    done += rows.length;
    onProgress({ doing: "migrating records", done, of, unit: "entries" });
  }
  // These statements compare whole tables; looking up each row by index would be slower.
  await client.query("SET LOCAL enable_hashjoin = on; SET LOCAL enable_seqscan = on");
  const { rows: counts } = await client.query<{ before: string; now: string }>(COUNTS);
  const { rows: lost } = await client.query<{ id: string }>(LOST);
  await client.query("SET LOCAL enable_hashjoin = off; SET LOCAL enable_seqscan = off");
  const [count] = counts;
  if (lost.length > 0 || count?.before !== count?.now) {
    throw new DefectError(
      `The ledger contradicts itself, and was left as it is: its entries accepted ${count?.now} records, and ${count?.before} are kept${lost[0] === undefined ? "" : `, among them ${lost[0].id}`}. store verify of the version before says more.`,
    );
  }
  await client.query(REPLACE);
}

function rowsOf(row: PlacedRow): RecordRow[] {
  const entry = decodeEntry(encodedEntryOf(row));
  return recordRows({
    requestId: row.request_id,
    shardKey: BigInt(row.shard_key),
    productCode: productOf(entry.event),
    accrued: entry.event.kind === "usage-accrued",
    records: acceptedRecords(entry),
  });
}

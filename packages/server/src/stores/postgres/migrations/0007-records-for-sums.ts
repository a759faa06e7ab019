/**
 * Fills the rows of metering records from the entries, and puts them in the place of those of before. What was kept under each key
 * is held against what is now, so that nothing that was sent before can be counted again.
 */
import type { Client } from "pg";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { productOf } from "../../../ledger/entry-attributes.ts";
import { DefectError } from "../../../ledger/ledger.ts";
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

/** A row of before that has none now, or another. */
const LOST = `SELECT m.id FROM countinghouse.metering_record m
  LEFT JOIN countinghouse.metering_record_with_sums n USING (hour, key, shard_key)
  WHERE n.id IS DISTINCT FROM m.id OR n.entry_shard_key IS DISTINCT FROM m.entry_shard_key LIMIT 1`;

const COUNTS = `SELECT (SELECT count(*) FROM countinghouse.metering_record) AS before,
  (SELECT count(*) FROM countinghouse.metering_record_with_sums) AS now`;

/** In the transaction of the migration. Throws DefectError where rows and entries do not agree. */
export async function fillRecords(client: Client): Promise<void> {
  let place: readonly [lane: number, seq: string] = [-1, "0"];
  for (;;) {
    const { rows } = await client.query<PlacedRow>({ name: "entries-by-lane", text: PAGE, values: [...place] });
    const last = rows.at(-1);
    if (last === undefined) break;
    const statement = insertRecords(rows.flatMap(rowsOf), "metering_record_with_sums");
    if (statement !== undefined) await client.query(statement);
    place = [last.lane, last.seq];
  }
  // Whole tables are compared here, which is not done by looking up each row.
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

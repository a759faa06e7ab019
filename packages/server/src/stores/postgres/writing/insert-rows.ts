/** The statements that write entries, their metering records and their lane's new head; each writes one table. */
import type { AcceptedRecord } from "../../../domain/metering/metering-record.ts";
import type { EntryAttributes } from "../../../ledger/entry-attributes.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import { bigints, byteas, texts, uuids } from "../arrays.ts";
import { shardKeyOf } from "../keys.ts";
import { searchable } from "../rows.ts";
import { insertRecords, recordRows, type RecordRow } from "./record-rows.ts";

/** An entry with its place in the chain, and the offering that decides its row's shard. */
export interface NewEntry {
  readonly offering: string;
  readonly seq: number;
  readonly link: Uint8Array;
  readonly entry: EncodedEntry;
  readonly attributes: EntryAttributes;
  readonly accrued: boolean;
  readonly records: readonly AcceptedRecord[];
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

// The arrays are unnested side by side, row by row; as joined tables PostgreSQL would write each out first.
const INSERT_ENTRIES = `INSERT INTO countinghouse.entry
    (lane, shard_key, request_id, at_ms, seq, link, operation, principal, account, access_key, product, body)
  SELECT $1, unnest($2::bigint[]), unnest($3::uuid[]), unnest($4::bigint[]), unnest($5::bigint[]), unnest($6::bytea[]),
    unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
    unnest($12::text[])`;

const ADVANCE_LANE = "UPDATE countinghouse.lane SET seq = $1, link = $2, newest_at_ms = $3 WHERE number = $4";

/**
 * The statements in the order in which they must be sent; `entries` are in the order of their chain. `insert-records` fails as
 * not unique where something is kept under one of the keys.
 */
export function insertStatements(lane: number, entries: readonly NewEntry[]): Statement[] {
  const last = entries.at(-1);
  if (last === undefined) return [];
  const ofRecords = insertRecords(entries.flatMap(rowsOf));
  return [
    { name: "insert-entries", text: INSERT_ENTRIES, values: [lane, ...entryColumns(entries)] },
    ...(ofRecords === undefined ? [] : [ofRecords]),
    {
      name: "advance-lane",
      text: ADVANCE_LANE,
      values: [last.seq, Buffer.from(last.link), last.entry.atMs, lane],
    },
  ];
}

function entryColumns(entries: readonly NewEntry[]): Buffer[] {
  const found = (by: keyof EntryAttributes): Buffer =>
    texts(
      entries.map(({ attributes }) => {
        const text = attributes[by];
        return text === undefined ? null : searchable(text);
      }),
    );
  return [
    bigints(entries.map(({ offering }) => shardKeyOf(offering))),
    uuids(entries.map(({ entry }) => entry.requestId)),
    bigints(entries.map(({ entry }) => BigInt(entry.atMs))),
    bigints(entries.map(({ seq }) => BigInt(seq))),
    byteas(entries.map(({ link }) => link)),
    found("operation"),
    found("principal"),
    found("accountId"),
    found("accessKeyId"),
    found("productCode"),
    texts(entries.map(({ entry }) => entry.body)),
  ];
}

function rowsOf({ offering, entry, attributes, accrued, records }: NewEntry): RecordRow[] {
  const { requestId } = entry;
  return recordRows({
    requestId,
    shardKey: shardKeyOf(offering),
    productCode: attributes.productCode,
    accrued,
    records,
  });
}

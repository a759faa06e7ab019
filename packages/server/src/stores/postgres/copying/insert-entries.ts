/** Writes entries of another ledger as they are, with the metering records that follow from them. */
import type { Client } from "pg";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { attributesOf } from "../../../ledger/entry-attributes.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import type { LinkedEntry } from "../../../ledger/ledger-source.ts";
import { keyColumns } from "../reading/record-pointers.ts";
import { COPIED_LANE, searchable } from "../rows.ts";

const INSERT_ENTRIES = `INSERT INTO countinghouse.entry
    (lane, offering, request_id, at_ms, seq, link, operation, principal, account, access_key, product, body)
  SELECT ${COPIED_LANE}, * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])`;

const INSERT_RECORDS = `INSERT INTO countinghouse.metering_record
    (hour, offering, region, customer, dimension, discriminator, quantity, request_id, position, entry_offering)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
    $8::uuid[], $9::smallint[], $10::text[])`;

const ADVANCE = `UPDATE countinghouse.lane SET seq = $1, link = $2, newest_at_ms = $3 WHERE number = ${COPIED_LANE}`;

/** In the order of their chain; answers how many keys of metering records there were. */
export async function insertEntries(client: Client, page: readonly LinkedEntry[]): Promise<number> {
  const entries = page.map(({ seq, entry, link }) => {
    const decoded = decodeEntry(entry);
    const attributes = attributesOf(decoded);
    const records = acceptedRecords(decoded);
    const offering = searchable(records[0]?.key.offering ?? attributes.productCode ?? "");
    return { seq, entry, link, attributes, records, offering };
  });
  const records = entries.flatMap((each) =>
    each.records.map((record) => ({ ...record, requestId: each.entry.requestId, entryOffering: each.offering })),
  );
  await client.query({
    name: "copy-entries",
    text: INSERT_ENTRIES,
    values: [
      entries.map(({ offering }) => offering),
      entries.map(({ entry }) => entry.requestId),
      entries.map(({ entry }) => entry.atMs),
      entries.map(({ seq }) => seq),
      entries.map(({ link }) => Buffer.from(link)),
      entries.map(({ attributes }) => text(attributes.operation)),
      entries.map(({ attributes }) => text(attributes.principal)),
      entries.map(({ attributes }) => text(attributes.accountId)),
      entries.map(({ attributes }) => text(attributes.accessKeyId)),
      entries.map(({ attributes }) => text(attributes.productCode)),
      entries.map(({ entry }) => entry.body),
    ],
  });
  await client.query({
    name: "copy-records",
    text: INSERT_RECORDS,
    values: [
      ...keyColumns(records.map(({ key }) => key)),
      records.map(({ quantity }) => quantity),
      records.map(({ requestId }) => requestId),
      records.map(({ position }) => position),
      records.map(({ key, entryOffering }) => (entryOffering === key.offering ? null : entryOffering)),
    ],
  });
  const last = entries.at(-1);
  if (last !== undefined) await client.query(ADVANCE, [last.seq, Buffer.from(last.link), last.entry.atMs]);
  return records.length;
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : searchable(value);
}

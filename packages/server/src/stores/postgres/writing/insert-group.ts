/** Writes what a group decided: its entries, its metering records, and how far that brings its lane, as one statement. */
import type { Client } from "pg";
import type { EpochMs } from "@countinghouse/protocol";
import type { MeteringRecordKey } from "../../../domain/metering-record.ts";
import type { DecidedGroup } from "../../../ledger/group-decision.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import { searchable } from "../rows.ts";

const INSERT = `WITH kept_entry AS (
    INSERT INTO countinghouse.entry
      (offering, request_id, at_ms, lane, seq, link, operation, principal, account, access_key, product, body)
    SELECT offering, request_id, $1, $2, seq, link, operation, principal, account, access_key, product, body
    FROM unnest($3::text[], $4::uuid[], $5::bigint[], $6::bytea[], $7::text[], $8::text[], $9::text[], $10::text[],
      $11::text[], $12::text[])
      AS e (offering, request_id, seq, link, operation, principal, account, access_key, product, body)
    ON CONFLICT DO NOTHING RETURNING 1
  ), kept_record AS (
    INSERT INTO countinghouse.metering_record
      (hour, offering, region, customer, dimension, discriminator, quantity, request_id, position, entry_offering)
    SELECT * FROM unnest($13::bigint[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::bigint[],
      $20::uuid[], $21::smallint[], $22::text[])
    ON CONFLICT DO NOTHING RETURNING 1
  ), head AS (
    UPDATE countinghouse.lane SET seq = $23, link = $24, newest_at_ms = $1 WHERE number = $2 RETURNING 1
  )
  SELECT (SELECT count(*) FROM kept_entry) AS entries, (SELECT count(*) FROM kept_record) AS records,
    (SELECT count(*) FROM head) AS heads`;

interface Counts {
  readonly entries: string;
  readonly records: string;
  readonly heads: string;
}

/** Answers false where another node was first with one of the keys; then all of it must be rolled back. */
export async function insertGroup(
  client: Client,
  lane: number,
  nowMs: EpochMs,
  { decided, staged }: DecidedGroup,
  { first, links }: { readonly first: number; readonly links: readonly Buffer[] },
): Promise<boolean> {
  const { entries } = staged;
  // Nothing was decided: every decision threw.
  if (entries.length === 0) return true;
  const offerings = decided.map(({ pending }) => offeringOf(pending.work.keys));
  const records = entries
    .flatMap((staging, i) =>
      staging.records.map((record) => ({ ...record, requestId: staging.entry.requestId, entryOffering: offerings[i] })),
    )
    // The same order on every node: two that insert the same keys wait for each other, and never in a circle.
    .toSorted((a, b) => compareKeys(a.key, b.key));
  const { rows } = await client.query<Counts>({
    name: "insert-group",
    text: INSERT,
    values: [
      nowMs,
      lane,
      offerings,
      entries.map(({ entry }) => entry.requestId),
      entries.map((_, i) => first + i),
      links,
      entries.map(({ attributes }) => text(attributes.operation)),
      entries.map(({ attributes }) => text(attributes.principal)),
      entries.map(({ attributes }) => text(attributes.accountId)),
      entries.map(({ attributes }) => text(attributes.accessKeyId)),
      entries.map(({ attributes }) => text(attributes.productCode)),
      entries.map(({ entry }) => entry.body),
      records.map(({ key }) => key.hour),
      records.map(({ key }) => key.offering),
      records.map(({ key }) => key.region),
      records.map(({ key }) => key.customer),
      records.map(({ key }) => key.dimension),
      records.map(({ key }) => key.discriminator),
      records.map(({ quantity }) => quantity),
      records.map(({ requestId }) => requestId),
      records.map(({ position }) => position),
      records.map(({ key, entryOffering }) => (entryOffering === key.offering ? null : entryOffering)),
      first + entries.length - 1,
      links.at(-1),
    ],
  });
  const [counts] = rows;
  if (counts?.heads !== "1") throw new DefectError(`The row of lane ${lane} is missing.`);
  if (Number(counts.entries) !== entries.length)
    throw new DefectError("An entry with the id of one of these is there.");
  return Number(counts.records) === records.length;
}

/** What an entry's row is distributed by: fixed by the request; empty where that is about no product. */
export function offeringOf(keys: readonly MeteringRecordKey[]): string {
  return searchable(keys[0]?.offering ?? "");
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : searchable(value);
}

function compareKeys(a: MeteringRecordKey, b: MeteringRecordKey): number {
  if (a.hour !== b.hour) return a.hour - b.hour;
  for (const part of ["offering", "region", "customer", "dimension", "discriminator"] as const) {
    if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1;
  }
  return 0;
}

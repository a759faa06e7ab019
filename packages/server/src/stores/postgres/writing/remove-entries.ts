/**
 * Removes entries at the old end of chains: what has expired, or everything. A chain goes on after them, and begins where
 * they ended, so that what any node has noted of it stays true. No other group may be under way meanwhile.
 */
import type { Client } from "pg";
import { FaultError, type Expired } from "../../../ledger/ledger.ts";
import { laneNumber } from "../rows.ts";

const REMOVE = `WITH base AS (
    UPDATE countinghouse.lane SET base_seq = $2, base_link = $3, has_expired = true
    WHERE number = $1 AND base_seq < $2 RETURNING 1
  ), gone AS (
    DELETE FROM countinghouse.entry WHERE lane = $1 AND seq <= $2 RETURNING request_id
  ), records AS (
    DELETE FROM countinghouse.metering_record m
    USING gone, unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
      AS k (hour, offering, region, customer, dimension, discriminator)
    WHERE (m.hour, m.offering, m.region, m.customer, m.dimension, m.discriminator)
        = (k.hour, k.offering, k.region, k.customer, k.dimension, k.discriminator)
      AND m.request_id = gone.request_id
  )
  SELECT count(*) AS bases FROM base`;

export async function removeExpired(client: Client, { through, keys }: Expired): Promise<void> {
  const { rows } = await client.query<{ bases: string }>(REMOVE, [
    laneNumber(through.lane),
    through.seq,
    Buffer.from(through.link, "hex"),
    keys.map(({ hour }) => hour),
    keys.map(({ offering }) => offering),
    keys.map(({ region }) => region),
    keys.map(({ customer }) => customer),
    keys.map(({ dimension }) => dimension),
    keys.map(({ discriminator }) => discriminator),
  ]);
  if (rows[0]?.bases !== "1") throw new FaultError("Others have removed these entries meanwhile.", undefined);
}

export async function removeAll(client: Client): Promise<void> {
  await client.query(`WITH entries AS (DELETE FROM countinghouse.entry),
    records AS (DELETE FROM countinghouse.metering_record), objects AS (DELETE FROM countinghouse.catalogue)
    UPDATE countinghouse.lane SET base_seq = seq, base_link = link, has_expired = false, newest_at_ms = NULL`);
}

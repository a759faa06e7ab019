/**
 * Removes entries at the old end of chains: expired ones, or all. The chain goes on, and its base becomes the newest removed
 * entry, so that every head that a node has noted stays true. No other group may be under way meanwhile.
 */
import type { Client } from "pg";
import { FaultError, type Expired } from "../../../ledger/ledger.ts";
import { keyColumns } from "../reading/record-pointers.ts";
import { laneNumber } from "../rows.ts";
import { expiredStatements, removeSums } from "../sums/sum-rows.ts";

const MOVE_BASE = `UPDATE countinghouse.lane SET base_seq = $2, base_link = $3, any_expired = true
  WHERE number = $1 AND base_seq < $2`;

const REMOVE_RECORDS = `DELETE FROM countinghouse.metering_record m
  USING unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS k (hour, key, shard_key)
  WHERE (m.hour, m.key, m.shard_key) = (k.hour, k.key, k.shard_key)`;

/** What the entries have added to the sums stays. */
export async function removeExpired(client: Client, { through, keys, usage, tallies }: Expired): Promise<void> {
  const lane = laneNumber(through.lane);
  const [moved] = await Promise.all([
    client.query(MOVE_BASE, [lane, through.seq, Buffer.from(through.link, "hex")]),
    client.query(REMOVE_RECORDS, keyColumns(keys)),
    client.query("DELETE FROM countinghouse.entry WHERE lane = $1 AND seq <= $2", [lane, through.seq]),
  ]);
  for (const statement of expiredStatements(usage, tallies)) await client.query(statement);
  if (moved.rowCount !== 1) throw new FaultError("Others have removed these entries meanwhile.", undefined);
}

export async function removeAll(client: Client): Promise<void> {
  await removeSums(client);
  await Promise.all(
    ["entry", "metering_record", "catalogue", "resource"].map((table) =>
      client.query(`DELETE FROM countinghouse.${table}`),
    ),
  );
  await client.query(
    "UPDATE countinghouse.lane SET base_seq = seq, base_link = link, any_expired = false, newest_at_ms = NULL",
  );
}

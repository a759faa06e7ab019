/** Notes since when the sums can be complete: of what has expired already nothing is known any more. */
import type { Client } from "pg";

export async function noteCompleteness(client: Client): Promise<void> {
  const { rows: expired } = await client.query("SELECT 1 FROM countinghouse.lane WHERE any_expired LIMIT 1");
  const { rows } =
    expired.length === 0
      ? { rows: [] }
      : await client.query<{ oldest: string | null }>("SELECT min(at_ms) AS oldest FROM countinghouse.entry");
  await client.query("INSERT INTO countinghouse.sums VALUES (1, false, $1)", [rows[0]?.oldest ?? null]);
}

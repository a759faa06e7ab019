/** Records usage in a transaction of `pg`. */
import type { Outbox, RecordAnswer } from "@countinghouse/outbox";
import type { Pool } from "pg";

export async function sell(pool: Pool, outbox: Outbox, id: string): Promise<readonly RecordAnswer[]> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("INSERT INTO sale VALUES ($1)", [id]);
    const reading = { readingId: `pg-${id}`, tenant: "t-1", meter: "gb", quantity: "1.5", at: new Date() };
    const answers = await outbox.within(client).record(reading);
    await client.query("COMMIT");
    return answers;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

/** A probe makes a commit that leaves nothing behind, and closes its connection. */
import { Client } from "pg";
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../../test/support/postgres/database.ts";
import { meter, sent } from "../../../testing/contract/works.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";

const test = testOfPostgres();

test("a ledger that is closed while it probes ends its connections all the same", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  let passedMs = 0;
  const { ledger } = await openAt(database.url, {}, { lanes: 1, monotonicMs: () => performance.now() + passedMs });
  const other = new Client({ connectionString: database.url });
  await other.connect();
  onTestFinished(() => other.end());
  await other.query("BEGIN; LOCK TABLE countinghouse.entry IN ACCESS EXCLUSIVE MODE");
  await expect(ledger.transact(meter([sent()]))).rejects.toThrow("The ledger could not be written");
  passedMs = 60_000;
  const probing = ledger.probe();
  const closing = ledger.close();
  await other.query("ROLLBACK");
  await Promise.all([probing, closing]);
  const connected = async (): Promise<unknown> => {
    const [row] = await database.query(
      "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'countinghouse%'",
    );
    return Number(row?.["count"]);
  };
  await expect.poll(connected, { timeout: 5_000 }).toBe(0);
});

/** What a node does by the clock, while all who read wait. */
import { expect, onTestFinished } from "vitest";
import { Client } from "pg";
import { newDatabase, testOfPostgres } from "../../../../../../test/support/postgres/database.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";

const test = testOfPostgres();

test("a node learns what others changed, and is no less ready, while every connection that reads is in use", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
  onTestFinished(() => ledger.close());
  const holder = new Client({ connectionString: database.url });
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query("BEGIN; LOCK TABLE countinghouse.entry IN ACCESS EXCLUSIVE MODE");
  let ended = 0;
  const reading = Array.from({ length: 8 }, () =>
    ledger.events({ order: "newest", limit: 1 }).finally(() => (ended += 1)),
  );
  const all = Promise.allSettled(reading);
  await expect
    .poll(() => database.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
    .toHaveLength(3);
  await database.query(`INSERT INTO countinghouse.catalogue (kind, id, value)
      VALUES ('account', '444455556666', '{"id":"444455556666","users":[],"roles":[]}');
    UPDATE countinghouse.state SET version = version + 1, state_edition = gen_random_uuid()`);
  await expect.poll(() => ledger.catalogue.account("444455556666"), { interval: 10, timeout: 2_500 }).toBeDefined();
  expect(ended).toBe(0);
  expect(ledger.unavailable).toBeUndefined();
  await holder.query("ROLLBACK");
  await all;
});

/** What keeps entries from being added up over PostgreSQL is told, and passes; and whoever asks meanwhile is not told of a fault. */
import { HOUR_MS } from "@countinghouse/protocol";
import { Client } from "pg";
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../../test/support/postgres/database.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { meter, newCall, sent } from "../../../../testing/contract/works.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { SumsBehindError } from "../../../ledger/sums/sums.ts";
import { realWorld } from "../../../world.ts";
import { SUMS_LOCK } from "../locks.ts";
import { verifyAt } from "../verify-ledger.ts";

const test = testOfPostgres();

async function emptyDatabase(): Promise<TestDatabase> {
  const made = await newDatabase();
  onTestFinished(() => made.remove());
  return made;
}

async function amounts(ledger: Ledger): Promise<string[]> {
  const span = { fromHour: 0, toHour: 1_000_000, by: ["dimension"], grain: "day" } as const;
  const { usage } = await ledger.sums({ usage: [span] });
  return (usage[0] ?? []).map(({ hour, dimension, amount }) => `${hour} ${dimension} ${amount}`).toSorted();
}

test("while another node adds up for long, whoever asks is told how far it has come", async () => {
  const database = await emptyDatabase();
  const { ledger } = await openAt(database.url, {});
  onTestFinished(() => ledger.close());
  await ledger.transact(meter([sent({ quantity: 3 })]));
  const other = new Client({ connectionString: database.url });
  await other.connect();
  await other.query("SELECT pg_advisory_lock($1, $2)", [...SUMS_LOCK]);
  await expect(amounts(ledger)).rejects.toThrow(SumsBehindError);
  await other.end();
  expect(await amounts(ledger)).toEqual([expect.stringMatching(/ gb 3$/)]);
});

test("what keeps entries from being added up is told, and they are added up when it has passed", async () => {
  const database = await emptyDatabase();
  const troubles = Promise.withResolvers<Error>();
  const { ledger } = await openAt(database.url, {}, { addsUp: true, onSumsTrouble: troubles.resolve });
  onTestFinished(() => ledger.close());
  await database.query("ALTER TABLE countinghouse.tally RENAME TO tally_away");
  await ledger.transact(meter([sent({ quantity: 3 })]));
  expect((await troubles.promise).message).toContain("countinghouse.tally");
  await database.query("ALTER TABLE countinghouse.tally_away RENAME TO tally");
  const added = "SELECT count(*)::int AS count FROM countinghouse.usage_sum";
  await expect.poll(() => database.query(added), { timeout: 20_000 }).toEqual([{ count: 1 }]);
  expect(await amounts(ledger)).toEqual([expect.stringMatching(/ gb 3$/)]);
});

test("sums that are made anew begin with all days and products of what has expired", async () => {
  const database = await emptyDatabase();
  const { ledger, clock } = await openAt(database.url, { wallMs: () => START_MS }, { clocksApartMaxMs: Infinity });
  onTestFinished(() => ledger.close());
  for (let day = 0; day < 3; day += 1) {
    clock.moveTo(START_MS + day * 24 * HOUR_MS);
    const timestampMs = START_MS + day * 24 * HOUR_MS;
    await ledger.transact(
      meter([sent({ timestampMs, quantity: 5 + day }), sent({ timestampMs, dimension: "calls", quantity: 7 })]),
    );
  }
  expect(await ledger.expire(newCall, START_MS + 25 * HOUR_MS)).toBe(2);
  const before = await amounts(ledger);
  expect(before).toHaveLength(6);
  await database.query("UPDATE countinghouse.sums SET is_begun = false");
  expect(await amounts(ledger)).toEqual(before);
  expect((await verifyAt(database.url, realWorld)).disagreement).toBeUndefined();
});

/** The control plane on several nodes over one PostgreSQL: however many nodes do the work, it is done once. */
import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../test/support/postgres/database.ts";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { moveClockTo, put } from "../../testing/contract/works.ts";
import { openAt } from "../../testing/postgres-ledger.ts";
import type { PostgresLedger } from "../stores/postgres/postgres-ledger.ts";
import { accrue } from "./accrue.ts";
import { MARKET, accrued, accruedSeconds, callOf, place, task } from "../../testing/control-plane.ts";
import { controlPlaneWork } from "./due-work.ts";

const test = testOfPostgres();
const LATER_MS = START_MS + 30 * HOUR_MS;
/** The use of each task, up to the last full hour that ended six hours ago. */
const FINAL_SECONDS = 1_800 + 23 * 3_600;

async function threeNodes(): Promise<[PostgresLedger, PostgresLedger, PostgresLedger]> {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const open = async (): Promise<PostgresLedger> => {
    const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
    onTestFinished(() => ledger.close());
    return ledger;
  };
  const nodes: [PostgresLedger, PostgresLedger, PostgresLedger] = [await open(), await open(), await open()];
  const [first] = nodes;
  await first.transact(put(MARKET));
  await place(first, ...[0, 1, 2, 3, 4].map((i) => task(`t-${i}`, { startedAtMs: START_MS })));
  await first.transact(moveClockTo(LATER_MS));
  return nodes;
}

test("Rule H4: hours that three nodes write at once are in the ledger once", { timeout: 60_000 }, async () => {
  const nodes = await threeNodes();
  // Called without the lease: the result must not depend on it.
  await Promise.all(nodes.map((ledger) => accrue(ledger, () => callOf("AccrueUsage"), LATER_MS)));
  await Promise.all(nodes.map((ledger) => accrue(ledger, () => callOf("AccrueUsage"), LATER_MS)));
  const [first] = nodes;
  expect(await accruedSeconds(first)).toBe(5 * FINAL_SECONDS);
  expect((await accrued(first)).every(({ usageRecord }) => (usageRecord.quantity ?? 0) > 0)).toBe(true);
});

test("one node does the work; when it has ended, another goes on", { timeout: 60_000 }, async () => {
  const [first, second] = await threeNodes();
  await controlPlaneWork(first, callOf, START_MS + 8 * HOUR_MS);
  const before = await accruedSeconds(second);
  await controlPlaneWork(second, callOf, LATER_MS);
  expect(await accruedSeconds(second), "the lease is the first one's").toBe(before);
  await first.close();
  await expect
    .poll(
      async () => {
        await controlPlaneWork(second, callOf, LATER_MS);
        return accruedSeconds(second);
      },
      { timeout: 30_000 },
    )
    .toBe(5 * FINAL_SECONDS);
});

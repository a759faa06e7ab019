/** Leases of several nodes: one node holds the lease; when that node is gone, another takes it. */
import { beforeEach, describe, expect, onTestFinished } from "vitest";
import { CuttingProxy } from "../../../../../test/support/postgres/cutting-proxy.ts";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { START_MS } from "../../../testing/contract/ledger-under-test.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import type { PostgresLedger } from "./postgres-ledger.ts";

const test = testOfPostgres();

/** The promise: this long after the holder has died, another node holds the lease. */
const TAKEN_OVER_MS = 30_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
});

async function node(url = database.url): Promise<PostgresLedger> {
  const { ledger } = await openAt(url, { wallMs: () => START_MS }, { lanes: 1 });
  onTestFinished(() => ledger.close());
  return ledger;
}

describe("a lease", () => {
  test("is held by one node, again and again, and by another under another name", async () => {
    const [one, other] = [await node(), await node()];
    expect(await one.holdLease("accrual")).toBe(true);
    expect(await other.holdLease("accrual")).toBe(false);
    expect(await one.holdLease("accrual")).toBe(true);
    expect(await other.holdLease("digest")).toBe(true);
    expect(await one.holdLease("digest")).toBe(false);
  });

  test("is one node's, whoever asks at the same time", async () => {
    const nodes = [await node(), await node(), await node()];
    const held = await Promise.all(nodes.map((ledger) => ledger.holdLease("accrual")));
    expect(held.filter(Boolean)).toHaveLength(1);
  });

  test("is given back by a node that ends", async () => {
    const [one, other] = [await node(), await node()];
    await one.holdLease("accrual");
    await one.close();
    expect(await other.holdLease("accrual")).toBe(true);
  });

  test(
    "is kept by a node that need not ask again, and taken over from one that is cut off, which no longer says it has it",
    { timeout: 2 * TAKEN_OVER_MS + 10_000 },
    async () => {
      const { proxy, url } = await CuttingProxy.before(database.url);
      onTestFinished(() => proxy.close());
      const [cut, other] = [await node(url), await node()];
      expect(await cut.holdLease("accrual")).toBe(true);
      const until = async (): Promise<number> =>
        Number((await database.query("SELECT until_ms FROM countinghouse.lease"))[0]?.["until_ms"]);
      const first = await until();
      await expect.poll(until, { timeout: TAKEN_OVER_MS }).toBeGreaterThan(first);
      expect(await other.holdLease("accrual")).toBe(false);
      proxy.close();
      await expect.poll(() => other.holdLease("accrual"), { timeout: TAKEN_OVER_MS, interval: 500 }).toBe(true);
      expect(await cut.holdLease("accrual")).toBe(false);
    },
  );
});

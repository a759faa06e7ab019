/** Messages between the machines of a cluster get lost: what was acknowledged stays, and nobody finds a contradiction. */
import { afterAll, beforeEach, expect, onTestFinished } from "vitest";
import { START_MS } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { keptIds, meter, sent } from "../../packages/server/testing/contract/works.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import type { PostgresLedger } from "../../packages/server/src/stores/postgres/postgres-ledger.ts";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { CitusDatabases, testOfCitus, type CitusDatabase } from "../support/postgres/citus.ts";
import { CuttingProxy } from "../support/postgres/cutting-proxy.ts";

const test = testOfCitus();

const databases = new CitusDatabases();
afterAll(() => databases.remove());

let database: CitusDatabase;
beforeEach(async () => {
  database = await databases.take();
  onTestFinished(() => databases.giveBack(database));
});

async function node(url = database.url): Promise<PostgresLedger> {
  const { ledger } = await openAt(url, { wallMs: () => START_MS }, { lanes: 1 });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** What a machine prepared and never heard the end of is ended by the coordinator, which does so by itself now and then. */
const recover = (): Promise<unknown> => database.query("SELECT recover_prepared_transactions()");
const lost = (): number => database.workers.reduce((sum, { proxy }) => sum + proxy.losses, 0);

async function agrees(): Promise<void> {
  expect(await verifyAt(database.url, realWorld)).toMatchObject({ disagreement: undefined });
}

test("the second phase of a commit, and the node's connection with it: it stands, and what is sent again waits and is a replay (Rule K4)", async () => {
  const { proxy, url } = await CuttingProxy.before(database.url);
  onTestFinished(() => proxy.close());
  const [cut, other] = [await node(url), await node()];
  await cut.transact(meter([sent({ dimension: "warm" })]));
  for (let i = 0; i < 5; i += 1) {
    for (const worker of database.workers) worker.proxy.lose("COMMIT PREPARED");
    proxy.cutNextCommit("after");
    const record = sent({ dimension: `${i}` });
    const [first] = await cut.transact(meter([record]));
    expect(first?.kept).toBeUndefined();
    const again = other.transact(meter([record]));
    const sentAgain = cut.transact(meter([record]));
    await recover();
    for (const [metered] of await Promise.all([again, sentAgain])) {
      expect(metered).toMatchObject({ id: first?.id, kept: { meteringRecordId: first?.id } });
    }
    for (const worker of database.workers) worker.proxy.forget();
  }
  expect([proxy.cuts, lost()]).toEqual([5, 5]);
  expect(await keptIds(cut)).toHaveLength(6);
  expect([cut.defect, other.defect]).toEqual([undefined, undefined]);
  await agrees();
});

test("the first phase of a commit: nothing of it stands, and it is made again", async () => {
  const ledger = await node();
  await ledger.transact(meter([sent({ dimension: "warm" })]));
  for (const worker of database.workers) worker.proxy.lose("PREPARE TRANSACTION");
  const outcome = await ledger.transact(meter([sent()])).then(
    ([metered]) => metered?.id,
    () => undefined,
  );
  const [again] = await ledger.transact(meter([sent()]));
  if (outcome !== undefined) expect(again?.id).toBe(outcome);
  expect(await keptIds(ledger)).toHaveLength(2);
  expect(ledger.defect).toBeUndefined();
  await agrees();
});

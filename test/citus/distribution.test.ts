/** How a ledger lies on several machines: what is sent where, how it comes to lie there, and what is refused. */
import { afterAll, beforeEach, expect, onTestFinished } from "vitest";
import { temporaryFolder } from "../../packages/server/testing/contract/temporary-folder.ts";
import { copyLedger } from "../../packages/server/src/stores/postgres/copying/copy-ledger.ts";
import { openLedgerSource } from "../../packages/server/src/stores/sqlite/ledger-source.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { START_MS, ledgerOver } from "../../packages/server/testing/contract/ledger-under-test.ts";
import {
  EVERYTHING,
  PRODUCT,
  accountChange,
  keptIds,
  meter,
  put,
  sent,
} from "../../packages/server/testing/contract/works.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import { LOCAL } from "../../packages/server/src/stores/postgres/distribution.ts";
import { migrateLedger } from "../../packages/server/src/stores/postgres/migrate-ledger.ts";
import type { PostgresLedger } from "../../packages/server/src/stores/postgres/postgres-ledger.ts";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { CitusDatabases, testOfCitus, type CitusDatabase } from "../support/postgres/citus.ts";
import { runCommand } from "../support/server.ts";

const test = testOfCitus();

const databases = new CitusDatabases();
afterAll(() => databases.remove());

let database: CitusDatabase;
beforeEach(async () => {
  database = await databases.take();
  onTestFinished(() => databases.giveBack(database));
});

async function node(): Promise<PostgresLedger> {
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS }, { lanes: 1 });
  onTestFinished(() => ledger.close());
  return ledger;
}

/** What was sent to each worker meanwhile, in its order; questions of the cluster's own left out. */
async function sentMeanwhile(run: () => Promise<unknown>): Promise<string[][]> {
  for (const { proxy } of database.workers) proxy.statements.length = 0;
  await run();
  return database.workers.map(({ proxy }) =>
    proxy.statements.filter((text) => !/pg_prepared_xacts|waiting_pid|SELECT 1$/.test(text)),
  );
}

const WRITTEN = [
  /^BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;SELECT assign_distributed_transaction_id/,
  /^COPY countinghouse\.entry_\d+ /,
  /^COPY countinghouse\.metering_record_\d+ /,
  /^PREPARE TRANSACTION/,
  /^COMMIT PREPARED/,
];

/** Whether texts are those of patterns, one after the other. */
function follow(texts: readonly string[], patterns: readonly RegExp[]): void {
  expect(texts).toEqual(patterns.map((pattern) => expect.stringMatching(pattern) as string));
}

test("a group of new records goes to its product's machine alone, in five commands, and is prepared before it is committed", async () => {
  const ledger = await node();
  await ledger.transact(meter([sent({ dimension: "warm" })]));
  const asked = await sentMeanwhile(() =>
    ledger.transact(meter(Array.from({ length: 25 }, (_, i) => sent({ dimension: `${i}` })))),
  );
  const [none, some] = asked.toSorted((a, b) => a.length - b.length);
  expect(none).toEqual([]);
  follow(some ?? [], WRITTEN);
});

test("what was sent again is looked up at one machine, outside of the group's transaction, which stays one that is prepared", async () => {
  const ledger = await node();
  const records = [sent(), sent({ dimension: "calls" })];
  await ledger.transact(meter(records.slice(0, 1)));
  await ledger.transact(meter(records.slice(0, 1)));
  const [none, some = []] = (await sentMeanwhile(() => ledger.transact(meter(records)))).toSorted(
    (a, b) => a.length - b.length,
  );
  expect(none).toEqual([]);
  const lookUps = some.filter((text) => text.startsWith("SELECT") && !text.includes("assign_distributed"));
  expect(lookUps).toHaveLength(2);
  follow(
    some.filter((text) => !lookUps.includes(text)),
    WRITTEN,
  );
});

test("no commit is made that was not prepared first, whatever is written", async () => {
  const ledger = await node();
  const licensed = Array.from({ length: 8 }, (_, i) =>
    sent({ licenseArn: `arn:aws:license-manager::1:license:l-${i}` }),
  );
  const sentTo = await sentMeanwhile(async () => {
    for (let again = 0; again < 3; again += 1) {
      await ledger.transact(meter([sent({ dimension: `${again}` }), ...licensed]));
      await ledger.transact(put([accountChange("444455556666", { title: `${again}` })]));
    }
    await ledger.reset({ ...meter([]).call }, () => []);
  });
  const [writes, prepared, committed] = [
    /^COPY|^DELETE|^INSERT|^UPDATE/,
    /^PREPARE TRANSACTION/,
    /^COMMIT PREPARED/,
  ].map((pattern) => sentTo.flat().filter((text) => pattern.test(text)).length);
  expect(writes).toBeGreaterThan(20);
  expect(prepared).toBeGreaterThan(0);
  expect(committed).toBe(prepared);
  // Connections that nothing was written over have nothing to prepare: there are none.
  expect(sentTo.flat().filter((text) => text === "COMMIT")).toEqual([]);
});

test("a page of records asks each shard for no more rows than it shows, and that of a product one shard alone", async () => {
  const ledger = await node();
  await ledger.transact(meter([sent()]));
  const page = { ...EVERYTHING, limit: 7 };
  const all = (await sentMeanwhile(() => ledger.meteringRecords(page)))
    .flat()
    .filter((text) => /metering_record_/.test(text));
  expect(all.length).toBeGreaterThan(1);
  for (const text of all) expect(text).toMatch(/LIMIT '?7/);
  const of = (await sentMeanwhile(() => ledger.meteringRecords({ ...page, offerings: [PRODUCT] }))).flat();
  expect(of.filter((text) => /metering_record_/.test(text))).toHaveLength(2);
});

test("a ledger that an earlier version had distributed otherwise is not served, and put right by the same command", async () => {
  const ledger = await node();
  const [metered] = await ledger.transact(meter([sent()]));
  await ledger.close();
  for (const table of LOCAL) await database.query(`SELECT create_reference_table('countinghouse.${table}')`);
  await expect(openAt(database.url, {})).rejects.toThrow(
    /not as this version needs it \(catalogue, .*lane, .*store migrate --citus/,
  );
  expect(await migrateLedger(database.url, true, realWorld)).toMatchObject({ distributed: [], undistributed: LOCAL });
  expect(await migrateLedger(database.url, true, realWorld)).toMatchObject({ distributed: [], undistributed: [] });
  const again = await node();
  expect(await again.transact(meter([sent()]))).toMatchObject([{ id: metered?.id, kept: {} }]);
});

test("a ledger that one machine holds is distributed with all that is in it", async () => {
  await database.empty();
  const one = await node();
  const metered = await one.transact(meter(Array.from({ length: 30 }, (_, i) => sent({ dimension: `${i}` }))));
  await one.close();
  expect(await migrateLedger(database.url, true, realWorld)).toMatchObject({
    distributed: ["entry", "metering_record"],
  });
  const ledger = await node();
  expect((await keptIds(ledger)).toSorted()).toEqual(metered.map(({ id }) => id).toSorted());
  expect(await verifyAt(database.url, realWorld)).toMatchObject({ meteringRecords: 30, disagreement: undefined });
});

test("an embedded ledger moves in, also where an earlier copy came to no end", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
  await store.ledger.transact(meter([sent(), sent({ dimension: "calls" })]));
  await store.ledger.close();
  const source = await openLedgerSource(folder.path);
  onTestFinished(() => source.close());
  const options = { ...realWorld, onProgress: () => undefined };
  await copyLedger(source, database.url, { ...options, again: false });
  await database.query("UPDATE countinghouse.state SET copying = 'an interrupted one'");
  await expect(openAt(database.url, {})).rejects.toThrow("is being copied into this one, or was");
  expect(await copyLedger(source, database.url, { ...options, again: true })).toMatchObject({ meteringRecords: 2 });
  expect(await keptIds(await node())).toHaveLength(2);
});

test("nothing is distributed while servers are connected, and no server takes a worker for the coordinator", async () => {
  await (await node()).transact(meter([sent()]));
  const flags = { COUNTINGHOUSE_STORE: database.url };
  expect(await runCommand(["store", "migrate", "--citus"], flags)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Servers are connected to the ledger") as string,
  });
  expect(await runCommand(["store", "migrate"], { COUNTINGHOUSE_STORE: database.workers[0]?.url ?? "" })).toMatchObject(
    {
      code: 1,
      stderr: expect.stringContaining("This database is a worker of a Citus cluster") as string,
    },
  );
});

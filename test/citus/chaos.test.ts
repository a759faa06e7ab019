/**
 * Two servers on a ledger of several machines, under load, while servers, the coordinator and workers are killed, messages between
 * machines get lost, shards are moved, and a worker is added. What was acknowledged is held against what is kept.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect } from "vitest";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { expectKeptOnce, readiness, startCallers } from "../support/chaos.ts";
import { loadCatalogueArgs } from "../support/load.ts";
import { crash, newSpreadDatabase, testOfCitus, type CitusDatabase } from "../support/postgres/citus.ts";
import { nodeArgs } from "../support/postgres/database.ts";
import type { Random } from "../support/random.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const test = testOfCitus();

const ROUNDS = 3;
const PAUSE_MS_MAX = 1_000;

const folder = temporaryFolder();
let database: CitusDatabase | undefined;
let nodes: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await database?.remove();
  folder.remove();
});

type Trouble = (at: CitusDatabase, random: Random, args: readonly string[]) => Promise<unknown>;

const anyWorker = ({ workers }: CitusDatabase, random: Random): CitusDatabase["workers"][number] =>
  random.pick(workers);

/** As whatever runs servers does it: again, where a machine is not back yet. */
async function startAgain(args: readonly string[]): Promise<RunningServer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startServer(args);
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  "kill a server": async (_, random, args) => {
    const which = random.whole(0, nodes.length - 1);
    await nodes[which]?.kill();
    nodes[which] = await startAgain(args);
  },
  "crash the coordinator": ({ url }) => crash(url),
  "crash a worker": (at, random) => crash(anyWorker(at, random).url),
  "lose the second phase of commits": (at) => {
    for (const { proxy } of at.workers) proxy.lose("COMMIT PREPARED", 3);
    return Promise.resolve();
  },
  "lose the first phase of commits": (at) => {
    for (const { proxy } of at.workers) proxy.lose("PREPARE TRANSACTION", 3);
    return Promise.resolve();
  },
  "cut a worker off": async (at, random) => {
    const { proxy } = anyWorker(at, random);
    await proxy.begin("refusing");
    await delay(PAUSE_MS_MAX);
    await proxy.end();
  },
  "move a shard": async (at) => {
    const [shard] = await at.query(`SELECT s.shardid, n.nodename, n.nodeport FROM pg_dist_shard s
      JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node n USING (groupid) ORDER BY random() LIMIT 1`);
    const other = at.workers.find(({ proxy }) => proxy.port !== shard?.["nodeport"]);
    // Another trouble may be in its way.
    await at
      .query(
        `SELECT citus_move_shard_placement(${String(shard?.["shardid"])}, '${String(shard?.["nodename"])}',
         ${String(shard?.["nodeport"])}, '127.0.0.1', ${other?.proxy.port}, 'block_writes')`,
      )
      .catch(() => undefined);
  },
};

/** Once nothing else is in its way. */
async function addWorker(at: CitusDatabase): Promise<void> {
  for (const { proxy } of at.workers) proxy.forget();
  await at.addWorker();
}

test("whatever fails, every acknowledged record is kept once, and the ledger agrees with itself", async () => {
  const at = (database = await newSpreadDatabase());
  const args = [...loadCatalogueArgs(folder.path), ...nodeArgs(at.url, folder.path)];
  nodes = [await startServer(args), await startServer(args)];
  const callers = startCallers(() => nodes, "chaos on several machines");
  const { random, book } = callers;
  let troubles = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const trouble of Object.values(TROUBLES)) {
      await delay(random.whole(50, PAUSE_MS_MAX));
      await trouble(at, random, args);
      troubles += 1;
    }
    if (round === 0) await addWorker(at);
  }
  await callers.stop();
  for (const { proxy } of at.workers) proxy.forget();
  for (const { endpoint } of nodes) await readiness(endpoint, 200);
  await expect
    .poll(() => at.query("SELECT recover_prepared_transactions()").then(() => true), { timeout: 20_000 })
    .toBe(true);

  await expectKeptOnce(nodes, callers);
  expect(await verifyAt(at.url, realWorld)).toMatchObject({ meteringRecords: book.keys, disagreement: undefined });
  expect(book.answers["ok"]).toBeGreaterThan(troubles);
  const lost = at.workers.reduce((sum, { proxy }) => sum + proxy.losses, 0);
  process.stdout.write(
    `chaos on ${at.workers.length} workers: ${troubles} troubles, ${lost} messages lost, ${book.records} acknowledgements of ` +
      `${book.acknowledgedKeys} records, 0 lost; answers ${JSON.stringify(book.answers)}\n`,
  );
}, 300_000);

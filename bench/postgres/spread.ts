/**
 * The store over several machines (Citus) beside the store over one PostgreSQL, without servers, with flushes, in turns:
 * `COUNTINGHOUSE_CITUS_URL=… npm run bench:spread -- [--rounds 3] [--seconds 4]`. The nodes are in this one process, and share
 * its processors with cluster and PostgreSQL. So the result shows the overhead, and what waits for what, not what more machines
 * would give.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { newSpreadDatabase } from "../../test/support/postgres/citus.ts";
import { PostgresServer } from "../../test/support/postgres/postgres-server.ts";
import { shardKeyOf } from "../../packages/server/src/stores/postgres/keys.ts";
import type { PostgresLedger } from "../../packages/server/src/stores/postgres/postgres-ledger.ts";
import { migrateLedger } from "../../packages/server/src/stores/postgres/migrate-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { machineOf } from "../machine.ts";
import { measure, openNode } from "./store-load.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, seconds: { type: "string", default: "4" } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const folder = mkdtempSync(join(tmpdir(), "countinghouse-spread-"));

const PRODUCTS = Array.from({ length: 8 }, (_, i) => `product-${i}`);
const CASES = [
  { name: "1 node, 1 product", nodes: 1, products: PRODUCTS.slice(0, 1) },
  { name: "2 nodes, 8 products", nodes: 2, products: PRODUCTS },
];

const plain = await PostgresServer.make(folder);
const spread = await newSpreadDatabase({ proxies: false });
await migrateLedger(plain.url(), false, realWorld);

async function within<T>(url: string, count: number, run: (nodes: PostgresLedger[]) => Promise<T>): Promise<T> {
  const nodes: PostgresLedger[] = [];
  for (let i = 0; i < count; i += 1) nodes.push(await openNode(url));
  try {
    return await run(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const shown = (number: number): string => number.toFixed(number < 10 ? 2 : 0);

try {
  process.stdout.write(`${JSON.stringify(machineOf(folder))}\n`);
  for (const { name, nodes: count, products } of CASES) {
    const figures: { plain: number; spread: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const of = (url: string): Promise<number> =>
        within(url, count, async (nodes) => {
          await measure(nodes, products, 1);
          return measure(nodes, products, seconds);
        });
      figures.push({ plain: await of(plain.url()), spread: await of(spread.url) });
    }
    const ratios = figures.map((figure) => figure.spread / figure.plain);
    process.stdout.write(
      `${name}: PostgreSQL ${shown(median(figures.map((one) => one.plain)))} requests/s, Citus ` +
        `${shown(median(figures.map((one) => one.spread)))}, ratio ${shown(median(ratios))} (${ratios.map(shown).join(", ")})\n`,
    );
  }
  await withOneWorkerAway();
} finally {
  await spread.remove();
  await plain.remove();
}

/** How much throughput products on the other worker keep; here all messages to workers pass through this process. */
async function withOneWorkerAway(): Promise<void> {
  const behind = await newSpreadDatabase();
  try {
    const port = behind.workers[0]?.proxy.port;
    const keys = PRODUCTS.map((name) => `('${name}', ${shardKeyOf(name)}::bigint)`).join(", ");
    const rows = await behind.query(`SELECT name, n.nodeport FROM (VALUES ${keys}) AS k (name, shard_key)
      JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('countinghouse.entry', k.shard_key)
      JOIN pg_dist_node n USING (groupid)`);
    const others = rows.filter(({ nodeport }) => nodeport !== port).map(({ name }) => String(name));
    const away = PRODUCTS.filter((name) => !others.includes(name));
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ratios.push(
        await within(behind.url, 1, async ([node]) => {
          const nodes = [node as PostgresLedger];
          // Both kinds of products are metered all the time; only the others are counted.
          const both = async (): Promise<number> => {
            const [counted] = await Promise.all([measure(nodes, others, seconds), measure(nodes, away, seconds)]);
            return counted;
          };
          await measure(nodes, PRODUCTS, 1);
          const before = await both();
          await behind.workers[0]?.proxy.begin("refusing");
          const during = await both();
          await behind.workers[0]?.proxy.end();
          await realWorld.sleep(2_000);
          return during / before;
        }),
      );
    }
    process.stdout.write(
      `one of two workers away: the products of the other keep ${shown(median(ratios))} of their throughput (${ratios.map(shown).join(", ")})\n`,
    );
  } finally {
    await behind.remove();
  }
}

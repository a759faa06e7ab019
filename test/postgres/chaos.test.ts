/**
 * Three servers on one PostgreSQL, under load, while servers are killed, the database is killed and its connections are
 * cut. Callers do what callers must: they send again, to whichever server answers. What was acknowledged is held against
 * what is kept, as each of the servers tells it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect } from "vitest";
import { expectKeptOnce, readiness, startCallers } from "../support/chaos.ts";
import { loadCatalogueArgs } from "../support/load.ts";
import { nodeArgs, testOfPostgres } from "../support/postgres/database.ts";
import { PostgresServer } from "../support/postgres/postgres-server.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const test = testOfPostgres();

const NODES = 3;
const TROUBLES = 9;
const PAUSE_MS_MAX = 1_000;

const folder = temporaryFolder();
let postgres: PostgresServer | undefined;
let nodes: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await postgres?.remove();
  folder.remove();
});

test("whatever fails, every acknowledged record is kept once, and all servers come back by themselves", async () => {
  const database = (postgres = await PostgresServer.make());
  const args = [...loadCatalogueArgs(folder.path), ...nodeArgs(database.url(), folder.path)];
  nodes = await Promise.all(Array.from({ length: NODES }, () => startServer(args)));

  const callers = startCallers(() => nodes, "chaos");
  const { random, book } = callers;
  const done = { "kill a server": 0, "kill the database": 0, "cut connections": 0 };
  const troubles = Object.keys(done) as (keyof typeof done)[];
  for (let i = 0; i < TROUBLES; i += 1) {
    await delay(random.whole(50, PAUSE_MS_MAX));
    const trouble = troubles[i % troubles.length] as keyof typeof done;
    done[trouble] += 1;
    if (trouble === "kill a server") {
      const which = random.whole(0, NODES - 1);
      await nodes[which]?.kill();
      nodes[which] = await startServer(args);
    } else if (trouble === "kill the database") {
      await database.kill();
      // Not until all of them know: what they do from then on is to come back.
      await Promise.all(nodes.map(({ endpoint }) => readiness(endpoint, 503)));
      await database.start();
    } else {
      await database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'countinghouse%'",
      );
    }
  }
  await callers.stop();

  for (const { endpoint } of nodes) await readiness(endpoint, 200);
  await expectKeptOnce(nodes, callers);
  expect(book.answers["ok"]).toBeGreaterThan(TROUBLES);
  process.stdout.write(
    `chaos: ${JSON.stringify(done)}, ${book.records} acknowledgements of ${book.acknowledgedKeys} records, 0 lost; ` +
      `answers ${JSON.stringify(book.answers)}\n`,
  );
}, 180_000);

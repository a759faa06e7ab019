/**
 * kill -9 under load, again and again, over one data folder. What was acknowledged is held against the ledger after
 * every restart, before anything is sent again that could put a lost record back.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { loadServerArgs, settle, startLoad, Workload } from "../support/load.ts";
import { seededRandom } from "../support/random.ts";
import { spawnServer, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const ROUNDS = 20;
const CONNECTIONS = 6;
const LOAD_MS_MAX = 600;
const START_MS_MAX = 800;

const folder = temporaryFolder();
let server: RunningServer | undefined;

afterEach(async () => {
  await server?.kill();
  folder.remove();
});

test("no acknowledged record is lost, and none counted twice, by kill -9 at any moment under load", async () => {
  const random = seededRandom("kill");
  const book = new Book();
  const workload = new Workload(random, book);
  const args = loadServerArgs(folder.path, `${folder.path}/data`);
  let unanswered = 0;
  let keptUnheard = 0;

  for (let round = 0; round < ROUNDS; round += 1) {
    server = await startServer(args);
    const kept = await keptBy(server);
    expect(book.compare(kept), `after ${round} kills`).toEqual(NO_DIFFERENCES);
    unanswered += book.open.size;
    keptUnheard += kept.length - book.acknowledgedKeys;
    await settle(server.endpoint, random, book);

    const load = startLoad(server.endpoint, CONNECTIONS, workload, book);
    await delay(random.whole(10, LOAD_MS_MAX));
    await server.kill();
    await load.stop();

    // Some servers do not get as far as serving.
    if (round % 4 === 3) {
      const starting = spawnServer(["--port", "0", ...args]);
      const exited = new Promise((resolve) => starting.once("exit", resolve));
      await delay(random.whole(0, START_MS_MAX));
      starting.kill("SIGKILL");
      await exited;
    }
  }

  server = await startServer(args);
  await settle(server.endpoint, random, book, 200);
  const kept = await keptBy(server);
  expect(book.compare(kept)).toEqual(NO_DIFFERENCES);
  expect(kept.length, "every key that was sent is kept once").toBe(book.keys);
  expect(book.answers["ok"]).toBeGreaterThan(ROUNDS);
  process.stdout.write(
    `kill: ${ROUNDS} rounds, ${book.records} acknowledgements of ${kept.length} records, 0 lost; ` +
      `${unanswered} requests unanswered, ${keptUnheard} records kept whose answer never arrived\n`,
  );
}, 150_000);

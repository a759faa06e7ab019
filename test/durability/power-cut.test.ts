/**
 * A power cut, as far as one can be had without pulling a plug: the server's data folder is on a file system that
 * stops in the middle of the writing and forgets what was not flushed. The control, a store that does not flush, shows
 * that the cut takes records where it can.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { loadServerArgs, meterInBook, Connection, settle, startLoad, usageAt, Workload } from "../support/load.ts";
import { LoopDisk, noLoopDisks } from "../support/loop-disk.ts";
import { seededRandom } from "../support/random.ts";
import { NODE_FLAGS, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { keptIn, ledgerOver } from "./one-record.ts";

const ROUNDS = 5;
const CONTROL_ROUNDS = 2;
/** Few enough that SQLite has not yet copied its log to the database, which flushes in either mode. */
const CONTROL_RECORDS = 1_500;
const CONNECTIONS = 6;
const WRITER = fileURLToPath(new URL("acknowledging-writer.ts", import.meta.url));

const folder = temporaryFolder();
let disk: LoopDisk | undefined;
let server: RunningServer | undefined;
let writer: ChildProcess | undefined;

afterEach(async () => {
  await server?.kill();
  server = undefined;
  writer?.kill("SIGKILL");
  disk?.remove();
  disk = undefined;
});
afterAll(() => folder.remove());

test("no acknowledged record is lost, and none counted twice, by a power cut under load", async (context) => {
  const reason = noLoopDisks("power cut");
  if (reason !== undefined) context.skip(reason);
  const random = seededRandom("power cut");
  const book = new Book();
  const workload = new Workload(random, book);
  disk = new LoopDisk(128);
  const args = loadServerArgs(folder.path, `${disk.path}/data`);

  for (let round = 0; round < ROUNDS; round += 1) {
    disk.mount();
    server = await startServer(args);
    expect(book.compare(await keptBy(server)), `after ${round} power cuts`).toEqual(NO_DIFFERENCES);
    await settle(server.endpoint, random, book);

    const load = startLoad(server.endpoint, CONNECTIONS, workload, book);
    await delay(random.whole(200, 1_200));
    disk.cutPower(server.process.pid);
    await server.kill();
    await load.stop();
    disk.unmount();
  }

  disk.mount();
  server = await startServer(args);
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
  await settle(server.endpoint, random, book);
  const kept = await keptBy(server);
  expect(book.compare(kept)).toEqual(NO_DIFFERENCES);
  expect(kept.length, "every key that was sent is kept once").toBe(book.keys);
  process.stdout.write(
    `power cut: ${ROUNDS} rounds, ${book.records} acknowledgements of ${kept.length} records, 0 lost; ` +
      `answers ${JSON.stringify(book.answers)}\n`,
  );
}, 150_000);

test("a power cut right after the first answer of a new data folder leaves a folder that holds it", async (context) => {
  const reason = noLoopDisks("power cut");
  if (reason !== undefined) context.skip(reason);
  disk = new LoopDisk(32);
  disk.mount();
  const args = loadServerArgs(folder.path, `${disk.path}/new/folders/data`);
  server = await startServer(args);
  const book = new Book();
  const connection = new Connection(server.endpoint);
  await meterInBook(connection, [usageAt(0), usageAt(1)], book);
  disk.cutPower(server.process.pid);
  connection.close();
  await server.kill();
  disk.unmount();

  disk.mount();
  server = await startServer(args);
  const kept = await keptBy(server);
  expect(kept).toHaveLength(2);
  expect(book.compare(kept)).toEqual(NO_DIFFERENCES);
});

test("the control: the same cut takes records from a store that does not flush, and none from one that does", async (context) => {
  const reason = noLoopDisks("power cut");
  if (reason !== undefined) context.skip(reason);
  const lost = { FULL: 0, NORMAL: 0 };
  const acknowledged = { FULL: 0, NORMAL: 0 };
  for (let round = 0; round < CONTROL_ROUNDS; round += 1) {
    for (const synchronous of ["FULL", "NORMAL"] as const) {
      const ids = await acknowledgedBeforeCut(synchronous);
      const ledger = ledgerOver(openSqliteEngine(`${disk?.path}/data`));
      const kept = new Set((await keptIn(ledger)).values());
      await ledger.close();
      acknowledged[synchronous] += ids.length;
      lost[synchronous] += ids.filter((id) => !kept.has(id)).length;
      disk?.remove();
    }
  }
  process.stdout.write(
    `power cut, control of ${CONTROL_ROUNDS} rounds: flushing lost ${lost.FULL} of ${acknowledged.FULL} acknowledged, ` +
      `not flushing lost ${lost.NORMAL} of ${acknowledged.NORMAL}\n`,
  );
  expect(acknowledged.FULL).toBeGreaterThan(0);
  expect(lost.FULL).toBe(0);
  expect(lost.NORMAL, "a cut that takes nothing here would prove nothing above").toBeGreaterThan(0);
});

/** Runs the writer on a new disk, cuts its power, and mounts it again; answers the ids that were acknowledged. */
async function acknowledgedBeforeCut(synchronous: "FULL" | "NORMAL"): Promise<string[]> {
  disk = new LoopDisk(128);
  disk.mount();
  const child = spawn(process.execPath, [...NODE_FLAGS, WRITER, `${disk.path}/data`, synchronous], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  writer = child;
  let printed = "";
  const closed = new Promise((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.split("\n").length > CONTROL_RECORDS) resolve();
    });
    child.once("close", resolve);
  });
  disk.cutPower(child.pid);
  child.kill("SIGKILL");
  await closed;
  disk.unmount();
  disk.mount();
  return printed.split("\n").slice(0, -1);
}

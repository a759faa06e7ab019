/** A full disk: requests are refused as a fault of ours, nothing acknowledged goes, and service resumes by itself. */
import { rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, expect, test } from "vitest";
import { FaultError } from "../../packages/server/src/ledger/ledger.ts";
import { migrate } from "../../packages/server/src/stores/sqlite/migrations.ts";
import { SqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { errorOf, troubleOf } from "../../packages/server/src/stores/sqlite/trouble.ts";
import { GroupWriter } from "../../packages/server/src/stores/sqlite/writer/group-writer.ts";
import type { Writer } from "../../packages/server/src/stores/sqlite/writer/writer.ts";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, settle, startLoad, usageAt, Workload } from "../support/load.ts";
import { LoopDisk, noLoopDisks } from "../support/loop-disk.ts";
import { seededRandom } from "../support/random.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { keptIn, ledgerOver, oneRecord } from "./one-record.ts";

const ROUNDS = 3;
const CONNECTIONS = 6;
const DISK_MEGABYTES = 48;
/** Keys that the load does not get to. */
const PROBES_FROM = 80_000;
const FAULT = "InternalServiceErrorException";

const folder = temporaryFolder();
let disk: LoopDisk | undefined;
let server: RunningServer | undefined;

afterEach(async () => {
  await server?.kill();
  disk?.remove();
});
afterAll(() => folder.remove());

test("a full disk is answered with a fault, loses nothing, and is recovered from without a restart", async (context) => {
  const reason = noLoopDisks("full disk");
  if (reason !== undefined) context.skip(reason);
  const random = seededRandom("full disk");
  const book = new Book();
  const workload = new Workload(random, book);
  disk = new LoopDisk(DISK_MEGABYTES);
  disk.mount();
  const args = loadServerArgs(folder.path, `${disk.path}/data`);
  server = await startServer(args);
  const { endpoint } = server;
  const probe = new Connection(endpoint);
  let faults = 0;
  let probes = PROBES_FROM;

  await turnsRedAndGreen(server, disk, workload, book);
  faults = book.answers[FAULT] ?? 0;
  await settle(endpoint, random, book);
  for (let round = 0; round < ROUNDS; round += 1) {
    const load = startLoad(endpoint, CONNECTIONS, workload, book);
    await delay(random.whole(100, 400));
    fill(`${disk.path}/ballast`);
    await until(() => (book.answers[FAULT] ?? 0) >= faults + 10 * CONNECTIONS);

    // Blocks that a commit had been given before it failed are free to the next one: a few may still get through.
    let refused = await meterInBook(probe, [usageAt((probes += 1))], book);
    while (refused.status === 200) refused = await meterInBook(probe, [usageAt((probes += 1))], book);
    expect(refused).toMatchObject({ status: 500, error: FAULT, results: [] });
    expect((await fetch(`${endpoint}/healthz`)).status).toBe(200);
    expect(book.compare(await keptBy(server)), "while the disk is full").toEqual(NO_DIFFERENCES);

    const answered = book.answers["ok"] ?? 0;
    rmSync(`${disk.path}/ballast`);
    await until(() => (book.answers["ok"] ?? 0) >= answered + 20);
    await load.stop();
    faults = book.answers[FAULT] ?? 0;
    await settle(endpoint, random, book);
    expect(book.compare(await keptBy(server)), "once there is space again").toEqual(NO_DIFFERENCES);
  }
  probe.close();

  await server.kill();
  server = await startServer(args);
  const kept = await keptBy(server);
  expect(book.compare(kept), "after a restart").toEqual(NO_DIFFERENCES);
  expect(kept.length, "every key that was sent is kept once").toBe(book.keys);
  process.stdout.write(
    `full disk: ${ROUNDS} rounds, ${book.records} acknowledgements of ${kept.length} records, 0 lost; ` +
      `answers ${JSON.stringify(book.answers)}\n`,
  );
}, 150_000);

test("a ledger whose database may not grow refuses, keeps what it had, and goes on when it may", async () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const engine = new SqliteEngine(db, writerOver(db), { release: () => undefined });
  const ledger = ledgerOver(engine);
  const keep = (customer: string): Promise<string> => ledger.transact(oneRecord(customer));

  db.exec("PRAGMA max_page_count = 64");
  const customers = Array.from({ length: 2_000 }, (_, i) => `customer${i}`);
  const acknowledged = new Map<string, string>();
  const refused: string[] = [];
  for (const customer of customers) {
    try {
      acknowledged.set(customer, await keep(customer));
    } catch (error) {
      expect(error).toBeInstanceOf(FaultError);
      refused.push(customer);
    }
  }
  expect(refused.length).toBeGreaterThan(100);
  expect(ledger.defect).toBeUndefined();
  expect(await keptIn(ledger)).toEqual(acknowledged);

  db.exec("PRAGMA max_page_count = 1000000");
  for (const [customer, id] of acknowledged) expect(await keep(customer)).toBe(id);
  for (const customer of refused) acknowledged.set(customer, await keep(customer));
  expect(await keptIn(ledger)).toEqual(acknowledged);
  await ledger.close();
});

/** Writes in the thread and over the connection that reads: a database in memory has no other. */
function writerOver(db: DatabaseSync): Writer {
  const writer = new GroupWriter(db);
  return {
    // oxlint-disable-next-line typescript/require-await -- faults must reject, not throw
    write: async (group) => {
      try {
        writer.write(group);
      } catch (error) {
        throw errorOf(troubleOf(error), "refused");
      }
    },
    probe: () => Promise.resolve(),
    onEnd: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** `/readyz` says that nothing can be kept, and why; and that it can again, without anybody who asks for that. */
async function turnsRedAndGreen(
  { endpoint }: RunningServer,
  { path }: LoopDisk,
  workload: Workload,
  book: Book,
): Promise<void> {
  const readiness = async (): Promise<string> => {
    const answer = await fetch(`${endpoint}/readyz`);
    return `${answer.status} ${(await answer.text()).trimEnd()}`;
  };
  const wait = { timeout: 30_000, interval: 100 };
  const load = startLoad(endpoint, 1, workload, book);
  fill(`${path}/ballast`);
  await expect
    .poll(readiness, wait)
    .toMatch(/^503 not ready: nothing could be committed for \d+ seconds\. .*there is no space left on its disk/);
  await load.stop();
  // Nor does a probe find room while there is none.
  await delay(1_500);
  expect(await readiness()).toMatch(/^503 /);
  rmSync(`${path}/ballast`);
  await expect.poll(readiness, wait).toMatch(/^200 ready\nthe disk has \d+ MiB left/);
}

/** Leaves no byte free. */
function fill(file: string): void {
  for (const bytes of [1_048_576, 4_096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

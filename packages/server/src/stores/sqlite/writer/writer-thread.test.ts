import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ruleSets } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { manualClock } from "../../../clock.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { EVERYTHING, meter, sent } from "../../../../testing/contract/works.ts";
import { DefectError } from "../../../ledger/ledger.ts";
import { SingleWriterLedger } from "../../../ledger/single-writer-ledger.ts";
import { dataFolder } from "../data-folder.ts";
import { openForReading } from "../ledger-file.ts";
import { openSqliteEngine, SqliteEngine } from "../sqlite-engine.ts";
import type { PackedGroup } from "./packed-group.ts";
import { WriterThread, startWriterThread } from "./writer-thread.ts";

const nothing: PackedGroup = {
  reset: false,
  firstSeq: 1,
  entries: [],
  attributes: new Float64Array(),
  firstName: 1,
  names: [],
  namesOfKeys: [],
  figures: new Float64Array(),
  discriminators: [],
  expired: undefined,
  catalogue: [],
  resources: [],
  clock: undefined,
};

/** A thread that ends when it gets its first message. */
function mortal(how: string): WriterThread {
  return new WriterThread(
    new Worker(`require("node:worker_threads").parentPort.once("message", () => { ${how} })`, { eval: true }),
  );
}

test.each([
  ["is ended", "process.exit(7)", "exit code 7"],
  ["throws", "throw new Error('out of luck')", "out of luck"],
])("a writer that %s in the middle of a group fails it, and all after it, as a defect", async (_what, how, why) => {
  const writer = mortal(how);
  const told: DefectError[] = [];
  writer.onEnd((defect) => told.push(defect));
  const failed = await writer.write(nothing).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(DefectError);
  expect((failed as Error).message).toContain(why);
  await expect(writer.write(nothing)).rejects.toBe(failed);
  expect(told).toEqual([failed]);
  await writer.close();
});

test("a writer that cannot open its ledger says so without being asked", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const writer = startWriterThread({
    ledgerFile: join(folder.path, "no folder", "l"),
    markFile: join(folder.path, "mark"),
    synchronous: "FULL",
    trail: true,
  });
  const defect = await new Promise<DefectError>((resolve) => writer.onEnd(resolve));
  expect(defect.message).toContain("unable to open database file");
  await writer.close();
});

test("a ledger whose writer ends answers everybody, stops writing, and can still be read and closed", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  await openSqliteEngine(folder.path).close();
  const db = openForReading(dataFolder(folder.path).ledgerFile);
  const engine = new SqliteEngine(db, mortal("process.exit(7)"), { release: () => undefined });
  const ledger = new SingleWriterLedger(engine, engine.load(), {
    clock: manualClock(START_MS),
    ruleSet: ruleSets.classic,
    queuedMax: 10,
    groupMax: 2,
    schedule: setImmediate,
    monotonicMs: () => performance.now(),
  });
  const works = ["a", "b", "c"].map((dimension) => ledger.transact(meter([sent({ dimension })])));
  const outcomes = await Promise.allSettled(works);
  expect(ledger.defect).toBeInstanceOf(DefectError);
  for (const outcome of outcomes) expect(outcome).toEqual({ status: "rejected", reason: ledger.defect });
  expect(ledger.queued).toBe(0);
  expect((await ledger.meteringRecords(EVERYTHING)).items).toEqual([]);
  await ledger.close();
});

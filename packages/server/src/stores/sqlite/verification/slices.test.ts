/** Verification in slices does not hold up the log, and changes between two slices are no disagreement. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ledgerOver, START_MS, type LedgerUnderTest } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { meter, moveClockTo, newCall, sent } from "../../../../testing/contract/works.ts";
import { openSqliteEngine } from "../sqlite-engine.ts";
import { EntryWalk } from "./entry-walk.ts";
import { RecordCheck } from "./record-check.ts";
import { BegunAnew, Slices } from "./slices.ts";
import { verify, type Verification } from "./verify.ts";

/** More entries than two slices hold. */
const ENTRIES = 4_500;
const DAY_MS = 86_400_000;

let folder: ReturnType<typeof temporaryFolder>;
let store: LedgerUnderTest;
let next = 0;

async function meterOn(count: number): Promise<void> {
  const works = Array.from({ length: count }, () =>
    store.ledger.transact(meter([sent({ dimension: `d${(next += 1)}` })])),
  );
  await Promise.all(works);
}

beforeEach(async () => {
  folder = temporaryFolder();
  store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove, { queuedMax: 10_000 });
  await meterOn(ENTRIES);
});
afterEach(() => store.remove());

test("what is committed while a verification runs can be moved out of the log before it ends", () => {
  const file = join(folder.path, "ledger.sqlite");
  const other = new DatabaseSync(file);
  other.exec("PRAGMA wal_autocheckpoint = 0; CREATE TABLE beside (x)");
  const reader = new DatabaseSync(file, { readOnly: true });
  const state = (): unknown => other.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
  const states: unknown[] = [];
  new EntryWalk(reader, new Slices(reader), []).run((seq) => {
    if (seq === 10) other.exec("INSERT INTO beside VALUES (1)");
    if (seq === ENTRIES - 10) states.push(state());
  });
  const [{ log, checkpointed }] = states as [{ log: number; checkpointed: number }];
  expect(log).toBeGreaterThan(0);
  expect(checkpointed).toBe(log);
  reader.close();
  other.close();
});

/** Verifies step by step, and calls `between` between the slices of entries and those of records. */
async function verifiedWith(between: () => Promise<void>): Promise<number> {
  const reader = new DatabaseSync(join(folder.path, "ledger.sqlite"), { readOnly: true });
  try {
    const slices = new Slices(reader);
    const walk = new EntryWalk(reader, slices, []);
    const records = new RecordCheck(reader, slices, walk.names, walk.lastSeq);
    walk.run((seq, entry) => records.checkEntry(seq, entry));
    await between();
    records.lookForStrangers();
    return records.meteringRecords;
  } finally {
    reader.close();
  }
}

/** Verifies on a thread of its own, as another process would. */
function verifiedBeside(): Promise<Verification> {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    const { verify } = await import(workerData.module);
    parentPort.postMessage(verify(workerData.folder));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: { module: new URL("verify.ts", import.meta.url).href, folder: folder.path },
    execArgv: ["--conditions=@countinghouse/source"],
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

describe("is no disagreement:", () => {
  test("that the ledger grows", async () => {
    expect(await verifiedWith(() => meterOn(300))).toBe(ENTRIES);
  });

  test("that old entries expire, their records with them", async () => {
    await store.ledger.transact(moveClockTo(START_MS + 100 * DAY_MS));
    await meterOn(10);
    const expire = async (): Promise<void> => {
      expect(await store.ledger.expire(newCall, START_MS + 50 * DAY_MS)).toBeGreaterThanOrEqual(ENTRIES);
    };
    expect(await verifiedWith(expire)).toBe(ENTRIES + 10);
  });

  test("that it is emptied: then it is begun again", async () => {
    await expect(verifiedWith(() => store.ledger.reset(newCall(), () => []))).rejects.toThrow(BegunAnew);
    await meterOn(5);
    expect(verify(folder.path)).toMatchObject({ meteringRecords: 5, disagreement: undefined });
  });

  test("what comes of all of that at once, beside verifications that go on", async () => {
    const run = { going: true, found: [] as Verification[] };
    const verifying = (async (): Promise<void> => {
      while (run.going) run.found.push(await verifiedBeside());
    })();
    for (let round = 1; round <= 6 || run.found.length < 3; round += 1) {
      await store.ledger.transact(moveClockTo(START_MS + round * 100 * DAY_MS));
      await meterOn(600);
      await store.ledger.expire(newCall, START_MS + (round * 100 - 50) * DAY_MS);
      if (round % 3 === 0) await store.ledger.reset(newCall(), () => []);
    }
    run.going = false;
    await verifying;
    expect(run.found.map(({ disagreement }) => disagreement).filter((text) => text !== undefined)).toEqual([]);
  }, 60_000);
});

test("a record that nothing accepted is found, though as many have expired meanwhile", async () => {
  await store.ledger.transact(moveClockTo(START_MS + 100 * DAY_MS));
  await meterOn(10);
  const file = join(folder.path, "ledger.sqlite");
  const reader = new DatabaseSync(file, { readOnly: true });
  const slices = new Slices(reader);
  const walk = new EntryWalk(reader, slices, []);
  const records = new RecordCheck(reader, slices, walk.names, walk.lastSeq);
  walk.run((seq, entry) => records.checkEntry(seq, entry));
  await store.ledger.expire(newCall, START_MS + 50 * DAY_MS);
  const forger = new DatabaseSync(file);
  forger
    .prepare(
      `INSERT INTO metering_record WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       SELECT hour + 1000 + i, offering, region, customer, dimension, discriminator, quantity, entry_seq, position
       FROM n, (SELECT * FROM metering_record LIMIT 1)`,
    )
    .run(ENTRIES);
  forger.close();
  expect(() => records.lookForStrangers()).toThrow(/^A key points at record 1 of entry \d+, which was not accepted/);
  reader.close();
});

/** A copy in slices shows one moment of the ledger, whatever happens to the ledger meanwhile. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ledgerOver, START_MS, type LedgerUnderTest } from "../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../testing/contract/temporary-folder.ts";
import { accountChange, meter, moveClockTo, newCall, put, sent } from "../../../testing/contract/works.ts";
import type { Work } from "../../ledger/ledger.ts";
import { copyInSlices } from "./copy-in-slices.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { verify } from "./verification/verify.ts";

/** More entries than two slices hold. */
const ENTRIES = 2_500;
const DAY_MS = 86_400_000;

let folder: ReturnType<typeof temporaryFolder>;
let store: LedgerUnderTest;
let next = 0;
let copies = 0;

async function meterOn(count: number): Promise<void> {
  const works = Array.from({ length: count }, () =>
    store.ledger.transact(meter([1, 2].map((i) => sent({ dimension: `d${(next += 1)}`, quantity: i })))),
  );
  await Promise.all(works);
}

beforeEach(async () => {
  folder = temporaryFolder();
  store = await ledgerOver(() => openSqliteEngine(join(folder.path, "data")), folder.remove, { queuedMax: 10_000 });
  await store.ledger.transact(put([accountChange("444455556666")]));
  await meterOn(ENTRIES);
});
afterEach(() => store.remove());

/** A folder for a copy, and the empty file in it. */
function target(): { readonly path: string; readonly file: string } {
  const path = join(folder.path, `copy${(copies += 1)}`);
  mkdirSync(path);
  const file = join(path, "ledger.sqlite");
  writeFileSync(file, "", { mode: 0o600 });
  return { path, file };
}

const ledgerFile = (): string => join(folder.path, "data", "ledger.sqlite");

test("of a ledger that stands still, it holds every row of every table, and the same indexes", () => {
  const { path, file } = target();
  copyInSlices(ledgerFile(), file);
  const db = new DatabaseSync(file);
  db.prepare("ATTACH ? AS source").run(ledgerFile());
  const schema = (of: string): unknown[] =>
    db.prepare(`SELECT type, name, sql FROM ${of}.sqlite_schema ORDER BY type, name`).all();
  expect(schema("main")).toEqual(schema("source"));
  expect(db.prepare("PRAGMA main.user_version").get()).toEqual(db.prepare("PRAGMA source.user_version").get());
  for (const { name } of db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").all()) {
    const table = String(name);
    for (const [one, other] of [
      ["main", "source"],
      ["source", "main"],
    ] as const) {
      const rest = `SELECT count(*) AS n FROM (SELECT * FROM ${one}."${table}" EXCEPT SELECT * FROM ${other}."${table}")`;
      expect(db.prepare(rest).get(), table).toEqual({ n: 0 });
    }
  }
  db.close();
  expect(verify(path)).toMatchObject({ entries: ENTRIES + 1, meteringRecords: 2 * ENTRIES, disagreement: undefined });
});

test("of one that grows, of which old entries expire, and that is emptied, it agrees with itself", async () => {
  const run = { going: true, found: [] as ReturnType<typeof verify>[] };
  const copying = (async (): Promise<void> => {
    while (run.going) {
      const { path, file } = target();
      await copiedBeside(file);
      run.found.push(verify(path));
    }
  })();
  for (let round = 1; round <= 6 || run.found.length < 3; round += 1) {
    await store.ledger.transact(moveClockTo(START_MS + round * 100 * DAY_MS));
    await meterOn(1_500);
    await store.ledger.expire(newCall, START_MS + (round * 100 - 50) * DAY_MS);
    await meterOn(300);
    if (round % 3 === 0) await store.ledger.reset(newCall(), () => []);
  }
  run.going = false;
  await copying;
  expect(run.found.map(({ disagreement }) => disagreement).filter((text) => text !== undefined)).toEqual([]);
  expect(run.found.some(({ meteringRecords }) => meteringRecords > 1_000)).toBe(true);
}, 90_000);

const productOf = (n: number): string => `p${String(n).padStart(24, "0")}`;

/** A refusal of this product. Its name is then searched for in entries, and is not part of any key. */
function refuseFor(productCode: string): Work<undefined> {
  return {
    call: newCall(),
    keys: [],
    decide: () => ({
      event: { kind: "call-refused", code: "conflict", message: "", compared: {}, request: { productCode } },
      answer: undefined,
    }),
  };
}

function meterFor(productCode: string): Work<unknown> {
  const work = meter([sent({}, { offering: productCode })]);
  return {
    ...work,
    decide: (facts) => {
      const outcome = work.decide(facts);
      return outcome.event.kind === "usage-metered"
        ? { ...outcome, event: { ...outcome.event, productCode } }
        : outcome;
    },
  };
}

test("what was metered first of a product that was refused before, while it is copied, is in the copy", async () => {
  const products = Array.from({ length: 20_000 }, (_, i) => productOf(i));
  for (let i = 0; i < products.length; i += 5_000) {
    await Promise.all(products.slice(i, i + 5_000).map((code) => store.ledger.transact(refuseFor(code))));
  }
  const found: ReturnType<typeof verify>[] = [];
  while (found.length < 5) {
    const { path, file } = target();
    const run = { going: true };
    const copying = copiedBeside(file).finally(() => (run.going = false));
    while (run.going) {
      await Promise.all(products.splice(0, 20).map((code) => store.ledger.transact(meterFor(code))));
      await setImmediate();
    }
    await copying;
    found.push(verify(path));
  }
  expect(found.map(({ disagreement }) => disagreement)).toEqual(found.map(() => undefined));
}, 90_000);

/** Copies on a thread of its own, as another process would. */
function copiedBeside(file: string): Promise<void> {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    const { copyInSlices } = await import(workerData.module);
    copyInSlices(workerData.ledgerFile, workerData.file);
    parentPort.postMessage("done");`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: { module: new URL("copy-in-slices.ts", import.meta.url).href, ledgerFile: ledgerFile(), file },
    execArgv: ["--conditions=@countinghouse/source"],
  });
  return new Promise((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
}

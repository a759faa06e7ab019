import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { accountChange, newCall, sent } from "../../../testing/contract/works.ts";
import { ledgerOver } from "../../../testing/contract/ledger-under-test.ts";
import type { StagedEntry, StagedGroup } from "../../ledger/engine.ts";
import { stagedEntry } from "../../ledger/staged-entry.ts";
import { ledgerContract } from "../../../testing/contract/ledger-contract.ts";
import { DefectError, FaultError } from "../../ledger/ledger.ts";
import { dataFolder } from "./data-folder.ts";
import { openSqliteEngine, type SqliteEngine } from "./sqlite-engine.ts";
import { temporaryFolder } from "../../../testing/contract/temporary-folder.ts";

ledgerContract("in SQLite", (setup) => {
  const folder = temporaryFolder();
  return ledgerOver(() => openSqliteEngine(folder.path), folder.remove, setup);
});

function openEngine(): SqliteEngine {
  const folder = temporaryFolder();
  const engine = openSqliteEngine(folder.path);
  onTestFinished(async () => {
    await engine.close();
    folder.remove();
  });
  return engine;
}

const record = sent();

function groupOf(
  ...entries: { readonly call?: ReturnType<typeof newCall>; readonly dimension: string }[]
): StagedGroup {
  return {
    reset: false,
    entries: entries.map(({ call = newCall(), dimension }) =>
      stagedEntry({ atMs: 1, call, event: { kind: "ledger-reset" } }, [
        { position: 0, quantity: 1, key: keyOf(dimension) },
      ]),
    ),
    catalogue: [],
    resources: [],
    clock: undefined,
  };
}

const keyOf = (dimension: string): typeof record.key => ({ ...record.key, dimension });

async function seqOf(engine: SqliteEngine, dimension: string): Promise<number | undefined> {
  const { pointers } = await engine.find([keyOf(dimension)]);
  return pointers[0]?.seq;
}

test("a reset of the SQLite engine leaves no name behind, and begins again with its numbers", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const engine = openSqliteEngine(folder.path);
  await engine.commit(groupOf({ dimension: "a name to be forgotten" }));
  expect(await seqOf(engine, "a name to be forgotten")).toBe(1);
  await engine.commit({ reset: true, entries: [], catalogue: [], resources: [], clock: undefined });
  const db = new DatabaseSync(dataFolder(folder.path).ledgerFile);
  expect(db.prepare("SELECT text FROM name").all()).toEqual([]);
  db.close();
  await engine.commit(groupOf({ dimension: "another" }));
  expect(await seqOf(engine, "another")).toBe(1);
  expect(await seqOf(engine, "a name to be forgotten")).toBeUndefined();
  await engine.close();
  const reopened = openSqliteEngine(folder.path);
  const { pointers } = await reopened.list({ fromHour: 0, toHour: Number.MAX_SAFE_INTEGER, limit: 10 });
  expect(pointers).toEqual([{ key: keyOf("another"), seq: 1, position: 0 }]);
  await reopened.close();
});

test("an object that is removed leaves its row behind only where a catalogue file had named it", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const engine = openSqliteEngine(folder.path);
  const named = accountChange("111111111111", { fileDigest: "digest" });
  const put = [named, accountChange("222222222222")];
  await engine.commit({ ...groupOf({ dimension: "a" }), catalogue: put });
  const removed = put.map(({ kind, id }) => ({ kind, id, value: undefined }));
  await engine.commit({ ...groupOf({ dimension: "b" }), catalogue: removed });
  await engine.close();
  const again = openSqliteEngine(folder.path);
  expect(again.load().catalogue).toEqual([{ ...named, value: undefined }]);
  await again.close();
});

describe("a transaction of the SQLite engine that is rolled back", () => {
  test("takes back the numbers of its entries and of its names", async () => {
    const engine = openEngine();
    await engine.commit(groupOf({ dimension: "gb" }));
    const call = newCall();
    const twice = groupOf({ call, dimension: "new name" }, { call, dimension: "another" });
    await expect(engine.commit(twice)).rejects.toThrow(DefectError);
    expect(await seqOf(engine, "new name")).toBeUndefined();
    // The names now come in another order. Numbers remembered from the rolled-back group would mix them up.
    await engine.commit(groupOf({ dimension: "another" }, { dimension: "new name" }));
    expect(await seqOf(engine, "gb")).toBe(1);
    expect(await seqOf(engine, "another")).toBe(2);
    expect(await seqOf(engine, "new name")).toBe(3);
  });

  test("leaves everything as it was where it was a reset", async () => {
    const engine = openEngine();
    await engine.commit({ ...groupOf({ dimension: "gb" }), catalogue: [accountChange("444455556666")] });
    const call = newCall();
    const reset = { ...groupOf({ call, dimension: "a" }, { call, dimension: "b" }), reset: true };
    await expect(engine.commit(reset)).rejects.toThrow(DefectError);
    expect(await seqOf(engine, "gb")).toBe(1);
    expect(engine.load().catalogue).toHaveLength(1);
    await engine.commit(groupOf({ dimension: "calls" }));
    expect(await seqOf(engine, "calls")).toBe(2);
  });

  test("is a defect where the ledger refused what was decided, and a fault where the machine did", async () => {
    const engine = openEngine();
    const [damaged] = groupOf({ dimension: "gb" }).entries as [StagedEntry];
    const notText = { ...damaged.entry, body: {} as unknown as string };
    await expect(engine.commit({ ...groupOf(), entries: [{ ...damaged, entry: notText }] })).rejects.toThrow(
      FaultError,
    );
    await engine.commit(groupOf({ dimension: "gb" }));
    expect(await seqOf(engine, "gb")).toBe(1);
    await expect(engine.commit(groupOf({ dimension: "gb" }))).rejects.toThrow(DefectError);
  });
});

test("reading is a fault where the machine fails, and the engine goes on", async () => {
  const engine = openEngine();
  await engine.commit(groupOf({ dimension: "gb" }));
  const failing = { ...keyOf("gb"), hour: Symbol("no hour") as unknown as number };
  await expect(engine.find([failing])).rejects.toThrow(FaultError);
  expect(await seqOf(engine, "gb")).toBe(1);
});

test("records of many hours, more than are watched for new keys, are all found again", async () => {
  const engine = openEngine();
  const hours = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
  for (const some of [hours.slice(0, 50), hours.slice(50)]) {
    const records = some.map((hour, position) => ({ position, quantity: 1, key: { ...record.key, hour } }));
    const staged = stagedEntry({ atMs: 1, call: newCall(), event: { kind: "ledger-reset" } }, records);
    await engine.commit({ reset: false, entries: [staged], catalogue: [], resources: [], clock: undefined });
  }
  const { pointers } = await engine.find(hours.map((hour) => ({ ...record.key, hour })));
  expect(pointers.filter((pointer) => pointer === undefined)).toEqual([]);
});

import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { accountChange, newCall, sent } from "../../ledger/contract/works.ts";
import { ledgerOver } from "../../ledger/contract/ledger-under-test.ts";
import type { StagedGroup } from "../../ledger/engine.ts";
import { encodeEntry } from "../../ledger/entry-codec.ts";
import { ledgerContract } from "../../ledger/ledger-contract.ts";
import { DefectError, FaultError } from "../../ledger/ledger.ts";
import { dataFolder } from "./data-folder.ts";
import { openSqliteEngine, type SqliteEngine } from "./sqlite-engine.ts";
import { temporaryFolder } from "../../ledger/contract/temporary-folder.ts";

ledgerContract("in SQLite", (setup) => {
  const folder = temporaryFolder();
  return ledgerOver(() => openSqliteEngine(folder.path), folder.remove, setup);
});

function openEngine(): SqliteEngine {
  const folder = temporaryFolder();
  const engine = openSqliteEngine(folder.path);
  onTestFinished(() => {
    engine.close();
    folder.remove();
  });
  engine.load();
  return engine;
}

const record = sent();

function groupOf(
  ...entries: { readonly call?: ReturnType<typeof newCall>; readonly dimension: string }[]
): StagedGroup {
  return {
    entries: entries.map(({ call = newCall(), dimension }) => ({
      entry: encodeEntry({ atMs: 1, call, event: { kind: "ledger-reset" } }),
      records: [{ position: 0, quantity: 1, key: { ...record.key, dimension } }],
    })),
    catalogue: [],
    clock: undefined,
  };
}

const keyOf = (dimension: string): typeof record.key => ({ ...record.key, dimension });

function thrown(error: Error): never {
  throw error;
}

test("a reset of the SQLite engine leaves no name behind", () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const engine = openSqliteEngine(folder.path);
  engine.commit(() => groupOf({ dimension: "a name to be forgotten" }));
  engine.reset({ entries: [], catalogue: [], clock: undefined });
  engine.close();
  const db = new DatabaseSync(dataFolder(folder.path).ledgerFile);
  expect(db.prepare("SELECT text FROM name").all()).toEqual([]);
  db.close();
});

describe("a transaction of the SQLite engine that is rolled back", () => {
  test("takes back the numbers of its entries and of its names", () => {
    const engine = openEngine();
    engine.commit(() => groupOf({ dimension: "gb" }));
    const call = newCall();
    const twice = groupOf({ call, dimension: "new name" }, { call, dimension: "another" });
    expect(() => engine.commit(() => twice)).toThrow(DefectError);
    expect(engine.find(keyOf("new name"))).toBeUndefined();
    // The names come in another order now: numbers remembered from the roll-back would mix them up.
    engine.commit(() => groupOf({ dimension: "another" }, { dimension: "new name" }));
    expect(engine.find(keyOf("gb"))).toEqual({ seq: 1, position: 0 });
    expect(engine.find(keyOf("another"))).toEqual({ seq: 2, position: 0 });
    expect(engine.find(keyOf("new name"))).toEqual({ seq: 3, position: 0 });
  });

  test("leaves everything as it was where it was a reset", () => {
    const engine = openEngine();
    engine.commit(() => ({ ...groupOf({ dimension: "gb" }), catalogue: [accountChange("444455556666")] }));
    const call = newCall();
    expect(() => engine.reset(groupOf({ call, dimension: "a" }, { call, dimension: "b" }))).toThrow(DefectError);
    expect(engine.find(keyOf("gb"))).toEqual({ seq: 1, position: 0 });
    expect(engine.load().catalogue).toHaveLength(1);
    engine.commit(() => groupOf({ dimension: "calls" }));
    expect(engine.find(keyOf("calls"))).toEqual({ seq: 2, position: 0 });
  });

  test("passes on a defect as it is, and calls anything else that was thrown a fault", () => {
    const engine = openEngine();
    const defect = new DefectError("as it is");
    expect(() => engine.commit(() => thrown(defect))).toThrow(defect);
    expect(() => engine.commit(() => thrown(new Error("disk full")))).toThrow(FaultError);
    engine.commit(() => groupOf({ dimension: "gb" }));
    expect(engine.find(keyOf("gb"))).toEqual({ seq: 1, position: 0 });
  });
});

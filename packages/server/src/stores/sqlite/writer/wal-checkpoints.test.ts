import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { LOOK, WalCheckpoints, type WalLimits, type WalState } from "./wal-checkpoints.ts";

interface Opened {
  readonly db: DatabaseSync;
  readonly ledgerFile: string;
  readonly state: () => WalState;
  /** Makes this many commits of a page or two. */
  readonly commit: (times: number) => void;
}

function opened(limits: WalLimits): Opened {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const ledgerFile = join(folder.path, "ledger");
  const db = new DatabaseSync(ledgerFile);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)");
  const insert = db.prepare("INSERT INTO t (text) VALUES (?)");
  const checkpoints = new WalCheckpoints(db, { ledgerFile, synchronous: "FULL" }, limits);
  onTestFinished(async () => {
    await checkpoints.close();
    db.close();
  });
  const look = db.prepare(LOOK);
  const state = (): WalState => look.get() as unknown as WalState;
  const commit = (times: number): void => {
    for (let i = 0; i < times; i += 1) {
      insert.run("x".repeat(2_000));
      checkpoints.afterCommit();
    }
  };
  return { db, ledgerFile, state, commit };
}

test("the thread beside copies what the log holds, and the log begins anew", async () => {
  const { state, commit } = opened({
    pagesMin: 100,
    restMax: 10,
    aloneMin: Number.MAX_SAFE_INTEGER,
    keptBytes: 1_000_000,
  });
  for (let round = 0; round < 3; round += 1) {
    await vi.waitUntil(
      () => {
        const before = state().log;
        commit(8);
        return state().log < before;
      },
      { timeout: 30_000, interval: 5 },
    );
  }
  // Only the tested code has bounded the log.
  expect(state().log).toBeLessThan(100);
});

test("where the other does not get to it, the thread that writes copies all of it", () => {
  const { state, commit } = opened({ pagesMin: 100, restMax: 10, aloneMin: 200, keptBytes: 1_000_000 });
  // The checkpoint thread gets no time to start, let alone to copy.
  commit(2_000);
  expect(state().log).toBeLessThan(300);
});

test("while somebody reads what stands in it, the log grows; afterwards it shrinks to nothing, and its file with it", async () => {
  const { db, ledgerFile, state, commit } = opened({ pagesMin: 100, restMax: 10, aloneMin: 200, keptBytes: 1_000_000 });
  commit(40);
  const reader = new DatabaseSync(ledgerFile);
  reader.exec("BEGIN");
  expect(reader.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 40 });
  commit(400);
  expect(state().log).toBeGreaterThan(400);
  expect(reader.prepare("SELECT count(*) AS n FROM t").get()).toEqual({ n: 40 });
  const grownBytes = statSync(`${ledgerFile}-wal`).size;
  reader.close();
  await vi.waitUntil(
    () => {
      commit(8);
      return state().log < 100;
    },
    { timeout: 30_000, interval: 5 },
  );
  commit(8);
  expect(grownBytes).toBeGreaterThan(1_600_000);
  expect(statSync(`${ledgerFile}-wal`).size).toBeLessThanOrEqual(1_000_000);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
});

test("a look that fails stops nobody: commits are durable in the log", () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const ledgerFile = join(folder.path, "ledger");
  const db = new DatabaseSync(ledgerFile);
  const limits = { pagesMin: 0, restMax: 0, aloneMin: 0, keptBytes: 0 };
  const checkpoints = new WalCheckpoints(db, { ledgerFile, synchronous: "FULL" }, limits);
  db.close();
  for (let i = 0; i < 20; i += 1) expect(() => checkpoints.afterCommit()).not.toThrow();
});

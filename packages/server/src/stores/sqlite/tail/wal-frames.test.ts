/** Logs as SQLite writes them, damaged, cut, torn or begun anew; the test knows what recovery reads, and what is behind. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { lostCommitsIn } from "./wal-frames.ts";

const COMMITS = 40;
const FRAME_BYTES = 24 + 4_096;
const folder = temporaryFolder();
const whole = join(folder.path, "whole");

/** A log of successive commits, of one to eight pages each, written over an earlier log that was longer. */
beforeAll(() => {
  const db = new DatabaseSync(whole);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)",
  );
  const insert = db.prepare("INSERT INTO t (text) VALUES (?)");
  const commit = (i: number): unknown => insert.run("x".repeat(1_000 + (i % 8) * 4_000));
  for (let i = 0; i < 2 * COMMITS; i += 1) commit(i);
  db.exec("PRAGMA wal_checkpoint(PASSIVE); DELETE FROM t");
  for (let i = 0; i < COMMITS; i += 1) commit(i);
  for (const suffix of ["", "-wal"]) copyFileSync(whole + suffix, `${whole}.killed${suffix}`);
  db.close();
});
afterAll(() => folder.remove());

/** The ledger as a killed process left it, with its log altered. */
function altered(
  name: string,
  alter: (walFile: string) => void,
): { readonly walFile: string; readonly kept: () => number } {
  const path = join(folder.path, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  const file = join(path, "ledger");
  for (const suffix of ["", "-wal"]) copyFileSync(`${whole}.killed${suffix}`, file + suffix);
  alter(`${file}-wal`);
  return {
    walFile: `${file}-wal`,
    kept: () => {
      const db = new DatabaseSync(file, { readOnly: true });
      try {
        return Number(db.prepare("SELECT count(*) AS n FROM t").get()?.["n"]);
      } finally {
        db.close();
      }
    },
  };
}

/** Where the frames of this log end; behind them are frames of the earlier log. */
function framesOf(bytes: Buffer): number {
  const salts = bytes.readBigUInt64BE(16);
  let frames = 0;
  while (32 + frames * FRAME_BYTES < bytes.length && bytes.readBigUInt64BE(32 + frames * FRAME_BYTES + 8) === salts)
    frames += 1;
  return frames;
}

test("a log that is whole, none, an empty one and one that is cut off anywhere hold nothing that is lost", () => {
  expect(lostCommitsIn(join(folder.path, "nothing"))).toBeUndefined();
  const { walFile, kept } = altered("whole-log", () => undefined);
  expect(framesOf(readFileSync(walFile)) * FRAME_BYTES + 32, "frames of another log lie behind").toBeLessThan(
    readFileSync(walFile).length,
  );
  expect(lostCommitsIn(walFile)).toBeUndefined();
  expect(kept()).toBe(COMMITS);
  const { length } = readFileSync(walFile);
  fc.assert(
    fc.property(fc.nat({ max: length }), (bytes) => {
      expect(lostCommitsIn(altered("cut", (file) => truncateSync(file, bytes)).walFile)).toBeUndefined();
    }),
    { numRuns: 40 },
  );
});

test("one bit of it: where more than one commit is lost behind that, it is noticed, and counted as far as it can be", () => {
  const bytes = readFileSync(`${whole}.killed-wal`);
  const end = 32 + framesOf(bytes) * FRAME_BYTES;
  fc.assert(
    fc.property(fc.nat({ max: end * 8 - 1 }), (bit) => {
      const damaged = altered("flipped", (file) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        writeFileSync(file, flipped);
      });
      const found = lostCommitsIn(damaged.walFile);
      // Where recovery reads nothing of this log, the database holds all rows of the earlier log.
      const kept = damaged.kept();
      const lost = kept > COMMITS ? COMMITS : COMMITS - kept;
      if (lost >= 4) expect(found?.commits, `${lost} are lost`).toBeGreaterThanOrEqual(2);
      expect(found?.commits ?? 0).toBeLessThanOrEqual(lost + 1);
      if (lost === 0) expect(found).toBeUndefined();
    }),
    { numRuns: 120 },
  );
});

test("the last commit, torn as by a power cut: its mark may have been written, and what comes before it not", () => {
  const bytes = readFileSync(`${whole}.killed-wal`);
  const last = framesOf(bytes) - 1;
  const isCommit = (frame: number): boolean => bytes.readUInt32BE(32 + frame * FRAME_BYTES + 4) !== 0;
  let first = last;
  while (!isCommit(first - 1)) first -= 1;
  expect(last - first).toBeGreaterThan(2);
  for (let frame = first; frame <= last; frame += 1) {
    const torn = altered("torn", (file) => {
      const zeroed = Buffer.from(bytes);
      zeroed.fill(0, 32 + frame * FRAME_BYTES, 32 + (frame + 1) * FRAME_BYTES);
      writeFileSync(file, zeroed);
    });
    expect(lostCommitsIn(torn.walFile)).toBeUndefined();
    expect(torn.kept()).toBe(COMMITS - 1);
  }
});

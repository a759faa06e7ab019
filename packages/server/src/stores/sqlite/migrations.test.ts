import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StagedGroup } from "../../ledger/engine.ts";
import { encodeEntry } from "../../ledger/entry-codec.ts";
import { stagedEntry } from "../../ledger/staged-entry.ts";
import { newCall } from "../../../testing/contract/works.ts";
import { temporaryFolder } from "../../../testing/contract/temporary-folder.ts";
import { dataFolder } from "./data-folder.ts";
import { NewerSchemaError, SCHEMA_VERSION, migrate, refuseNewerSchema, schemaVersion } from "./migrations.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { verify } from "./verification/verify.ts";

function database(path = ":memory:"): DatabaseSync {
  const db = new DatabaseSync(path);
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  return db;
}

const groupOfReset = (): StagedGroup => ({
  reset: false,
  entries: [stagedEntry({ atMs: 5, call: newCall(), event: { kind: "ledger-reset" } }, [])],
  catalogue: [],
  resources: [],
  clock: undefined,
});

const tables = (db: DatabaseSync): unknown[] =>
  db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row["name"]);

describe("migrations", () => {
  test("bring a fresh database to the newest version", () => {
    const db = database();
    expect(schemaVersion(db)).toBe(0);
    migrate(db);
    expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
    expect(tables(db)).toEqual([
      "catalogue",
      "entry",
      "expired_tally",
      "expired_usage",
      "metering_record",
      "name",
      "resource",
      "setting",
    ]);
  });

  test("fill what an older server did not keep, so that the chain is whole and entries are found", async () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const { ledgerFile } = dataFolder(folder.path);
    const older = database(ledgerFile);
    older.exec(readFileSync(new URL("migrations/0001-ledger.sql", import.meta.url), "utf8"));
    const insert = older.prepare("INSERT INTO entry VALUES (?, ?, ?, ?)");
    const calls = [newCall(), newCall()];
    calls.forEach((call, i) => {
      const { requestId, atMs, body } = encodeEntry({ atMs: i, call, event: { kind: "ledger-reset" } });
      insert.run(i + 1, atMs, Buffer.from(requestId.replaceAll("-", ""), "hex"), body);
    });
    older.exec("PRAGMA user_version = 1");
    older.close();
    const engine = openSqliteEngine(folder.path);
    const { items } = await engine.entries({ operations: ["BatchMeterUsage"], order: "oldest", limit: 10 });
    expect(items.map(({ requestId }) => requestId)).toEqual(calls.map(({ requestId }) => requestId));
    const head = await engine.chainHead();
    await engine.commit(groupOfReset());
    await engine.close();
    expect(verify(folder.path, [{ ...head, source: "the head" }])).toMatchObject({
      entries: 3,
      disagreement: undefined,
    });
  });

  test("tell the names of keys from the others, and let go of those that nothing has", () => {
    const db = database();
    for (const file of ["0001-ledger.sql", "0002-events.sql", "0003-resources.sql"]) {
      db.exec(readFileSync(new URL(`migrations/${file}`, import.meta.url), "utf8"));
    }
    db.exec(`INSERT INTO name VALUES (1, 'product'), (2, 'region'), (3, 'customer'), (4, 'gb'), (5, 'Meter'), (6, 'user'),
        (7, 'account'), (8, 'ASIA of an entry'), (9, 'ASIA of before'), (10, 'claimed');
      INSERT INTO metering_record VALUES (0, 1, 2, 3, 4, '', 1, 1, 0);
      INSERT INTO entry VALUES (1, 0, x'00', '', 5, 6, 7, 8, 10, x'00'), (2, 0, x'01', '', 5, 6, NULL, NULL, 1, x'00');
      PRAGMA user_version = 3`);
    migrate(db);
    const names = db.prepare("SELECT id, in_key AS inKey FROM name ORDER BY id").all();
    expect(names.map(({ id, inKey }) => [id, inKey])).toEqual([
      ...[1, 2, 3, 4].map((id) => [id, 1]),
      ...[5, 6, 7, 8, 10].map((id) => [id, 0]),
    ]);
  });

  test("leave a database of the newest version alone", () => {
    const db = database();
    migrate(db);
    db.exec("INSERT INTO setting VALUES ('clock', '1')");
    migrate(db);
    expect(db.prepare("SELECT value FROM setting").get()).toEqual({ value: "1" });
  });

  test("refuse a database of a newer version", () => {
    const db = database();
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    expect(() => refuseNewerSchema(db)).toThrow(NewerSchemaError);
    expect(() => refuseNewerSchema(db)).toThrow(`version ${SCHEMA_VERSION + 1}`);
  });
});

describe("a data folder that a newer server wrote", () => {
  test("is refused, left as it was, and free to be opened again", () => {
    const folder = temporaryFolder();
    onTestFinished(folder.remove);
    const { ledgerFile } = dataFolder(folder.path);
    const newer = database(ledgerFile);
    newer.exec(`CREATE TABLE of_the_future (a); PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    newer.close();
    const before = readFileSync(ledgerFile);
    for (let time = 0; time < 2; time += 1) {
      expect(() => openSqliteEngine(folder.path)).toThrow(NewerSchemaError);
    }
    expect(readFileSync(ledgerFile).equals(before)).toBe(true);
    // The mark says how far the ledger had come; the newer server of this test would have left one.
    const files = readdirSync(folder.path).filter((name) => name.startsWith("ledger"));
    expect(files.toSorted()).toEqual(["ledger.mark", "ledger.sqlite"]);
    const again = database(join(folder.path, "ledger.sqlite"));
    expect(tables(again)).toEqual(["of_the_future"]);
  });
});

/**
 * The file that sums are kept in, beside the ledger. It is derived: it is not flushed at each commit, is in no backup, and is thrown
 * away where it does not fit the ledger. How far it has come stands in it, changed by the same transactions as the sums.
 */
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeOwnFile } from "../data-folder.ts";
import { readingUri } from "../ledger-file.ts";
import { HOUR_COLUMNS } from "../../../sum-tables/rows.ts";

/** Another number has the file thrown away. */
const FORMAT = 2;

/** By what the rows of a day are told apart, in the order of their tree: what many rows have in common comes first. */
export const ROW_KEY: readonly string[] = ["day", "product", "region", "kind", "customer", "dimension"];
/** Of these, a row has the numbers of names. */
const NAMED = ROW_KEY.filter((column) => column !== "day" && column !== "kind");

const SCHEMA = `
  -- Numbers for names: a row is told apart by many names, and there are far fewer names than rows.
  CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE day_sum (
    ${ROW_KEY.map((column) => `${column} INTEGER NOT NULL`).join(", ")},
    last_ms INTEGER NOT NULL,
    ${HOUR_COLUMNS.map((column) => `${column} INTEGER`).join(", ")},
    PRIMARY KEY (${ROW_KEY.join(", ")})
  ) STRICT, WITHOUT ROWID;
  CREATE VIEW usage_sum AS SELECT day, kind, ${NAMED.map((column) => `${column}_name.text AS ${column}`).join(", ")},
      last_ms, ${HOUR_COLUMNS.join(", ")}
    FROM day_sum ${NAMED.map((column) => `CROSS JOIN name AS ${column}_name ON ${column}_name.id = day_sum.${column}`).join(" ")};
  CREATE TABLE tally (
    day       INTEGER NOT NULL,
    about     TEXT    NOT NULL,
    product   TEXT    NOT NULL,
    customer  TEXT    NOT NULL,
    dimension TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    calls     INTEGER NOT NULL,
    records   INTEGER NOT NULL,
    units     INTEGER NOT NULL,
    PRIMARY KEY (day, about, product, customer, dimension, detail)
  ) STRICT, WITHOUT ROWID;
  -- The newest entry that is in the sums, its link in the chain, and where the entries began that the sums were made of.
  CREATE TABLE position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    seq      INTEGER NOT NULL,
    link     BLOB    NOT NULL,
    base_seq INTEGER NOT NULL,
    complete_since_ms INTEGER
  ) STRICT;
  PRAGMA user_version = ${FORMAT};
`;

const TABLES = ["name", "day_sum", "tally", "position"];

export interface SumsPosition {
  readonly seq: number;
  readonly link: Uint8Array;
  readonly baseSeq: number;
  readonly completeSinceMs: number | undefined;
}

export function sumsFileOf(ledgerFile: string): string {
  return join(dirname(ledgerFile), "sums.db");
}

/** Opens the file, and makes it where it is missing or cannot be used as it is. */
export function openSumsFile(file: string): DatabaseSync {
  const found = existsSync(file) ? tryOpen(file) : undefined;
  if (found !== undefined) return found;
  removeSumsFile(file);
  makeOwnFile(file);
  const db = new DatabaseSync(file);
  prepare(db);
  makeSums(db);
  return db;
}

/** The tables, in a database that has none. */
export function makeSums(db: DatabaseSync): void {
  db.exec(`BEGIN; ${SCHEMA} COMMIT`);
}

/** Opens the file for reading only, even on a read-only medium. Undefined where a server would throw it away for its format. */
export function openSumsForReading(file: string): DatabaseSync | undefined {
  const db = new DatabaseSync(readingUri(file, "sums.db"), { readOnly: true });
  db.exec("PRAGMA busy_timeout = 5000");
  if (formatOf(db) === FORMAT) return db;
  db.close();
  return undefined;
}

export function removeSumsFile(file: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(file + suffix, { force: true });
}

/** Nothing of what was added up is left. */
export function emptySums(db: DatabaseSync): void {
  for (const table of TABLES) db.exec(`DELETE FROM ${table}`);
}

export function readPosition(db: DatabaseSync): SumsPosition | undefined {
  const row = db.prepare("SELECT seq, link, base_seq, complete_since_ms FROM position").get();
  if (row === undefined) return undefined;
  const since = row["complete_since_ms"] ?? undefined;
  return {
    seq: Number(row["seq"]),
    link: row["link"] as Uint8Array,
    baseSeq: Number(row["base_seq"]),
    completeSinceMs: since === undefined ? undefined : Number(since),
  };
}

export function writePosition(db: DatabaseSync, { seq, link, baseSeq, completeSinceMs }: SumsPosition): void {
  db.prepare(
    `INSERT INTO position VALUES (1, ?, ?, ?, ?) ON CONFLICT DO UPDATE
     SET seq = excluded.seq, link = excluded.link, base_seq = excluded.base_seq,
       complete_since_ms = excluded.complete_since_ms`,
  ).run(seq, link, baseSeq, completeSinceMs ?? null);
}

function formatOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function tryOpen(file: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    if (formatOf(db) === FORMAT) {
      prepare(db);
      readPosition(db);
      return db;
    }
  } catch {
    // It is no file of sums, or a damaged one.
  }
  db?.close();
  return undefined;
}

/**
 * In this mode a power cut may cost the newest commits, and never leaves one behind in part; the position goes back with the sums.
 * Checkpoints, which are what is flushed, come seldom.
 */
function prepare(db: DatabaseSync): void {
  db.exec(`
    PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;
    PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
  `);
}

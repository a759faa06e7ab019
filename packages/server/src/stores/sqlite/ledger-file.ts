/** Opens a ledger's file for reading only: beside a running server, or where no server runs. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { OnProgress } from "../../ledger/work-progress.ts";
import { NewerSchemaError, SCHEMA_VERSION, schemaVersion } from "./migrations.ts";
import { isDamage, isUnopenable } from "./trouble.ts";

/** Maintenance that cannot be done; the message says why. */
export class MaintenanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MaintenanceError";
  }
}

/**
 * Opens a ledger's file for reading, even on a read-only medium. Messages call it `name`. Throws MaintenanceError where it is
 * missing, is no ledger, or cannot be read as it is; NewerSchemaError where a newer server wrote it.
 */
export function openForReading(file: string, name: string = file): DatabaseSync {
  if (!existsSync(file)) throw new MaintenanceError(`There is no ledger: ${name} does not exist.`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(readingUri(file, name), { readOnly: true });
    // A server that starts or stops meanwhile locks the file for a moment.
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;");
    const version = schemaVersion(db);
    if (version > SCHEMA_VERSION) throw new NewerSchemaError(version);
    if (version === 0) throw new MaintenanceError(`${name} is not a ledger.`);
    return db;
  } catch (error) {
    db?.close();
    throw damageOf(error) === undefined ? error : new MaintenanceError(`${name} is not a ledger, or it is damaged.`);
  }
}

/**
 * The URI with which SQLite can read a ledger. For a ledger with a log, SQLite makes another file beside it; where it may not,
 * it reads the ledger only if told that nobody changes it. Throws MaintenanceError where it would then leave out what the log
 * holds.
 */
export function readingUri(file: string, name: string = file): string {
  const uri = `file:${encodeURI(file).replaceAll("?", "%3f").replaceAll("#", "%23")}`;
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 5000");
    schemaVersion(db);
    return `${uri}?mode=ro`;
  } catch (error) {
    if (!isUnopenable(error)) throw error;
  } finally {
    db.close();
  }
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0) return `${uri}?immutable=1`;
  const message = `${name} cannot be read where it is: its folder cannot be written to, and what its log holds would be left out. Copy the folder to a place that can be written to.`;
  throw new MaintenanceError(message);
}

/** This much is checked in some seconds. */
const CHECKED_AT_ONCE_BYTES = 268_435_456;

/**
 * What SQLite finds wrong in the file: its pages, indexes and constraints. A large file is checked table by table, so that no
 * transaction holds up the log for longer than one table takes.
 */
export function integrityProblem(db: DatabaseSync, onProgress: OnProgress): string | undefined {
  try {
    const bytes = numberOf(db, "page_count") * numberOf(db, "page_size");
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    const names = bytes <= CHECKED_AT_ONCE_BYTES ? ["1"] : tables.map(({ name }) => String(name));
    for (const [done, name] of names.entries()) {
      onProgress({ doing: "checking the file", done, of: names.length, unit: "steps" });
      const found = db.prepare(`PRAGMA integrity_check(${name})`).get()?.["integrity_check"];
      // The first line of SQLite's report only names the database.
      if (found !== "ok") return `The file is damaged: ${String(found).replace(/^\*\*\*.*\n/, "")}`;
    }
    return undefined;
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return damage;
  }
}

function numberOf(db: DatabaseSync, pragma: "page_count" | "page_size"): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

/** SQLite's message, where it says that the file is damaged; otherwise undefined. */
export function damageOf(error: unknown): string | undefined {
  return isDamage(error) ? `The file is damaged: ${error.message}` : undefined;
}

const HEADER_OF_WAL = 2;

/** Whether an SQLite file has a write-ahead log, as its header says. Undefined where it is no SQLite file. */
export function headerIsOfWal(file: string): boolean | undefined {
  const header = Buffer.alloc(20);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, header);
  } finally {
    closeSync(descriptor);
  }
  return header.toString("latin1").startsWith("SQLite format 3\0") ? header[18] === HEADER_OF_WAL : undefined;
}

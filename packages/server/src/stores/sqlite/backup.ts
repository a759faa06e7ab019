/**
 * Backups of an embedded ledger: one file, taken beside a running server, and put back into a folder without a ledger.
 * The secrets key is no part of it: whoever has only the backup can open none of the secrets in it.
 */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CLIENT_TOKEN } from "../../domain/metering/metering-record.ts";
import { LostTailError } from "../../ledger/lost-tail.ts";
import { copyInSlices } from "./copy-in-slices.ts";
import { dataFolder, makeFolder, syncFolder, type DataFolder } from "./data-folder.ts";
import { FolderInUseError, lockFolder } from "./folder-lock.ts";
import { headerIsOfWal, integrityProblem, MaintenanceError, openForReading } from "./ledger-file.ts";
import { missingTail, readKeptTail, tailEvidence } from "./tail/lost-tail.ts";

/** Aliases are other ways to find a record, and none of their own. */
const COUNT_RECORDS =
  "SELECT count(*) AS n FROM metering_record WHERE substr(discriminator, 1, length(:alias)) <> :alias";

export interface Backup {
  readonly file: string;
  readonly entries: number;
  readonly meteringRecords: number;
  /** Service clock of the newest entry; undefined for a ledger without entries. */
  readonly newestAtMs: number | undefined;
}

/**
 * Writes what the ledger of a folder holds at this moment to a new file, which is there whole or not at all. A server
 * goes on writing meanwhile. Throws LostTailError where entries are missing in the ledger itself.
 */
export function backUp(folderPath: string, toFile: string): Backup {
  const target = resolve(toFile);
  if (existsSync(target)) throw new MaintenanceError(`${target} exists already; a backup overwrites nothing.`);
  const folder = dataFolder(folderPath);
  const evidence = tailEvidence(folder);
  const ledger = openForReading(folder.ledgerFile);
  try {
    const missing = missingTail(evidence, readKeptTail(ledger));
    if (missing !== undefined) throw new LostTailError(folder.path, missing);
    return inShort(`${target} could not be written`, () => {
      removeLeftovers(dirname(target));
      const workFolder = mkdtempSync(join(dirname(target), WORK_FOLDER));
      const lock = lockFolder({ path: workFolder });
      try {
        const copy = join(workFolder, "backup");
        closeSync(openSync(copy, "wx", 0o600));
        copyInSlices(folder.ledgerFile, copy);
        const backup = checked(copy, "The backup");
        put(copy, target);
        return { file: target, ...backup };
      } finally {
        lock.release();
        rmSync(workFolder, { recursive: true, force: true });
      }
    });
  } finally {
    ledger.close();
  }
}

/** Where a backup is made before it has its name. */
const WORK_FOLDER = ".countinghouse-backup-";

/** What backups that were killed left. Those that are being made hold a lock. */
function removeLeftovers(path: string): void {
  for (const name of readdirSync(path).filter((found) => found.startsWith(WORK_FOLDER))) {
    const workFolder = join(path, name);
    try {
      lockFolder({ path: workFolder }).release();
    } catch (error) {
      if (error instanceof FolderInUseError) continue;
      throw error;
    }
    rmSync(workFolder, { recursive: true, force: true });
  }
}

/** Puts a backup into a folder that has no ledger yet. Throws FolderInUseError where a server runs on it. */
export function restore(fromFile: string, folderPath: string): Backup {
  const source = resolve(fromFile);
  return inShort(`${source} could not be restored`, () => {
    refuseOther(source);
    const folder = dataFolder(folderPath);
    makeFolder(folder);
    const lock = lockFolder(folder);
    try {
      refuseLedger(folder);
      // The folder is ours: what lies there under this name is what an interrupted restore left.
      const copy = `${folder.ledgerFile}.restoring`;
      try {
        copyFileSync(source, copy);
        const backup = checked(copy, source);
        // It says how far another ledger had come.
        rmSync(folder.markFile, { force: true });
        put(copy, folder.ledgerFile);
        return { file: folder.ledgerFile, ...backup };
      } finally {
        rmSync(copy, { force: true });
      }
    } finally {
      lock.release();
    }
  });
}

/**
 * A ledger's own file lacks what stands in the log beside it, and does not show it: restored by itself it would be a
 * ledger with records lost. It differs from a backup in its header, where SQLite says which kind of log the file has.
 */
function refuseOther(source: string): void {
  if (!existsSync(source)) throw new MaintenanceError(`There is no backup: ${source} does not exist.`);
  const isOfWal = headerIsOfWal(source);
  if (isOfWal === undefined) throw new MaintenanceError(`${source} is no backup.`);
  if (isOfWal) {
    const message = `${source} is a copy of a ledger's file, not a backup: records may be missing in it. Make a backup with countinghouse store backup.`;
    throw new MaintenanceError(message);
  }
}

/** A log without its ledger counts as well: SQLite would play it into whatever ledger it finds beside it. */
function refuseLedger({ path, ledgerFile }: DataFolder): void {
  const found = ["", "-wal", "-journal"].map((suffix) => ledgerFile + suffix).find((file) => existsSync(file));
  if (found === undefined) return;
  throw new MaintenanceError(`${path} holds a ledger (${found}); a backup is restored only where there is none.`);
}

function checked(file: string, name: string): Omit<Backup, "file"> {
  const db = openForReading(file, name);
  try {
    const problem = integrityProblem(db);
    if (problem !== undefined) throw new MaintenanceError(`${name} is of no use. ${problem}`);
    const entries = db.prepare("SELECT count(*) AS n, max(at_ms) AS newestAtMs FROM entry").get();
    const records = db.prepare(COUNT_RECORDS).get({ alias: CLIENT_TOKEN });
    const newestAtMs = entries?.["newestAtMs"] ?? undefined;
    return {
      entries: Number(entries?.["n"]),
      meteringRecords: Number(records?.["n"]),
      newestAtMs: newestAtMs === undefined ? undefined : Number(newestAtMs),
    };
  } finally {
    db.close();
  }
}

/** Moves a finished file to its place, durably. */
function put(file: string, target: string): void {
  chmodSync(file, 0o600);
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(file, target);
  syncFolder(dirname(target));
}

/** Trouble with disk or file is told in a sentence: where in the program it was met helps nobody. */
function inShort<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const ofMachine = error instanceof Error && ("syscall" in error || "errcode" in error);
    throw ofMachine ? new MaintenanceError(`${what}: ${error.message}`) : error;
  }
}

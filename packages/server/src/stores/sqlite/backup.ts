/**
 * Backups of an embedded ledger: one file, taken beside a running server, and restored into a folder without a ledger. The
 * secrets key is not in it, so a backup alone opens no secret.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CLIENT_TOKEN } from "../../domain/metering/metering-record.ts";
import { LostTailError } from "../../ledger/lost-tail.ts";
import type { OnProgress } from "../../ledger/work-progress.ts";
import { copyInSlices } from "./copy-in-slices.ts";
import { syncFolder } from "../../sync-folder.ts";
import { dataFolder, makeFolder, type DataFolder } from "./data-folder.ts";
import { FolderInUseError, lockFolder } from "./folder-lock.ts";
import { headerIsOfWal, integrityProblem, MaintenanceError, openForReading } from "./ledger-file.ts";
import { missingTail, readKeptTail, tailEvidence } from "./tail/lost-tail.ts";

/** Aliases are not counted: they are further keys of records, not records. */
const COUNT_RECORDS =
  "SELECT count(*) AS n FROM metering_record WHERE substr(discriminator, 1, length(:alias)) <> :alias";

export interface Backup {
  readonly file: string;
  readonly entries: number;
  readonly meteringRecords: number;
  /** The service-clock time of the newest entry; undefined for a ledger without entries. */
  readonly newestAtMs: number | undefined;
}

/**
 * Writes what the ledger of a folder holds at this moment to a new file, which appears whole or not at all. A server may go on
 * writing meanwhile. Throws LostTailError where entries are missing in the ledger itself.
 */
export function backUp(folderPath: string, toFile: string, onProgress: OnProgress = () => undefined): Backup {
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
        copyInSlices(folder.ledgerFile, copy, onProgress);
        const backup = checked(copy, "The backup", onProgress);
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

/** The folder in which a backup is made before it gets its name. */
const WORK_FOLDER = ".countinghouse-backup-";

/** Removes what killed backups left. A backup that is being made holds a lock. */
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

/** Restores a backup into a folder that has no ledger yet. Throws FolderInUseError where a server runs on the folder. */
export function restore(fromFile: string, folderPath: string, onProgress: OnProgress = () => undefined): Backup {
  const source = resolve(fromFile);
  return inShort(`${source} could not be restored`, () => {
    refuseOther(source);
    const folder = dataFolder(folderPath);
    makeFolder(folder);
    const lock = lockFolder(folder);
    try {
      refuseLedger(folder);
      // This process holds the folder's lock, so a file of this name was left by an interrupted restore.
      const copy = `${folder.ledgerFile}.restoring`;
      try {
        copyFile(source, copy, onProgress);
        const backup = checked(copy, source, onProgress);
        // The mark in the folder says how far another ledger had come.
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
 * Refuses a file that is not a backup. A ledger's own file lacks what is in the log beside it, and does not show that; restored
 * alone it would lose records. Its header tells it from a backup: there SQLite notes whether the file has a log.
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

/** Refuses a folder that holds a ledger, or only the log of one: SQLite would apply the log to any ledger beside it. */
function refuseLedger({ path, ledgerFile }: DataFolder): void {
  const found = ["", "-wal", "-journal"].map((suffix) => ledgerFile + suffix).find((file) => existsSync(file));
  if (found === undefined) return;
  throw new MaintenanceError(`${path} holds a ledger (${found}); a backup is restored only where there is none.`);
}

const PIECE_BYTES = 4_194_304;

/** Piece by piece, so that it can be ended. */
function copyFile(source: string, target: string, onProgress: OnProgress): void {
  const from = openSync(source, "r");
  try {
    const of = fstatSync(from).size;
    const to = openSync(target, "w", 0o600);
    try {
      const piece = Buffer.alloc(PIECE_BYTES);
      for (let done = 0; ;) {
        onProgress({ doing: "copying the backup", done, of, unit: "bytes" });
        const read = readSync(from, piece);
        if (read === 0) return;
        for (let written = 0; written < read;) written += writeSync(to, piece, written, read - written);
        done += read;
      }
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

function checked(file: string, name: string, onProgress: OnProgress): Omit<Backup, "file"> {
  const db = openForReading(file, name);
  try {
    const problem = integrityProblem(db, onProgress);
    if (problem !== undefined) throw new MaintenanceError(`${name} is of no use. ${problem}`);
    onProgress({ doing: "counting", done: 0, unit: "records" });
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

/** Reports trouble with disk or file in one sentence; a stack trace would not help the operator. */
function inShort<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const ofMachine = error instanceof Error && ("syscall" in error || "errcode" in error);
    throw ofMachine ? new MaintenanceError(`${what}: ${error.message}`) : error;
  }
}

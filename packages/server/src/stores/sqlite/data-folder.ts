/** The folder an embedded ledger lives in: its files, and the lock that keeps a second server out. */
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface DataFolder {
  readonly path: string;
  readonly ledgerFile: string;
}

export class FolderInUseError extends Error {
  constructor(path: string) {
    super(`The data folder ${path} is in use by another countinghouse process. Stop that one, or use another folder.`);
    this.name = "FolderInUseError";
  }
}

export function dataFolder(path: string): DataFolder {
  return { path: resolve(path), ledgerFile: join(resolve(path), "ledger.sqlite") };
}

/** Makes the folder, for this user only, where it is missing. */
export function makeFolder(folder: DataFolder): void {
  // Folders that had to be made above it are names too.
  const top = dirname(mkdirSync(folder.path, { recursive: true, mode: 0o700 }) ?? folder.path);
  let above = folder.path;
  do {
    above = dirname(above);
    syncFolder(above);
  } while (above.length > top.length);
}

/** Makes the names of new files in a folder as durable as the files. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Takes the folder for this process. The lock is SQLite's own, on a file of its own: the operating system drops it
 * when the process ends, however it ends, so no stale lock can remain. Readers of the ledger are not kept out.
 */
export function lockFolder(folder: DataFolder): { release(): void } {
  const db = new DatabaseSync(join(folder.path, "lock.sqlite"));
  try {
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
  } catch (error) {
    db.close();
    if (isBusy(error)) throw new FolderInUseError(folder.path);
    throw error;
  }
  return { release: () => db.close() };
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

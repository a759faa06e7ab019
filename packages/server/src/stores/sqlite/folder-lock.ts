/**
 * The lock that keeps a second server out of a data folder. It is SQLite's own lock, on a file of its own. The operating system
 * drops it when the process ends, however it ends, so no stale lock can remain. The lock does not keep readers of the ledger
 * out.
 *
 * A lock file can be deleted; then the lock is on a file that nobody finds. So the holder checks the file regularly, and locks
 * a new one where it is gone. A process that finds the files of a running server but no lock waits for that check.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LOCK_FILE, narrowFile, type DataFolder } from "./data-folder.ts";

export class FolderInUseError extends Error {
  constructor(path: string) {
    super(`The data folder ${path} is in use by another countinghouse process. Stop that one, or use another folder.`);
    this.name = "FolderInUseError";
  }
}

export interface FolderLock {
  /** To be called every `LOOK_MS`. Throws FolderInUseError where another process has taken the folder meanwhile. */
  lookAfter(): void;
  release(): void;
}

/** How often the holder checks that its lock file is still there. */
export const LOOK_MS = 1_000;
/** Long enough for a holder to have checked its lock file. */
const WAIT_MS = 2_500;

/** Takes the folder for this process. Throws FolderInUseError. */
export function lockFolder(folder: Pick<DataFolder, "path"> & Partial<DataFolder>): FolderLock {
  const file = join(folder.path, LOCK_FILE);
  if (!existsSync(file) && existsSync(`${folder.ledgerFile}-shm`)) sleep(WAIT_MS);
  const held = [lock(file, folder.path)];
  let taken = idOf(file);
  return {
    lookAfter: () => {
      if (idOf(file) === taken) return;
      held.push(lock(file, folder.path));
      taken = idOf(file);
    },
    release: () => {
      for (const db of held) db.close();
    },
  };
}

function lock(file: string, folderPath: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    narrowFile(file);
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;");
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) throw new FolderInUseError(folderPath);
    throw error;
  }
}

/** Identifies a file whatever its name is; undefined where there is none. */
function idOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

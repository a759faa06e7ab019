/** The folder an embedded ledger lives in, and its files. See `folder-lock.ts` for the lock that keeps a second server out. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export interface DataFolder {
  readonly path: string;
  readonly ledgerFile: string;
  /** See `tail/tail-mark.ts`. */
  readonly markFile: string;
}

export function dataFolder(path: string): DataFolder {
  const folder = resolve(path);
  return { path: folder, ledgerFile: join(folder, "ledger.sqlite"), markFile: join(folder, "ledger.mark") };
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
 * Leaves the ledger's files to their owner alone, where they are this user's: they may have been made by a version that did
 * not do so. What SQLite makes beside the ledger has the mode of the ledger.
 */
export function narrowFiles({ ledgerFile, markFile }: DataFolder): void {
  for (const file of [ledgerFile, `${ledgerFile}-wal`, `${ledgerFile}-shm`, markFile]) narrowFile(file);
}

/** Without opening it: a file that is closed again loses the locks that this process has on it. */
export function narrowFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0 || found.uid !== process.geteuid?.()) return;
  chmodSync(file, 0o600);
}

/** Makes a file, for its owner alone, where there is none. */
export function makeOwnFile(file: string): void {
  closeSync(openSync(file, "a", 0o600));
}

export const LOCK_FILE = "lock.sqlite";

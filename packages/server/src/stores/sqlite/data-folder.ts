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
  const missing: string[] = [];
  for (let path = folder.path; !isFolder(path); path = dirname(path)) missing.push(path);
  // One by one: Node's own way to make all of them does not end where none can be made, as in /proc.
  for (const path of missing.toReversed()) makeOne(path);
  // Folders that had to be made above it are names too.
  for (const path of missing.length === 0 ? [folder.path] : missing) syncFolder(dirname(path));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Somebody else may have made it meanwhile. */
function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isFolder(path)) throw error;
  }
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

/** Makes the ledger's file, for its owner alone, where there is none. */
export function makeLedgerFile({ ledgerFile }: DataFolder): void {
  closeSync(openSync(ledgerFile, "a", 0o600));
}

export const LOCK_FILE = "lock.sqlite";

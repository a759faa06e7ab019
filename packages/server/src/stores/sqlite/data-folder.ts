/** The folder of an embedded ledger, and its files. The lock that keeps a second server out is in `folder-lock.ts`. */
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

/** Makes the folder where it is missing, for this user only. */
export function makeFolder(folder: DataFolder): void {
  const missing: string[] = [];
  for (let path = folder.path; !isFolder(path); path = dirname(path)) missing.push(path);
  // One by one: Node's recursive mkdir never returns where no folder can be made, as in /proc.
  for (const path of missing.toReversed()) makeOne(path);
  // If folders above it had to be made, their names must become durable as well.
  for (const path of missing.length === 0 ? [folder.path] : missing) syncFolder(dirname(path));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Makes one folder; another process may have made it meanwhile. */
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
 * Takes away other users' access to the ledger's files, where they are this user's: an older version may have made them without
 * that. Files that SQLite makes beside the ledger get the ledger's mode.
 */
export function narrowFiles({ ledgerFile, markFile }: DataFolder): void {
  for (const file of [ledgerFile, `${ledgerFile}-wal`, `${ledgerFile}-shm`, markFile]) narrowFile(file);
}

/** Does not open the file: closing it again would drop the locks that this process holds on it. */
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

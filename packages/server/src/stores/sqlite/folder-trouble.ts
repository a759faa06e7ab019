/** Trouble of the machine that keeps a server from its data folder, told in one sentence; a stack trace would not help. */
import { accessSync, constants, statfsSync } from "node:fs";
import { codeOf } from "./trouble.ts";

class FolderTroubleError extends Error {
  constructor(path: string, why: string, cause: unknown) {
    super(`The data folder ${path} cannot be served from: ${why}`, { cause });
    this.name = "FolderTroubleError";
  }
}

/** SQLite's result codes for trouble of the machine: PERM, READONLY, IOERR, FULL, CANTOPEN. */
const OF_MACHINE: ReadonlySet<number> = new Set([3, 8, 10, 13, 14]);
const SPACE_BYTES_MIN = 1_048_576;

/** The error as it should be reported; any other error is answered unchanged. */
export function folderTrouble(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const ofSqlite = OF_MACHINE.has(codeOf(error) ?? 0);
  if (!ofSqlite && !("syscall" in error)) return error;
  return new FolderTroubleError(path, `${reasonOf(path, error)} (${error.message}).`, error);
}

/** SQLite says only that it could not open a file, so the reason is looked for here. */
function reasonOf(path: string, error: Error & { readonly code?: unknown }): string {
  const code = cannotWrite(path) ?? error.code;
  if (code === "EROFS") return "it is on a medium that cannot be written to";
  if (code === "EACCES" || code === "EPERM") return "this user may not write to it";
  if (code === "ENOSPC" || code === "EDQUOT" || isFull(path)) {
    return "there is no space left on its disk; a start needs some megabytes";
  }
  if (code === "ENOENT") return "it cannot be made there";
  if (code === "EEXIST" || code === "ENOTDIR") return "a file is there, or above it";
  return "its disk fails";
}

function cannotWrite(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : code;
  }
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < SPACE_BYTES_MIN;
  } catch {
    return false;
  }
}

/** What an error of SQLite means to the ledger: trouble of the machine, or a ledger that contradicts itself. */
import { DefectError, FaultError } from "../../ledger/ledger.ts";

/** SQLite's result codes for a damaged file: SQLITE_CORRUPT, SQLITE_NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
const SQLITE_CONSTRAINT = 19;
/** SQLITE_READONLY, SQLITE_CANTOPEN. */
const UNOPENABLE: ReadonlySet<number> = new Set([8, 14]);

/** What these result codes of SQLite mean here: SQLITE_BUSY, SQLITE_READONLY, SQLITE_FULL. */
const MEANINGS: Readonly<Record<number, string>> = {
  5: "another program holds its file locked",
  8: "its file cannot be written to",
  13: "there is no space left on its disk",
};

/** Trouble in the form in which one thread sends it to another. */
export interface Trouble {
  readonly kind: "fault" | "defect";
  readonly message: string;
}

export function troubleOf(error: unknown): Trouble {
  const message = error instanceof Error ? error.message : String(error);
  if (isDamage(error)) return { kind: "defect", message: `The ledger's file is damaged: ${message}` };
  if (codeOf(error) === SQLITE_CONSTRAINT) {
    return { kind: "defect", message: `The ledger refused what was decided: ${message}` };
  }
  const meaning = MEANINGS[codeOf(error) ?? 0];
  return { kind: "fault", message: meaning === undefined ? message : `${meaning} (${message})` };
}

/** `doing` says what could not be done, for trouble of the machine. */
export function errorOf({ kind, message }: Trouble, doing: string, cause?: unknown): FaultError | DefectError {
  return kind === "defect" ? new DefectError(message) : new FaultError(`${doing}: ${message}`, cause);
}

export function isDamage(error: unknown): error is Error {
  return DAMAGED.has(codeOf(error) ?? 0);
}

/** Whether SQLite could not make the files that it needs beside the ledger. */
export function isUnopenable(error: unknown): boolean {
  return UNOPENABLE.has(codeOf(error) ?? 0);
}

/** SQLite's primary result code, without its extension. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}

/** What an error of SQLite means to the ledger: trouble with the machine, or a ledger that contradicts itself. */
import { DefectError, FaultError } from "../../ledger/ledger.ts";

/** SQLite's result codes for a file that cannot be what it was: SQLITE_CORRUPT, SQLITE_NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
const SQLITE_CONSTRAINT = 19;

/** As it goes from thread to thread. */
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
  return { kind: "fault", message };
}

/** `doing` says what could not be done, where it was the machine. */
export function errorOf({ kind, message }: Trouble, doing: string, cause?: unknown): FaultError | DefectError {
  return kind === "defect" ? new DefectError(message) : new FaultError(`${doing}: ${message}`, cause);
}

export function isDamage(error: unknown): error is Error {
  return DAMAGED.has(codeOf(error) ?? 0);
}

/** SQLite's result code, without what extends it. */
function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
}

/** What goes wrong with PostgreSQL, as the ledger tells troubles apart. */
import { DefectError, FaultError, InvalidCursorError, QueueFullError } from "../../ledger/ledger.ts";

/**
 * `lost`: the connection is gone, or leads nowhere useful; on a new one the same may succeed. `unanswered`: the connection is
 * there, but a machine behind it is not. `contended`: rolled back for others' sake; again, and it may succeed. `damaged`: the
 * database says that it contradicts itself. `failed`: rolled back, for a reason that stays.
 */
type Trouble = "lost" | "unanswered" | "contended" | "damaged" | "failed";

/** Serialization failure, deadlock, lock not available, statement cancelled. */
const CONTENDED = new Set(["40001", "40P01", "55P03", "57014"]);
/** Read-only (a standby after a change of roles), shut down, cannot connect now, a transaction that was given up. */
const LOST = new Set(["25006", "57P01", "57P02", "57P03", "25P03"]);
/** Of another machine's connection, where the one that is asked goes on: shut down, crashed, starting. */
const GONE_ELSEWHERE = new Set(["57P01", "57P02", "57P03"]);
const DAMAGED = new Set(["XX001", "XX002"]);

export function troubleOf(error: unknown): Trouble {
  const { code, severity, routine } = error as Partial<Record<"code" | "severity" | "routine", unknown>>;
  // What has no SQLSTATE did not come from the server: sockets and time-outs. EPIPE is as long as one, but holds no digit.
  if (typeof code !== "string" || !/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return "lost";
  const isElsewhere = severity === "ERROR" && (code.startsWith("08") || GONE_ELSEWHERE.has(code));
  // Citus says so of a connection to a machine that broke: while it sent rows, and while it waited for an answer.
  const isBroken =
    (code === "58030" && routine === "ReportCopyError") || (code === "XX000" && routine === "ReportResultError");
  if (isElsewhere || isBroken) return "unanswered";
  if (code.startsWith("08") || LOST.has(code)) return "lost";
  if (CONTENDED.has(code)) return "contended";
  return DAMAGED.has(code) ? "damaged" : "failed";
}

/** Whether a row was refused since there is another with its key. */
export function isNotUnique(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === "23505";
}

/**
 * Whether a machine refused rows without saying why in a form that can be told apart: Citus sends rows by COPY, and passes on
 * the text of an error, in that machine's language, without its code.
 */
export function isRefusedCopy(error: unknown): boolean {
  const { code, routine } = error as { readonly code?: unknown; readonly routine?: unknown };
  return code === "XX000" && routine === "ReportCopyError";
}

/**
 * A commit on several machines is seen bit by bit: what was found on one leads to what cannot be seen yet on another. In a
 * moment it will be.
 */
export class HalfSeenError extends Error {
  /** As PostgreSQL says of what may succeed when it is tried again. */
  readonly code = "40001";

  constructor() {
    super("A commit is under way whose parts on several machines cannot be seen alike yet.");
    this.name = "HalfSeenError";
  }
}

/** Whether another try at connecting is of use: not where the server is there, and says no. */
export function mayConnectLater(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  // Too many connections pass; a wrong password does not.
  return troubleOf(error) === "lost" || code === "53300";
}

/** That a statement was given up since it took too long. */
export function isGivenUp(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "57014";
}

/** A machine that holds a part of the ledger does not answer: what lies there cannot be committed now, and other work can. */
export class UnansweredError extends FaultError {
  constructor(cause: unknown) {
    super("The machine that holds this product's part of the ledger does not answer", cause);
    this.name = "UnansweredError";
  }
}

/** The error as callers of the ledger know it. Its text is shown to anybody, so it does not say where the database is. */
export function errorOf(error: unknown, doing: string): Error {
  if (error instanceof DefectError || error instanceof FaultError || error instanceof InvalidCursorError) return error;
  if (error instanceof QueueFullError) return error;
  const message = `${doing}: ${whyOf(error)}`;
  return troubleOf(error) === "damaged" ? new DefectError(message) : new FaultError(message, error);
}

/** Sockets and name servers name the address that they were asked for. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "syscall" in error
    ? `the database cannot be reached (${String((error as NodeJS.ErrnoException).code)})`
    : error.message;
}

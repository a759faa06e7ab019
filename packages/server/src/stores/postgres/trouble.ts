/** Sorts what goes wrong with PostgreSQL into the kinds of trouble that the ledger distinguishes. */
import { DefectError, FaultError, InvalidCursorError, QueueFullError } from "../../ledger/ledger.ts";

/**
 * `lost`: the connection is gone, or leads to a server that cannot write; the same may succeed on a new one. `unanswered`: the
 * connection works, but a machine behind it does not. `contended`: rolled back because of other transactions; may succeed when
 * repeated. `damaged`: the database says that it contradicts itself. `failed`: rolled back, for a reason that stays.
 */
type Trouble = "lost" | "unanswered" | "contended" | "damaged" | "failed";

/** Serialization failure, deadlock, lock not available, statement cancelled. */
const CONTENDED = new Set(["40001", "40P01", "55P03", "57014"]);
/** Read-only (a standby after a change of roles), shut down, cannot connect now, a transaction that was idle for too long. */
const LOST = new Set(["25006", "57P01", "57P02", "57P03", "25P03"]);
/** These come from another machine's connection where the coordinator goes on: shut down, crashed, starting. */
const GONE_ELSEWHERE = new Set(["57P01", "57P02", "57P03"]);
const DAMAGED = new Set(["XX001", "XX002"]);

export function troubleOf(error: unknown): Trouble {
  const { code, severity, routine } = error as Partial<Record<"code" | "severity" | "routine", unknown>>;
  // An error without an SQLSTATE is of a socket or a time-out, not PostgreSQL's. EPIPE has five characters, but no digit.
  if (typeof code !== "string" || !/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return "lost";
  const isElsewhere = severity === "ERROR" && (code.startsWith("08") || GONE_ELSEWHERE.has(code));
  // Citus reports so that a connection to a machine broke: while it sent rows, or while it waited for an answer.
  const isBroken =
    (code === "58030" && routine === "ReportCopyError") || (code === "XX000" && routine === "ReportResultError");
  if (isElsewhere || isBroken) return "unanswered";
  if (code.startsWith("08") || LOST.has(code)) return "lost";
  if (CONTENDED.has(code)) return "contended";
  return DAMAGED.has(code) ? "damaged" : "failed";
}

/** Whether a row was refused because there is another row with its key. */
export function isNotUnique(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === "23505";
}

/**
 * Whether a machine refused copied rows for a reason that cannot be told. Citus sends rows by COPY; of a refusal it passes on
 * the text, in that machine's language, but not the code.
 */
export function isRefusedCopy(error: unknown): boolean {
  const { code, routine } = error as { readonly code?: unknown; readonly routine?: unknown };
  return code === "XX000" && routine === "ReportCopyError";
}

/**
 * A commit on several machines becomes visible on one machine after another: a row that was found on one names a row that
 * cannot be seen on another yet. It can be seen a moment later.
 */
export class HalfSeenError extends Error {
  /** PostgreSQL's code for errors that may go away when the transaction is repeated. */
  readonly code = "40001";

  constructor() {
    super("A commit is under way whose parts on several machines cannot be seen alike yet.");
    this.name = "HalfSeenError";
  }
}

/** Whether another try to connect may succeed; not where the server is there and refuses. */
export function mayConnectLater(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  // The number of connections falls again; a wrong password stays wrong.
  return troubleOf(error) === "lost" || code === "53300";
}

/** Whether the error says that a statement was cancelled because it took too long. */
export function isGivenUp(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "57014";
}

/** A machine that holds a part of the ledger does not answer. Only work about the products on it cannot be committed now. */
export class UnansweredError extends FaultError {
  constructor(cause: unknown) {
    super("The machine that holds this product's part of the ledger does not answer", cause);
    this.name = "UnansweredError";
  }
}

/** The error in the form that callers know. Everybody may see its text, so it does not name the database's address. */
export function errorOf(error: unknown, doing: string): Error {
  if (error instanceof DefectError || error instanceof FaultError || error instanceof InvalidCursorError) return error;
  if (error instanceof QueueFullError) return error;
  const message = `${doing}: ${whyOf(error)}`;
  return troubleOf(error) === "damaged" ? new DefectError(message) : new FaultError(message, error);
}

/** The messages of sockets and name servers hold the address, so only their codes are shown. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "syscall" in error
    ? `the database cannot be reached (${String((error as NodeJS.ErrnoException).code)})`
    : error.message;
}

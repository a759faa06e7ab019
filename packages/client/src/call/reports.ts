/** What a client tells of its calls while they go on: to a logger, and to a hook. Neither can make a call fail. */
import type { MeteringError, Outcome } from "../outcome.ts";

/** Any part of it will do; `console` does. Secrets and tokens are never logged. */
export interface Logger {
  /** A call that succeeded. */
  debug?(message: string, entry?: LogEntry): void;
  /** An attempt that is followed by another. */
  info?(message: string, entry?: LogEntry): void;
  /** A call that failed; and what is odd, and gone around. */
  warn?(message: string, entry?: LogEntry): void;
  error?(message: string, entry?: LogEntry): void;
}

/** What a message about a call says, to be searched by. */
export interface LogEntry {
  readonly operation: string;
  /** How often the request was sent so far. */
  readonly attempts: number;
  /** Since the call began, in milliseconds; of an attempt, since that began. */
  readonly durationMs: number;
  /** The service's id of the request, where there was an answer. */
  readonly requestId: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly errorName?: string;
  readonly mayHaveSucceeded?: boolean;
  /** After so many milliseconds it is sent again. */
  readonly retryInMs?: number;
}

/** One attempt that has ended. */
export interface AttemptReport {
  /** The operation, such as `BatchMeterUsage`. */
  readonly operation: string;
  /** From 1 on. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The same for all attempts of a call; the header `amz-sdk-invocation-id`. */
  readonly invocationId: string;
  readonly url: URL;
  readonly region: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The service's id of the request, where there was an answer. */
  readonly requestId: string | undefined;
  /** Why it failed; undefined where it succeeded. */
  readonly error: MeteringError | undefined;
  /** After so many milliseconds it is sent again; undefined where it is the last. */
  readonly retryInMs: number | undefined;
}

export type OnAttempt = (report: AttemptReport) => void;

/** A logger whose failing is nobody's business: a call must not end for it. */
export function unfailing(logger: Logger): Logger {
  const levels = ["debug", "info", "warn", "error"] as const;
  const wrapped = levels.map((level) => [
    level,
    (message: string, entry?: LogEntry): void => {
      try {
        if (entry === undefined) logger[level]?.(message);
        else logger[level]?.(message, entry);
      } catch {
        // It has nobody to tell.
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Logger;
}

export class Reports {
  readonly #logger: Logger;
  readonly #onAttempt: OnAttempt | undefined;

  /** The logger must not fail; the hook may. */
  constructor(logger: Logger, onAttempt: OnAttempt | undefined) {
    this.#logger = logger;
    this.#onAttempt = onAttempt;
  }

  attempt(report: AttemptReport): void {
    const { operation, attempt, error, retryInMs, durationMs, requestId, status } = report;
    if (error !== undefined && retryInMs !== undefined) {
      const { name: errorName, mayHaveSucceeded } = error;
      const entry = { operation, attempts: attempt, durationMs, requestId, status, errorName, mayHaveSucceeded };
      const message = `${operation}: ${errorName}, sent again in ${retryInMs} ms (attempt ${attempt}).`;
      this.#logger.info?.(message, { ...entry, retryInMs });
    }
    try {
      this.#onAttempt?.(report);
    } catch (thrown) {
      this.#logger.error?.(`onAttempt failed: ${String(thrown)}`);
    }
  }

  call(operation: string, outcome: Outcome<unknown>, durationMs: number): void {
    const { attempts, requestId, status } = outcome.ok ? outcome.metadata : outcome.error;
    const entry = { operation, attempts, durationMs, requestId, status };
    if (outcome.ok) {
      this.#logger.debug?.(`${operation}: done.`, entry);
      return;
    }
    const { name: errorName, message, mayHaveSucceeded } = outcome.error;
    this.#logger.warn?.(`${operation}: ${errorName}: ${message}`, { ...entry, errorName, mayHaveSucceeded });
  }
}

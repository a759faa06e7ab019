/** Reports about calls while they go on: to a logger, and to a hook. Neither can make a call fail. */
import type { MeteringError, Outcome } from "../outcome.ts";

/** Each method is optional; `console` is a logger. Secrets and tokens are never logged. */
export interface Logger {
  /** A call that succeeded. */
  debug?(message: string, entry?: LogEntry): void;
  /** An attempt failed, and another one follows. */
  info?(message: string, entry?: LogEntry): void;
  /** A call failed; or something odd was found, and the call went on. */
  warn?(message: string, entry?: LogEntry): void;
  error?(message: string, entry?: LogEntry): void;
}

/** The data of a log message about a call, for searches. */
export interface LogEntry {
  readonly operation: string;
  /** How often the request has been sent. */
  readonly attempts: number;
  /** Milliseconds since the call began; in a message about an attempt, since the attempt began. */
  readonly durationMs: number;
  /** The service's id of the request, if there was an answer. */
  readonly requestId: string | undefined;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  readonly errorName?: string;
  readonly mayHaveSucceeded?: boolean;
  /** The request is sent again after this many milliseconds. */
  readonly retryInMs?: number;
}

/** An attempt that has ended. */
export interface AttemptReport {
  /** The operation, such as `BatchMeterUsage`. */
  readonly operation: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The same for all attempts of a call; the header `amz-sdk-invocation-id`. */
  readonly invocationId: string;
  readonly url: URL;
  readonly region: string;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs: number;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** The service's id of the request, if there was an answer. */
  readonly requestId: string | undefined;
  /** Why the attempt failed; undefined where it succeeded. */
  readonly error: MeteringError | undefined;
  /** The request is sent again after this many milliseconds; undefined for the last attempt. */
  readonly retryInMs: number | undefined;
}

export type OnAttempt = (report: AttemptReport) => void;

/** A logger whose errors are ignored, so that no call fails because of it. */
export function unfailing(logger: Logger): Logger {
  const levels = ["debug", "info", "warn", "error"] as const;
  const wrapped = levels.map((level) => [
    level,
    (message: string, entry?: LogEntry): void => {
      try {
        hear(entry === undefined ? logger[level]?.(message) : logger[level]?.(message, entry), () => undefined);
      } catch {
        // There is nobody to report this to.
      }
    },
  ]);
  return Object.fromEntries(wrapped) as Logger;
}

/** An async function that was handed in may reject later: unheard, that would end the program. */
function hear(told: unknown, failed: (thrown: unknown) => void): void {
  const isPromise = typeof (told as { readonly then?: unknown } | null | undefined)?.then === "function";
  if (isPromise) void Promise.resolve(told).catch(failed);
}

export class Reports {
  readonly #logger: Logger;
  readonly #onAttempt: OnAttempt | undefined;

  /** `logger` must not throw; the hook may. */
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
    const failed = (thrown: unknown): void => this.#logger.error?.(`onAttempt failed: ${String(thrown)}`);
    try {
      hear(this.#onAttempt?.(report), failed);
    } catch (thrown) {
      failed(thrown);
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

/** The time limits of a call and its parts, from configuration and options, in a form that timers accept. */
import { configurationError, invalidInput, type MeteringError } from "../outcome.ts";

/** The limits of the client's configuration, for all its calls. */
export interface ConfiguredLimits {
  readonly connectTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly callTimeoutMs: number | undefined;
}

export interface CallOptions {
  /** Ends the call, whatever it is doing. The service may have done the request: see `mayHaveSucceeded`. */
  readonly signal?: AbortSignal | undefined;
  /** How long one attempt of this call may take, in milliseconds. */
  readonly attemptTimeoutMs?: number | undefined;
  /** How long this call may take with all its attempts, in milliseconds. */
  readonly callTimeoutMs?: number | undefined;
  /**
   * How often this call's request is sent at most, the first time included; by default as the client is configured. With 1,
   * every attempt is a call of its own, whose outcome says whether it may have succeeded.
   */
  readonly maxAttempts?: number | undefined;
}

/** Each is a whole number of milliseconds that a timer can wait. */
export interface Limits extends ConfiguredLimits {
  /** Undefined where the call does not set it. */
  readonly maxAttempts: number | undefined;
  /** Ends the call: the caller's signal, or the end of the call's time. */
  readonly signal: AbortSignal | undefined;
  /** Stops the timer for the end of the call's time. */
  readonly end?: (() => void) | undefined;
}

/** A timer that is asked to wait longer than this ends at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Throws a `MeteringError` for an invalid time-out or number of attempts. */
export function limitsOf(configured: ConfiguredLimits, options: CallOptions): Limits {
  const told = (name: keyof ConfiguredLimits & keyof CallOptions): number | undefined =>
    timerMsOf(name, options[name], invalidInput) ?? timerMsOf(name, configured[name], configurationError);
  const callTimeoutMs = told("callTimeoutMs");
  const { maxAttempts } = options;
  if (maxAttempts !== undefined && !isNumberOfAttempts(maxAttempts)) {
    throw invalidInput(`maxAttempts must be a whole number from 1 on; it is ${String(maxAttempts)}.`);
  }
  return {
    connectTimeoutMs: timerMsOf("connectTimeoutMs", configured.connectTimeoutMs, configurationError),
    attemptTimeoutMs: told("attemptTimeoutMs") as number,
    callTimeoutMs,
    maxAttempts,
    ...(callTimeoutMs === undefined ? { signal: options.signal } : deadline(options.signal, callTimeoutMs)),
  };
}

export function isNumberOfAttempts(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

/** Fractions are rounded up; a negative time has run out; a longer time than a timer can wait becomes that time. */
function timerMsOf<T extends number | undefined>(
  name: string,
  timeoutMs: T,
  refusal: (message: string) => MeteringError,
): T {
  if (timeoutMs === undefined) return timeoutMs;
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw refusal(`${name} must be a number of milliseconds; it is ${String(timeoutMs)}.`);
  }
  return Math.min(Math.max(Math.ceil(timeoutMs), 0), TIMER_MAX_MS) as T;
}

/** Has a timer of its own, because those of `AbortSignal.timeout` stay until they fire. */
function deadline(signal: AbortSignal | undefined, callTimeoutMs: number): Pick<Limits, "signal" | "end"> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  else if (callTimeoutMs === 0) controller.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(), callTimeoutMs);
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, end };
}

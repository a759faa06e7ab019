/**
 * Decides when a request is sent again, and after how long. Source: the standard retry mode of the official SDK (its values of
 * 2026), and its lists of error codes.
 *
 * Sending again is safe for this service: records are idempotent by their key, a MeterUsage also by its client token, and every
 * attempt of a call sends the same bytes.
 */
import type { MeteringError } from "../outcome.ts";

const TRANSIENT_BASE_MS = 50;
const THROTTLED_BASE_MS = 1_000;
const DELAY_MS_MAX = 20_000;
/** How much longer than its own delay the client waits at most when the service asks for that. */
const HINT_SURPLUS_MS_MAX = 5_000;
const RETRY_COST = 14;
const THROTTLED_COST = 5;

/** Codes of other AWS services, and of gateways in front of them, that ask the client to slow down. */
const THROTTLING_CODES: ReadonlySet<string> = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);
const TRANSIENT_CODES: ReadonlySet<string> = new Set(["TimeoutError", "RequestTimeout", "RequestTimeoutException"]);
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Whether an error is worth another attempt, where the error catalogue does not say. */
export function retryOf(code: string, status: number, message: string): MeteringError["retry"] {
  if (status === 429 || THROTTLING_CODES.has(code)) return "throttled";
  if (TRANSIENT_CODES.has(code) || TRANSIENT_STATUSES.has(status)) return "transient";
  if (code === "InvalidSignatureException" && message.includes("Signature expired")) return "transient";
  return "never";
}

/** How long to wait before attempt `attempt + 1`: a random time from 0 up to a bound that doubles (full jitter). */
export function retryDelayMs(
  attempt: number,
  retry: MeteringError["retry"],
  random: number,
  hintMs: number | undefined,
): number {
  const base = retry === "throttled" ? THROTTLED_BASE_MS : TRANSIENT_BASE_MS;
  const delayMs = Math.floor(random * Math.min(base * 2 ** (attempt - 1), DELAY_MS_MAX));
  if (hintMs === undefined || Number.isNaN(hintMs)) return delayMs;
  return Math.max(delayMs, Math.min(hintMs, delayMs + HINT_SURPLUS_MS_MAX));
}

/** The budget that a client's retries share, so that an outage is not made worse because every call is tried three times. */
export class RetryBudget {
  readonly #tokensMax: number;
  #tokens: number;

  constructor(tokensMax: number) {
    this.#tokensMax = tokensMax;
    this.#tokens = tokensMax;
  }

  /** Takes the cost of a retry, and answers it; undefined where too little is left. */
  take(retry: MeteringError["retry"]): number | undefined {
    const cost = retry === "throttled" ? THROTTLED_COST : RETRY_COST;
    if (this.#tokens < cost) return undefined;
    this.#tokens -= cost;
    return cost;
  }

  /** A success gives back what its own last retry cost, or 1 where there was none. */
  giveBack(cost: number | undefined): void {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + (cost ?? 1));
  }
}

/** How many milliseconds the service asks to wait: `x-amz-retry-after` in milliseconds, `retry-after` in seconds or as a date. */
export function retryHintMs(header: (name: string) => string | undefined, wallMs: number): number | undefined {
  const milliseconds = header("x-amz-retry-after");
  if (milliseconds !== undefined) return Number(milliseconds);
  const text = header("retry-after");
  if (text === undefined) return undefined;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
}

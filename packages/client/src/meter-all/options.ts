/** The options of `meterAll`, and which values of theirs make sense. */
import { ruleSets, type RuleSetName } from "@countinghouse/protocol";
import { invalidInput } from "../outcome.ts";

export interface MeterAllOptions {
  /** The product code of records that have none of their own. */
  readonly productCode?: string | undefined;
  /**
   * Two records with one key (hour, product or licence, customer, dimension), of which the service would keep only one:
   * `sum` sends them as one, `refuse` sends neither and says so of both. By default `refuse`.
   */
  readonly sameKey?: "sum" | "refuse" | undefined;
  /**
   * Whose limit of age records are held against before they are sent, once an answer of the run has told the service's
   * time: `current` (24 hours, and the cut at the month's end), `classic` (6 hours), or `service`, which leaves all to the
   * service, as is right for one whose clock stands still in a lab. Before that, within 4 minutes of the limit, and where
   * usage lies ahead, the service decides in any case. By default `current`, which refuses nothing that AWS accepts.
   */
  readonly ruleSet?: RuleSetName | "service" | undefined;
  /** Ids of metering records known from before, so that a replay of them is told as such. */
  readonly knownIds?: ReadonlySet<string> | undefined;
  /** Requests a second, attempts included, from 0.001 on; by default 10, AWS's quota for an account and region. */
  readonly requestsPerSecond?: number | undefined;
  /** Requests under way at once, from 1 on; by default 8. */
  readonly concurrency?: number | undefined;
  /** How often a record is sent again that came back unprocessed, or whose call failed in passing; by default 5. */
  readonly resendsMax?: number | undefined;
  /**
   * For how long a record is sent again that came back unprocessed, or whose call failed in passing, in milliseconds;
   * `resendsMax` then does not count. Never beyond its acceptance window, as far as an answer has told the service's time. An
   * outage is waited for with one batch at a time, every 20 seconds at most.
   */
  readonly resendForMs?: number | undefined;
  /**
   * Takes the input by windows of so many records, so that memory does not grow with it, and it may be without an end. While
   * one window is sent, the next is read. Records with one key are put together (`sameKey`) within a window; one whose key
   * was in an earlier window is refused, as long as that is remembered: for at least 100,000 keys. So records of one key
   * should come close together. By default all is one window.
   */
  readonly window?: number | undefined;
  /** After its first record a window is open this long at most, in milliseconds; by default 1,000. Only with `window`. */
  readonly windowMs?: number | undefined;
  /** Ends the run early. What was not decided by then is said to be undecided. */
  readonly signal?: AbortSignal | undefined;
}

export const CONCURRENCY = 8;
export const RESENDS_MAX = 5;
export const WINDOW_OPEN_MS = 1_000;
/** As long as a timer can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** Slower, and a turn would be further away than a timer can wait. */
const REQUESTS_PER_SECOND_MIN = 0.001;

/** Throws an `InvalidInputError` for a value that would leave a run without an end or without a bound. */
export function checkOptions(options: MeterAllOptions): void {
  const { concurrency, requestsPerSecond, resendsMax, resendForMs, ruleSet, sameKey, window, windowMs } = options;
  check("concurrency", concurrency, wholeFrom(1), "a whole number from 1 on");
  check("resendsMax", resendsMax, wholeFrom(0), "a whole number from 0 on");
  check("window", window, wholeFrom(1), "a whole number from 1 on");
  const duration = `a number of milliseconds from 0 to ${TIMER_MAX_MS}`;
  check("windowMs", windowMs, isDuration, duration);
  check("resendForMs", resendForMs, isDuration, duration);
  const minimum = `a finite number from ${REQUESTS_PER_SECOND_MIN} on`;
  check("requestsPerSecond", requestsPerSecond, isPace, minimum);
  const ruleSetNames = [...Object.keys(ruleSets), "service"];
  check("ruleSet", ruleSet, (value) => ruleSetNames.includes(value), `one of ${ruleSetNames.join(", ")}`);
  check("sameKey", sameKey, (value) => value === "sum" || value === "refuse", "one of sum, refuse");
}

function check<T>(name: string, value: T | undefined, isFine: (value: T) => boolean, expected: string): void {
  if (value !== undefined && !isFine(value)) throw invalidInput(`${name} must be ${expected}; it is ${String(value)}.`);
}

function wholeFrom(minimum: number): (value: number) => boolean {
  return (value) => Number.isInteger(value) && value >= minimum;
}

function isPace(value: number): boolean {
  return Number.isFinite(value) && value >= REQUESTS_PER_SECOND_MIN;
}

function isDuration(value: number): boolean {
  return Number.isFinite(value) && value >= 0 && value <= TIMER_MAX_MS;
}

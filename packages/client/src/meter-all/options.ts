/** The options of `meterAll`, and which values are allowed. */
import { ruleSets, type RuleSetName } from "@countinghouse/protocol";
import { invalidInput } from "../outcome.ts";

export interface MeterAllOptions {
  /** The product code of records that have none of their own. */
  readonly productCode?: string | undefined;
  /**
   * For two records with one key (hour, product or licence, customer, dimension), of which the service would keep only one:
   * `sum` sends them as one record; `refuse`, the default, sends neither, and reports both as refused.
   */
  readonly sameKey?: "sum" | "refuse" | undefined;
  /**
   * The age limit against which records are checked before they are sent, once an answer of the run has told the service's
   * time: `current` (24 hours, and the cut at the month's end), `classic` (6 hours), or `service`, which leaves the decision to
   * the service and suits a lab whose clock stands still. Before such an answer, within 4 minutes of the limit, and for usage
   * that lies ahead, the service always decides. By default `current`, which refuses nothing that AWS accepts.
   */
  readonly ruleSet?: RuleSetName | "service" | undefined;
  /** Ids of metering records from before, so that their replays are reported as replays. */
  readonly knownIds?: ReadonlySet<string> | undefined;
  /** Requests a second, attempts included, from 0.001 on; by default 10, AWS's quota for an account and region. */
  readonly requestsPerSecond?: number | undefined;
  /** How many requests are under way at once, from 1 on; by default 8. */
  readonly concurrency?: number | undefined;
  /** How often a record is sent again that came back unprocessed, or whose call failed in a way that may pass; by default 5. */
  readonly resendsMax?: number | undefined;
  /**
   * For how long, in milliseconds, a record is sent again that came back unprocessed, or whose call failed in a way that may
   * pass; `resendsMax` then does not count. Never beyond the record's acceptance window, as far as an answer has told the
   * service's time. During an outage one batch at a time is tried, with pauses of up to 20 seconds.
   */
  readonly resendForMs?: number | undefined;
  /**
   * Takes the input in windows of this many records, so that memory does not grow with it; the input may then be endless. While
   * one window is sent, the next one is read. Records with one key are combined (`sameKey`) within a window. A record whose key
   * was in an earlier window is refused, for as long as that key is remembered: at least 100,000 keys are. So records with one
   * key should come close together. By default everything is one window.
   */
  readonly window?: number | undefined;
  /** How long a window is open after its first record, at most, in milliseconds; by default 1,000. Only with `window`. */
  readonly windowMs?: number | undefined;
  /** Ends the run early. Records that are not decided by then are undecided. */
  readonly signal?: AbortSignal | undefined;
}

export const CONCURRENCY = 8;
export const RESENDS_MAX = 5;
export const WINDOW_OPEN_MS = 1_000;
/** The longest time that a timer can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** At a slower rate, the next turn would be later than a timer can wait. */
const REQUESTS_PER_SECOND_MIN = 0.001;

/** Throws an `InvalidInputError` for a value with which a run would have no end or no bound. */
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

/**
 * What an entry's state is: a pure function of all its attempts. An attempt without an end may have been kept; so nothing ends as
 * refused or expired beside one, and what the service says of a record that it may have kept before proves nothing.
 */

/** What came of one attempt, as evidence about one entry. */
export type AttemptEnd =
  /** Kept, with an id from the service. */
  | "accepted"
  /** Other usage stands under the key; or this very one, of an attempt before. */
  | "duplicate"
  /** Alone in its call, and refused by an error about the record or its product; or by a status. Surely not kept. */
  | "refused"
  /** Surely not kept: unprocessed, throttled, refused together with others. */
  | "not-kept"
  /** Nobody saw the end: it may have been kept. */
  | "unknown"
  /** By a person, with a reason: kept, or not kept, whatever attempts before say. */
  | "shown-kept"
  | "shown-not-kept";

export interface Attempt {
  readonly attemptId: string;
  readonly entryId: string;
  /** All entries of one call have the same. */
  readonly callId: string;
  readonly sender: string;
  readonly startedMs: number;
  readonly endedMs: number | undefined;
  readonly end: AttemptEnd | undefined;
  /** AWS's error name, or status. */
  readonly errorName: string | undefined;
  readonly message: string | undefined;
  readonly meteringRecordId: string | undefined;
  readonly requestId: string | undefined;
}

export type EntryState =
  /** Readings are being put in. */
  | "gathering"
  /** Units 0: nothing is sent, and no key is used up. */
  | "empty"
  /** To be sent; or sent, and not decided yet. */
  | "frozen"
  /** Refused, but in time: tried again alone, and refused for good at its deadline. */
  | "held"
  | "delivered"
  | "refused"
  | "expired"
  /** Refused, or over time, though it may have been kept: waits for proof. */
  | "doubtful"
  /** Surely not kept, and taken apart: its readings are assigned anew. */
  | "dissolved";

export const ENDED: ReadonlySet<EntryState> = new Set(["delivered", "refused", "expired", "dissolved"]);

export interface EntryFacts {
  readonly state: EntryState;
  readonly hasBody: boolean;
  /** What the record is stamped with, but for the fraction of a second. */
  readonly latestAtMs: number;
  /**
   * When the window of its record closes. That a customer has left is no end by itself: the service may still take the usage, as
   * that of a licence which another one replaces (Rule G6).
   */
  readonly windowEndMs: number;
  /** From before a restored backup: what stands under its key may be its own. */
  readonly bornDoubtful: boolean;
}

export interface Times {
  /** The service's time, as it told it in this process; undefined before. */
  readonly serviceMs: number | undefined;
  /** This machine's clock. */
  readonly machineMs: number;
}

interface StateDecision {
  readonly state: EntryState;
  /** Why, where it is not simply waiting or delivered: AWS's error name or status, or `overflow`, `too-late`. */
  readonly why: string | undefined;
  /** Not tried before: a service time; undefined where it is not tried at all. */
  readonly nextTryMs: number | undefined;
  readonly alone: boolean;
}

/** Refusals that the passing of time, or a change in the marketplace, can turn into an acceptance. */
const MAY_CHANGE: ReadonlySet<string> = new Set([
  "CustomerNotSubscribed",
  "InvalidCustomerIdentifierException",
  "InvalidLicenseException",
  "InvalidProductCodeException",
  "InvalidUsageDimensionException",
]);
const OUT_OF_BOUNDS = "TimestampOutOfBoundsException";

const HELD_RETRY_MS = 1_800_000;
const LAST_TRY_MS = 120_000;
const RETRY_BASE_MS = 1_000;
const RETRY_MS_MAX = 300_000;
/** Nothing expires by a clock alone until both clocks are so far past the deadline. */
const LATE_MS = 3_600_000;

/** Evidence that a record may have been kept, which no later proof has taken away. */
export function mayBeKept({ bornDoubtful }: Pick<EntryFacts, "bornDoubtful">, attempts: readonly Attempt[]): boolean {
  const shown = attempts.findLastIndex(({ end }) => end === "shown-not-kept");
  if (shown === -1 && bornDoubtful) return true;
  return attempts.slice(shown + 1).some(({ end }) => end === undefined || end === "unknown");
}

/** `attempts` are in the order in which they began. */
export function decideState(entry: EntryFacts, attempts: readonly Attempt[], times: Times): StateDecision {
  // Its readings are in another entry by now: that it was kept after all is for a person to see.
  if (entry.state === "dissolved") return ended("dissolved", undefined);
  if (attempts.some(({ end }) => end === "accepted" || end === "shown-kept")) return ended("delivered", undefined);
  if (entry.state === "gathering" || entry.state === "empty") return ended(entry.state, undefined);
  const doubt = mayBeKept(entry, attempts);
  if (!entry.hasBody)
    return isOver(entry, times) ? ended("refused", "overflow") : waiting("held", "overflow", undefined, true);
  // In the order in which they began, which the store knows; the clocks of the machines that ended them may be anything.
  const last = attempts.findLast(({ end }) => end !== undefined);
  const alone = attempts.some(({ end }) => end === "refused" || end === "duplicate");
  if (last?.end === "refused") return afterRefusal(entry, last, doubt, times);
  if (last?.end === "duplicate")
    return doubt ? waiting("doubtful", "DuplicateRecord", undefined, true) : ended("refused", "DuplicateRecord");
  if (last?.end === "shown-not-kept" && isOver(entry, times)) return ended("expired", "too-late");
  if (isLongOver(entry, times))
    return doubt ? waiting("doubtful", "too-late", undefined, true) : ended("expired", "too-late");
  return waiting("frozen", undefined, last === undefined ? 0 : retryAt(attempts, times), alone);
}

function afterRefusal(entry: EntryFacts, { errorName = "" }: Attempt, doubt: boolean, times: Times): StateDecision {
  const { serviceMs = 0 } = times;
  if (errorName === OUT_OF_BOUNDS) {
    // Usage that lies ahead of the service's clock: its time comes.
    if (entry.latestAtMs > serviceMs) return waiting("frozen", errorName, serviceMs + RETRY_MS_MAX, true);
    return doubt ? waiting("doubtful", errorName, undefined, true) : ended("expired", errorName);
  }
  const mayChange = MAY_CHANGE.has(errorName) && !isOver(entry, times);
  const nextTryMs = mayChange ? heldRetryAt(entry, serviceMs) : undefined;
  if (doubt) return waiting("doubtful", errorName, nextTryMs, true);
  return mayChange ? waiting("held", errorName, nextTryMs, true) : ended("refused", errorName);
}

/** Every half hour, and once more shortly before the deadline. */
function heldRetryAt({ windowEndMs }: EntryFacts, serviceMs: number): number | undefined {
  const lastMs = windowEndMs - LAST_TRY_MS;
  return serviceMs >= lastMs ? undefined : Math.min(serviceMs + HELD_RETRY_MS, lastMs);
}

function isOver({ windowEndMs }: EntryFacts, { serviceMs }: Times): boolean {
  return serviceMs !== undefined && serviceMs >= windowEndMs;
}

/** By the time that was told and by this machine's clock, too. */
function isLongOver({ windowEndMs }: EntryFacts, { serviceMs, machineMs }: Times): boolean {
  return serviceMs !== undefined && Math.min(serviceMs, machineMs) >= windowEndMs + LATE_MS;
}

function retryAt(attempts: readonly Attempt[], { serviceMs = 0 }: Times): number {
  const undecided = attempts.filter(({ end }) => end === "unknown" || end === "not-kept").length;
  return serviceMs + Math.min(RETRY_BASE_MS * 2 ** Math.min(undecided, 20), RETRY_MS_MAX);
}

function ended(state: EntryState, why: string | undefined): StateDecision {
  return { state, why, nextTryMs: undefined, alone: true };
}

function waiting(
  state: EntryState,
  why: string | undefined,
  nextTryMs: number | undefined,
  alone: boolean,
): StateDecision {
  return { state, why, nextTryMs, alone };
}

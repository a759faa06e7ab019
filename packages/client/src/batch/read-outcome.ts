/**
 * What the outcome of a batch says of each of its lines: a verdict, or that it is to be sent again, or alone. A pure
 * reading: when and how often something is sent again is the caller's to decide.
 */
import { SKEW_MS_MIN } from "../call/skew.ts";
import type { BatchMeterUsageOutput } from "../operations.ts";
import type { MeteringError, Outcome } from "../outcome.ts";
import type { Line } from "./line.ts";
import { halves } from "./pack.ts";
import { readAnswer } from "./read-answer.ts";
import type { Verdict } from "./result.ts";

export interface OutcomeReading<L> {
  /** What is settled. After a doubt (`doubtful`), only what proves something; the rest is `undecided`. */
  readonly verdicts: ReadonlyMap<L, Verdict>;
  /**
   * To be sent again as they are, after a pause: the service did not get to them, or the call failed in passing. For those
   * who send no more, `last` is what to say of them.
   */
  readonly again: readonly L[];
  readonly last: Verdict;
  /** Sent in these parts, the record that had the whole batch refused stands alone in the end. Empty, or two. */
  readonly parts: readonly (readonly L[])[];
  /** Whether what is in `again` and `parts` may be metered already: to be handed in as `doubtful` when it is sent again. */
  readonly doubtful: boolean;
  /** An error that every other request would meet, too, such as for want of permission or credentials. */
  readonly stoppedBy: MeteringError | undefined;
  /** Results and records in the answer that are about none of the lines. */
  readonly strays: number;
}

export interface OutcomeContext {
  /** Whether an earlier call with these lines may have succeeded although nobody saw it. */
  readonly doubtful: boolean;
  /** The service's time, in milliseconds since the epoch: tells usage that is too old from usage that lies ahead. */
  readonly nowMs: number;
  /** Ids of metering records known from before, so that a replay is told as such. */
  readonly isKnown?: ((meteringRecordId: string) => boolean) | undefined;
}

/** Errors that a single record can cause: the rest of its batch may be fine. */
const OF_A_RECORD: ReadonlySet<string> = new Set([
  "TimestampOutOfBoundsException",
  "InvalidUsageDimensionException",
  "InvalidTagException",
  "InvalidUsageAllocationsException",
  "InvalidCustomerIdentifierException",
  "InvalidLicenseException",
  "ValidationException",
  "SerializationException",
  "InvalidInputError",
]);
/** An error of the product: its records are refused, other products' may be fine. */
const OF_A_PRODUCT = "InvalidProductCodeException";

/** Lines that were sent as one batch (`batchInputOf`), and the outcome of that call. */
export function readOutcome<L extends Line>(
  lines: readonly L[],
  outcome: Outcome<BatchMeterUsageOutput>,
  context: OutcomeContext,
): OutcomeReading<L> {
  const left = outcome.ok ? outcome.metadata.earlierMayHaveSucceeded : outcome.error.mayHaveSucceeded;
  const doubtful = context.doubtful || left;
  const reading = outcome.ok
    ? readSuccess(lines, outcome.result, context)
    : readError(lines, outcome.error, context.nowMs);
  if (!doubtful) return { ...NOTHING, ...reading, doubtful };
  const verdicts = new Map([...reading.verdicts].map(([line, verdict]) => [line, inDoubt(verdict)]));
  return { ...NOTHING, ...reading, verdicts, last: inDoubt(reading.last), doubtful };
}

const NOTHING = { again: [], parts: [], stoppedBy: undefined, strays: 0 } as const;
type Reading<L> = Pick<OutcomeReading<L>, "verdicts" | "last"> & Partial<OutcomeReading<L>>;

function readSuccess<L extends Line>(
  lines: readonly L[],
  answer: BatchMeterUsageOutput,
  { isKnown = () => false }: OutcomeContext,
): Reading<L> {
  const { verdicts, unprocessed, strays } = readAnswer(lines, answer, isKnown);
  const last = { status: "undecided", why: "unprocessed", error: undefined, mayBeMetered: false } as const;
  return { verdicts, again: unprocessed, last, strays };
}

function readError<L extends Line>(lines: readonly L[], error: MeteringError, nowMs: number): Reading<L> {
  const last = { status: "undecided", why: "failed", error, mayBeMetered: false } as const;
  if (OF_A_RECORD.has(error.name) || error.name === OF_A_PRODUCT) {
    if (lines.length > 1 && error.name !== OF_A_PRODUCT) return { verdicts: new Map(), last, parts: halves(lines) };
    return { verdicts: new Map(lines.map((line) => [line, refused(line, error, nowMs)])), last };
  }
  if (error.retryable) return { verdicts: new Map(), last, again: lines };
  return { verdicts: new Map(lines.map((line) => [line, last])), last, stoppedBy: error };
}

function refused({ wire }: Line, { name, message }: MeteringError, nowMs: number): Verdict {
  const ageMs = nowMs - wire.timestampMs;
  const refusedBy = { refusedBy: "service", rule: undefined } as const;
  // Usage of just now is not too old: it lies ahead of the service's clock.
  if (name === "TimestampOutOfBoundsException" && ageMs >= SKEW_MS_MIN) {
    return { status: "expired", ...refusedBy, ageSeconds: Math.round(ageMs / 1000), lateBySeconds: undefined };
  }
  return { status: "refused", ...refusedBy, errorName: name, message };
}

/** Errors and statuses that the same record meets later, although it was accepted earlier. */
export function inDoubt(verdict: Verdict): Verdict {
  if (verdict.status === "undecided") return { ...verdict, mayBeMetered: true };
  const doubtful = { status: "undecided", why: "doubtful", error: undefined, mayBeMetered: true } as const;
  // What stands under the key may be this very record, of the time before.
  if (verdict.status === "duplicate") return { ...doubtful, meteringRecordId: verdict.meteringRecordId };
  const changes =
    verdict.status === "expired" ||
    verdict.status === "not-subscribed" ||
    (verdict.status === "refused" && verdict.errorName === "InvalidLicenseException");
  return changes ? doubtful : verdict;
}

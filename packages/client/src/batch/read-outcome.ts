/**
 * Reads from a batch's outcome what to do with each line: a verdict, or that it is to be sent again, or in smaller parts. It is
 * pure: the caller decides when and how often lines are sent again.
 */
import { SKEW_MS_MIN } from "../call/skew.ts";
import type { BatchMeterUsageOutput } from "../operations.ts";
import type { MeteringError, Outcome } from "../outcome.ts";
import type { Line } from "./line.ts";
import { halves } from "./pack.ts";
import { readAnswer } from "./read-answer.ts";
import type { Verdict } from "./result.ts";

export interface OutcomeReading<L> {
  /** The lines that are decided. After a doubt (`doubtful`) only proofs count, and all other lines are `undecided`. */
  readonly verdicts: ReadonlyMap<L, Verdict>;
  /**
   * Lines to be sent again unchanged, after a pause: the service did not get to them, or the call failed in a way that may
   * pass. For a caller that does not send them again, `last` is their verdict.
   */
  readonly again: readonly L[];
  readonly last: Verdict;
  /** Two parts, or none, to be sent apart, so that in the end the record at fault stands alone. */
  readonly parts: readonly (readonly L[])[];
  /** Whether the lines in `again` and `parts` may be metered already: to be given as `doubtful` when they are sent again. */
  readonly doubtful: boolean;
  /** An error that every other request would meet as well, such as a missing permission or missing credentials. */
  readonly stoppedBy: MeteringError | undefined;
  /** How many results and records in the answer are about none of the lines. */
  readonly strays: number;
}

export interface OutcomeContext {
  /** Whether an earlier call with these lines may have succeeded although nobody saw its end. */
  readonly doubtful: boolean;
  /** The service's time, in milliseconds since the epoch: distinguishes usage that is too old from usage that lies ahead. */
  readonly nowMs: number;
  /** Recognises ids of metering records from before, so that a replay is reported as one. */
  readonly isKnown?: ((meteringRecordId: string) => boolean) | undefined;
}

/** Errors that a single record can cause: the other records of its batch may be fine. */
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
/** An error about the product: its records are refused, records of other products may be fine. */
const OF_A_PRODUCT = "InvalidProductCodeException";

/** Reads the outcome of a call that sent these lines as one batch (`batchInputOf`). */
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
  // Usage of a moment ago cannot be too old: it lies ahead of the service's clock.
  if (name === "TimestampOutOfBoundsException" && ageMs >= SKEW_MS_MIN) {
    return { status: "expired", ...refusedBy, ageSeconds: Math.round(ageMs / 1000), lateBySeconds: undefined };
  }
  return { status: "refused", ...refusedBy, errorName: name, message };
}

/** The verdict after a doubt: a record that was accepted before can meet these errors and statuses, so they prove nothing. */
export function inDoubt(verdict: Verdict): Verdict {
  if (verdict.status === "undecided") return { ...verdict, mayBeMetered: true };
  const doubtful = { status: "undecided", why: "doubtful", error: undefined, mayBeMetered: true } as const;
  // The record that stands under the key may be this record, from the earlier call.
  if (verdict.status === "duplicate") return { ...doubtful, meteringRecordId: verdict.meteringRecordId };
  const changes =
    verdict.status === "expired" ||
    verdict.status === "not-subscribed" ||
    (verdict.status === "refused" && verdict.errorName === "InvalidLicenseException");
  return changes ? doubtful : verdict;
}

/** What a call's outcome says of each entry that was in it: evidence, and no more. Whether it proves anything is for the state. */
import type { BatchMeterUsageOutput, MeteringError, Outcome } from "@countinghouse/client";
import { readOutcome, type Line, type Verdict } from "@countinghouse/client/batch";
import type { EndedAttempt } from "../store/store.ts";

export type Evidence = Pick<EndedAttempt, "end" | "errorName" | "message" | "meteringRecordId" | "requestId">;

interface CallReading<L> {
  readonly evidence: ReadonlyMap<L, Evidence>;
  /** To be sent in these parts at once: one of their records had the whole call refused. Empty, or two. */
  readonly parts: readonly (readonly L[])[];
  /** An error that every other call would meet, too. */
  readonly stoppedBy: MeteringError | undefined;
}

const NONE = { errorName: undefined, message: undefined, meteringRecordId: undefined } as const;

export function readCall<L extends Line>(
  lines: readonly L[],
  outcome: Outcome<BatchMeterUsageOutput>,
  nowMs: number,
): CallReading<L> {
  const { verdicts, again, parts, doubtful, stoppedBy } = readOutcome(lines, outcome, { doubtful: false, nowMs });
  const requestId = outcome.ok ? outcome.metadata.requestId : outcome.error.requestId;
  const error = outcome.ok ? undefined : outcome.error;
  const evidence = new Map<L, Evidence>();
  for (const [line, verdict] of verdicts) evidence.set(line, { ...evidenceOf(verdict, error), requestId });
  for (const line of [...again, ...parts.flat()]) {
    const end = doubtful ? "unknown" : "not-kept";
    evidence.set(line, {
      ...NONE,
      end,
      errorName: error?.name ?? "UnprocessedRecord",
      message: error?.message,
      requestId,
    });
  }
  return { evidence, parts, stoppedBy };
}

function evidenceOf(verdict: Verdict, error: MeteringError | undefined): Omit<Evidence, "requestId"> {
  const said = { ...NONE, errorName: error?.name, message: error?.message };
  switch (verdict.status) {
    case "accepted":
    case "replay":
      return { ...NONE, end: "accepted", meteringRecordId: verdict.meteringRecordId };
    case "duplicate":
      return { ...NONE, end: "duplicate", errorName: "DuplicateRecord", meteringRecordId: verdict.meteringRecordId };
    case "not-subscribed":
      return { ...NONE, end: "refused", errorName: "CustomerNotSubscribed" };
    case "expired":
      return { ...said, end: "refused", errorName: "TimestampOutOfBoundsException" };
    case "refused":
      return { ...NONE, end: "refused", errorName: verdict.errorName, message: verdict.message };
    case "undecided":
      return { ...said, end: verdict.mayBeMetered ? "unknown" : "not-kept" };
  }
}

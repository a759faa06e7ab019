/**
 * Sends the batches: several at once, paced; what comes back unprocessed or failed in passing is sent again; a batch that
 * is refused because of a record is halved until that record stands alone.
 *
 * Loops and their ends: a line is sent at most 1 + `resendsMax` times beyond halving; halving ends at one line, after at
 * most five steps; an error that all requests would meet stops everything that was not sent yet.
 */
import { ruleSets, windowFault, type RuleSetName } from "@countinghouse/protocol";
import type { InnerCallOptions } from "../call/caller.ts";
import { SKEW_MS_MIN } from "../call/skew.ts";
import type { Logger } from "../configuration.ts";
import type { MeteringError, Outcome } from "../outcome.ts";
import type { BatchMeterUsageInput, BatchMeterUsageOutput } from "../operations.ts";
import type { World } from "../world.ts";
import type { Line } from "./intake.ts";
import type { KnownIds } from "./known-ids.ts";
import { numberedAsGiven } from "./numbering.ts";
import { halves, type Batch } from "./pack.ts";
import { readBatch } from "./read-batch.ts";
import type { Verdict } from "./result.ts";

/** As much of a client as sending needs. */
export interface Metering {
  /** Paced: waits for its turn before each attempt. */
  batchMeterUsage(
    input: BatchMeterUsageInput,
    signals: Pick<InnerCallOptions, "signal" | "noMoreAttempts">,
  ): Promise<Outcome<BatchMeterUsageOutput>>;
  /** The service's time, as far as it is known: by the clock of this machine, until an answer corrects that. */
  nowMs(): number;
  /** The service's time as an answer of this run told it, a lab's own where it says it; undefined before there was one. */
  toldMs(): number | undefined;
  readonly world: Pick<World, "delay" | "random">;
  readonly logger: Logger;
}

interface SenderOptions {
  readonly metering: Metering;
  readonly knownIds: KnownIds;
  readonly isKnown: (meteringRecordId: string) => boolean;
  readonly ruleSet: RuleSetName | "service";
  readonly resendsMax: number;
  /** The caller's own, which ends what is on the wire, too. */
  readonly signal: AbortSignal | undefined;
  /** Nothing is begun after it: the caller's signal, or that nobody listens any more. */
  readonly stop: AbortSignal;
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

const RESEND_BASE_MS = 500;
const RESEND_MS_MAX = 20_000;

/** What is decided of a batch's lines. A verdict that does not fit what was sent before becomes a doubt. */
class Decisions {
  readonly verdicts = new Map<Line, Verdict>();

  add({ doubtful }: Batch, line: Line, verdict: Verdict): void {
    this.verdicts.set(line, doubtful ? inDoubt(verdict) : verdict);
  }

  addAll(batch: Batch, verdict: Verdict): void {
    for (const line of batch.lines) this.add(batch, line, verdict);
  }
}

/** Errors and statuses that the same record meets later, although it was accepted earlier. */
function inDoubt(verdict: Verdict): Verdict {
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

interface Sent {
  readonly verdicts: ReadonlyMap<Line, Verdict>;
  /** To be sent next. */
  readonly next: readonly Batch[];
}

export class Sender {
  readonly #options: SenderOptions;
  #stoppedBy: MeteringError | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  async send(batch: Batch): Promise<Sent> {
    const decisions = new Decisions();
    const next = await this.#send(batch, decisions);
    return { verdicts: decisions.verdicts, next };
  }

  async #send(batch: Batch, decisions: Decisions): Promise<readonly Batch[]> {
    const { signal, stop, metering } = this.#options;
    if (stop.aborted || this.#stoppedBy !== undefined) {
      const why = stop.aborted ? "aborted" : "stopped";
      decisions.addAll(batch, { status: "undecided", why, error: this.#stoppedBy, mayBeMetered: false });
      return [];
    }
    const lines = this.#stillInTime(batch, decisions);
    if (lines.length === 0) return [];
    const outcome = await metering.batchMeterUsage(inputOf(lines), { signal, noMoreAttempts: stop });
    // A doubt that this call leaves stays with all that was in it, whatever comes later.
    const left = outcome.ok ? outcome.metadata.earlierMayHaveSucceeded : outcome.error.mayHaveSucceeded;
    const sent = { ...batch, lines, doubtful: batch.doubtful || left };
    return outcome.ok ? this.#read(sent, outcome.result, decisions) : this.#judge(sent, outcome.error, decisions);
  }

  /**
   * A record that is too old would have its whole batch refused. Only the service's word tells that: the clock of this
   * machine may be wrong by days, and a verdict by it would be usage lost. So all is sent until an answer of this run has
   * told the time; and after that what is near the limit, and what lies ahead, whose time is still to come.
   */
  #stillInTime(batch: Batch, decisions: Decisions): readonly Line[] {
    const { lines } = batch;
    const { ruleSet, metering } = this.#options;
    const toldMs = metering.toldMs();
    if (ruleSet === "service" || toldMs === undefined) return lines;
    const window = ruleSets[ruleSet].batchMeterUsageWindow;
    return lines.filter((line) => {
      const { timestampMs } = line.wire;
      const fault = windowFault(timestampMs, window, toldMs - SKEW_MS_MIN);
      if (fault === undefined || fault.rule === "W3") return true;
      const ageSeconds = Math.round((toldMs - timestampMs) / 1000);
      const lateBySeconds = Math.round((toldMs - fault.boundMs) / 1000);
      decisions.add(batch, line, {
        status: "expired",
        refusedBy: "client",
        rule: fault.rule,
        ageSeconds,
        lateBySeconds,
      });
      return false;
    });
  }

  #read(
    batch: Batch,
    answer: BatchMeterUsageOutput,
    decisions: Decisions,
  ): Promise<readonly Batch[]> | readonly Batch[] {
    const { knownIds, isKnown, metering } = this.#options;
    const { verdicts, unprocessed, strays } = readBatch(batch.lines, answer, isKnown);
    if (strays > 0) metering.logger.warn?.(`BatchMeterUsage answered about ${strays} records that were not sent.`);
    for (const [line, verdict] of verdicts) {
      if (verdict.status === "accepted") knownIds.add(verdict.meteringRecordId);
      decisions.add(batch, line, verdict);
    }
    const last = { status: "undecided", why: "unprocessed", error: undefined, mayBeMetered: false } as const;
    return this.#resend({ ...batch, lines: unprocessed }, decisions, last);
  }

  #judge(batch: Batch, error: MeteringError, decisions: Decisions): Promise<readonly Batch[]> | readonly Batch[] {
    const undecided = { status: "undecided", error, mayBeMetered: false } as const;
    if (this.#options.stop.aborted) {
      decisions.addAll(batch, { ...undecided, why: "aborted" });
      return [];
    }
    if (OF_A_RECORD.has(error.name) || error.name === OF_A_PRODUCT) {
      if (batch.lines.length > 1 && error.name !== OF_A_PRODUCT) return halves(batch);
      for (const line of batch.lines) decisions.add(batch, line, this.#refused(batch, line, error));
      return [];
    }
    // Without credentials nothing gets through; but the next time there may be some.
    const ofAll = !error.retryable || (error.name === "CredentialsError" && batch.sends >= this.#options.resendsMax);
    if (ofAll) this.#stoppedBy ??= error;
    if (error.retryable) return this.#resend(batch, decisions, { ...undecided, why: "failed" });
    decisions.addAll(batch, { ...undecided, why: "failed" });
    return [];
  }

  #refused({ lines }: Batch, { wire }: Line, { name, message }: MeteringError): Verdict {
    const { metering } = this.#options;
    const ageMs = (metering.toldMs() ?? metering.nowMs()) - wire.timestampMs;
    const refusedBy = { refusedBy: "service", rule: undefined } as const;
    // Usage of just now is not too old: it lies ahead of the service's clock.
    if (name === "TimestampOutOfBoundsException" && ageMs >= SKEW_MS_MIN) {
      const ageSeconds = Math.round(ageMs / 1000);
      return { status: "expired", ...refusedBy, ageSeconds, lateBySeconds: undefined };
    }
    return { status: "refused", ...refusedBy, errorName: name, message: numberedAsGiven(message, lines) };
  }

  /** After a pause that grows; or, when that was done often enough, the verdict that is left. */
  async #resend(batch: Batch, decisions: Decisions, last: Verdict): Promise<readonly Batch[]> {
    const { resendsMax, metering, stop } = this.#options;
    if (batch.lines.length === 0) return [];
    if (batch.sends >= resendsMax) {
      decisions.addAll(batch, last);
      return [];
    }
    const delayMs = metering.world.random() * Math.min(RESEND_BASE_MS * 2 ** batch.sends, RESEND_MS_MAX);
    // An abort ends the pause; the next step sees it and says so of each line.
    await metering.world.delay(delayMs, stop).catch(() => undefined);
    return [{ ...batch, sends: batch.sends + 1 }];
  }
}

function inputOf(lines: readonly Line[]): BatchMeterUsageInput {
  const usageRecords = lines.map(({ wire: { timestampMs, ...rest } }) => ({
    ...rest,
    timestamp: new Date(timestampMs),
  }));
  const [first] = lines;
  if (first?.wire.licenseArn !== undefined || first?.productCode === undefined) return { usageRecords };
  return { usageRecords, productCode: first.productCode };
}

/**
 * Sends the batches: several at once, paced; what comes back unprocessed or failed in passing is sent again; a batch that
 * is refused because of a record is halved until that record stands alone.
 *
 * Loops and their ends: a line is sent at most 1 + `resendsMax` times beyond halving; halving ends at one line, after at
 * most five steps; an error that all requests would meet stops everything that was not sent yet.
 */
import { ruleSets, windowFault, type RuleSetName } from "@countinghouse/protocol";
import { SKEW_MS_MIN } from "../call/skew.ts";
import type { Logger } from "../configuration.ts";
import type { MeteringError, Outcome } from "../outcome.ts";
import type { BatchMeterUsageInput, BatchMeterUsageOutput } from "../operations.ts";
import type { World } from "../world.ts";
import type { Line } from "./intake.ts";
import type { KnownIds } from "./known-ids.ts";
import { halves, type Batch } from "./pack.ts";
import { readBatch } from "./read-batch.ts";
import type { Verdict } from "./result.ts";

/** As much of a client as sending needs. */
export interface Metering {
  /** Paced: waits for its turn before each attempt. */
  batchMeterUsage(
    input: BatchMeterUsageInput,
    signal: AbortSignal | undefined,
  ): Promise<Outcome<BatchMeterUsageOutput>>;
  /** The service's time, as far as it is known: by the clock of this machine, until an answer corrects that. */
  nowMs(): number;
  /** The service's time as an answer of this run told it; undefined before there was one. */
  toldMs(): number | undefined;
  readonly world: Pick<World, "delay" | "random">;
  readonly logger: Logger;
}

export interface SenderOptions {
  readonly metering: Metering;
  readonly knownIds: KnownIds;
  readonly isKnown: (meteringRecordId: string) => boolean;
  readonly ruleSet: RuleSetName | "service";
  readonly resendsMax: number;
  readonly signal: AbortSignal | undefined;
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
  readonly #doubtful: boolean;

  constructor(doubtful: boolean) {
    this.#doubtful = doubtful;
  }

  add(line: Line, verdict: Verdict, doubtful = this.#doubtful): void {
    this.verdicts.set(line, doubtful ? inDoubt(verdict) : verdict);
  }

  addAll(lines: Iterable<Line>, verdict: Verdict, doubtful = this.#doubtful): void {
    for (const line of lines) this.add(line, verdict, doubtful);
  }
}

/** Errors and statuses that the same record meets later, although it was accepted earlier. */
function inDoubt(verdict: Verdict): Verdict {
  if (verdict.status === "undecided") return { ...verdict, mayBeMetered: true };
  const changes =
    verdict.status === "expired" ||
    verdict.status === "not-subscribed" ||
    (verdict.status === "refused" && verdict.errorName === "InvalidLicenseException");
  return changes ? { status: "undecided", why: "doubtful", error: undefined, mayBeMetered: true } : verdict;
}

export interface Sent {
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
    const decisions = new Decisions(batch.doubtful);
    const next = await this.#send(batch, decisions);
    return { verdicts: decisions.verdicts, next };
  }

  async #send(batch: Batch, decisions: Decisions): Promise<readonly Batch[]> {
    const { signal, metering } = this.#options;
    if (signal?.aborted === true || this.#stoppedBy !== undefined) {
      const why = signal?.aborted === true ? "aborted" : "stopped";
      decisions.addAll(batch.lines, { status: "undecided", why, error: this.#stoppedBy, mayBeMetered: false });
      return [];
    }
    const lines = this.#stillInTime(batch.lines, decisions);
    if (lines.length === 0) return [];
    const outcome = await metering.batchMeterUsage(inputOf(lines), signal);
    const sent = { ...batch, lines };
    return outcome.ok ? this.#read(sent, outcome.result, decisions) : this.#judge(sent, outcome.error, decisions);
  }

  /**
   * A record that is too old would have its whole batch refused. Only the service's word tells that: the clock of this
   * machine may be wrong by days, and a verdict by it would be usage lost. So all is sent until an answer of this run has
   * told the time; and after that what is near the limit, and what lies ahead, whose time is still to come.
   */
  #stillInTime(lines: readonly Line[], decisions: Decisions): readonly Line[] {
    const { ruleSet, metering } = this.#options;
    const toldMs = metering.toldMs();
    if (ruleSet === "service" || toldMs === undefined) return lines;
    const window = ruleSets[ruleSet].batchMeterUsageWindow;
    return lines.filter((line) => {
      const { timestampMs } = line.wire;
      const fault = windowFault(timestampMs, window, toldMs - SKEW_MS_MIN);
      if (fault === undefined || fault.rule === "W3") return true;
      const ageSeconds = (toldMs - timestampMs) / 1000;
      const lateBySeconds = (toldMs - fault.boundMs) / 1000;
      decisions.add(line, { status: "expired", refusedBy: "client", rule: fault.rule, ageSeconds, lateBySeconds });
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
      decisions.add(line, verdict);
    }
    const last = { status: "undecided", why: "unprocessed", error: undefined, mayBeMetered: false } as const;
    return this.#resend({ ...batch, lines: unprocessed }, decisions, last);
  }

  #judge(batch: Batch, error: MeteringError, decisions: Decisions): Promise<readonly Batch[]> | readonly Batch[] {
    const doubtful = batch.doubtful || error.mayHaveSucceeded;
    const undecided = { status: "undecided", error, mayBeMetered: doubtful } as const;
    if (this.#options.signal?.aborted === true) {
      decisions.addAll(batch.lines, { ...undecided, why: "aborted" });
      return [];
    }
    if (OF_A_RECORD.has(error.name) || error.name === OF_A_PRODUCT) {
      if (batch.lines.length > 1 && error.name !== OF_A_PRODUCT) return halves({ ...batch, doubtful });
      for (const line of batch.lines) decisions.add(line, this.#refused(line, error), doubtful);
      return [];
    }
    if (error.retryable) return this.#resend({ ...batch, doubtful }, decisions, { ...undecided, why: "failed" });
    this.#stoppedBy ??= error;
    decisions.addAll(batch.lines, { ...undecided, why: "failed" });
    return [];
  }

  #refused({ wire }: Line, { name, message }: MeteringError): Verdict {
    const { metering } = this.#options;
    const ageSeconds = ((metering.toldMs() ?? metering.nowMs()) - wire.timestampMs) / 1000;
    // Usage of just now is not too old: it lies ahead of the service's clock.
    if (name === "TimestampOutOfBoundsException" && ageSeconds * 1000 >= SKEW_MS_MIN) {
      return { status: "expired", refusedBy: "service", rule: undefined, ageSeconds, lateBySeconds: undefined };
    }
    return { status: "refused", refusedBy: "service", rule: undefined, errorName: name, message };
  }

  /** After a pause that grows; or, when that was done often enough, the verdict that is left. */
  async #resend(batch: Batch, decisions: Decisions, last: Verdict): Promise<readonly Batch[]> {
    const { resendsMax, metering, signal } = this.#options;
    if (batch.lines.length === 0) return [];
    if (batch.sends >= resendsMax) {
      decisions.addAll(batch.lines, last);
      return [];
    }
    const delayMs = metering.world.random() * Math.min(RESEND_BASE_MS * 2 ** batch.sends, RESEND_MS_MAX);
    // An abort ends the pause; the next step sees it and says so of each line.
    await metering.world.delay(delayMs, signal).catch(() => undefined);
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

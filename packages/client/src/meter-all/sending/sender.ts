/**
 * Sends batches, several at once, at the service's rate. Records that come back unprocessed, or whose call failed in a way that
 * may pass, are sent again. A batch that is refused because of one record is halved until that record stands alone.
 *
 * All loops end: besides halving, a line is sent at most 1 + `resendsMax` times, or for `resendForMs`; halving ends at one
 * line, after at most five steps; an error that all requests would meet stops everything that was not sent yet.
 */
import { ruleSets, windowFault, type RuleSetName } from "@countinghouse/protocol";
import { batchInputOf } from "../../batch/line.ts";
import { inDoubt, readOutcome } from "../../batch/read-outcome.ts";
import type { Verdict } from "../../batch/result.ts";
import type { InnerCallOptions } from "../../call/caller.ts";
import { SKEW_MS_MIN } from "../../call/skew.ts";
import type { Logger } from "../../call/reports.ts";
import type { MeteringError, Outcome } from "../../outcome.ts";
import type { BatchMeterUsageInput, BatchMeterUsageOutput } from "../../operations.ts";
import type { World } from "../../world.ts";
import { Breaker } from "./breaker.ts";
import type { InputLine } from "../lines/input-line.ts";
import type { Progress } from "../progress.ts";
import type { KnownIds } from "../lines/remembered.ts";
import { numberedAsGiven } from "../lines/numbering.ts";

/** The parts of a client that sending needs. */
export interface Metering {
  /** Waits for its turn before each attempt. */
  batchMeterUsage(
    input: BatchMeterUsageInput,
    signals: Pick<InnerCallOptions, "signal" | "noMoreAttempts">,
  ): Promise<Outcome<BatchMeterUsageOutput>>;
  /** The service's time as far as it is known: by this machine's clock, until an answer corrects it. */
  nowMs(): number;
  /** The service's time as an answer of this run told it, or a lab's own; undefined before that. */
  toldMs(): number | undefined;
  readonly world: Pick<World, "delay" | "random" | "monotonicMs" | "giveWay">;
  readonly logger: Logger;
}

interface SenderOptions {
  readonly metering: Metering;
  readonly knownIds: KnownIds;
  readonly isKnown: (meteringRecordId: string) => boolean;
  readonly ruleSet: RuleSetName | "service";
  readonly resendsMax: number;
  /** Replaces `resendsMax`: for how long a record is sent again. */
  readonly resendForMs: number | undefined;
  readonly progress: Progress;
  /** The caller's own signal, which also aborts requests that were sent. */
  readonly signal: AbortSignal | undefined;
  /** After it, nothing is begun: the caller's signal, or the end of interest in the results. */
  readonly stop: AbortSignal;
}

const RESEND_BASE_MS = 500;
const RESEND_MS_MAX = 20_000;
/** Pauses double at most this often. */
const DOUBLINGS_MAX = 10;

/** Lines that are sent together, and what is known of earlier tries. */
export interface Batch<Item> {
  readonly lines: readonly InputLine<Item>[];
  /** How often its lines were sent already. */
  readonly sends: number;
  /** When its lines were sent first, by the monotonic clock. */
  readonly sentFirstMs: number | undefined;
  /** Whether an earlier try may have succeeded although nobody saw its end. */
  readonly doubtful: boolean;
}

export interface Sent<Item> {
  readonly verdicts: ReadonlyMap<InputLine<Item>, Verdict>;
  /** The batches to be sent next. */
  readonly next: readonly Batch<Item>[];
}

export class Sender<Item> {
  readonly #options: SenderOptions;
  readonly #breaker = new Breaker();
  #stoppedBy: MeteringError | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Whether the service seems to be down, and is to be tried with one batch at a time. */
  get isProbing(): boolean {
    return this.#breaker.isOpen && this.#stoppedBy === undefined && !this.#options.stop.aborted;
  }

  async send(batch: Batch<Item>): Promise<Sent<Item>> {
    const { signal, stop, metering, progress } = this.#options;
    if (stop.aborted || this.#stoppedBy !== undefined) {
      const why = stop.aborted ? "aborted" : "stopped";
      return ended(batch, { status: "undecided", why, error: this.#stoppedBy, mayBeMetered: false });
    }
    const { inTime, expired } = this.#inTime(batch);
    if (inTime.length === 0) return { verdicts: expired, next: [] };
    const sentFirstMs = batch.sentFirstMs ?? metering.world.monotonicMs();
    progress.calls += 1;
    const outcome = await metering.batchMeterUsage(batchInputOf(inTime), { signal, noMoreAttempts: stop });
    const { verdicts, next } = await this.#read({ ...batch, lines: inTime, sentFirstMs }, outcome);
    return { verdicts: expired.size === 0 ? verdicts : new Map([...expired, ...verdicts]), next };
  }

  /**
   * Sorts out records that are too old, because one would make the service refuse its whole batch. Only the service's time
   * decides: this machine's clock may be wrong by days, and usage would be lost. So everything is sent until an answer of this
   * run has told the time; after that, records near the limit, and records that lie ahead, are still sent.
   */
  #inTime({ lines, doubtful }: Batch<Item>): Sorted<Item> {
    const { ruleSet, metering } = this.#options;
    const toldMs = metering.toldMs();
    const expired = new Map<InputLine<Item>, Verdict>();
    if (ruleSet === "service" || toldMs === undefined) return { inTime: lines, expired };
    const window = ruleSets[ruleSet].batchMeterUsageWindow;
    const inTime = lines.filter((line) => {
      const { timestampMs } = line.wire;
      const fault = windowFault(timestampMs, window, toldMs - SKEW_MS_MIN);
      if (fault === undefined || fault.rule === "W3") return true;
      const ageSeconds = Math.round((toldMs - timestampMs) / 1000);
      const lateBySeconds = Math.round((toldMs - fault.boundMs) / 1000);
      const { rule } = fault;
      const verdict: Verdict = { status: "expired", refusedBy: "client", rule, ageSeconds, lateBySeconds };
      expired.set(line, doubtful ? inDoubt(verdict) : verdict);
      return false;
    });
    return { inTime, expired };
  }

  async #read(batch: Batch<Item>, outcome: Outcome<BatchMeterUsageOutput>): Promise<Sent<Item>> {
    const { metering, knownIds, isKnown, stop } = this.#options;
    const nowMs = metering.toldMs() ?? metering.nowMs();
    const { doubtful, sends, sentFirstMs } = batch;
    const reading = readOutcome(batch.lines, outcome, { doubtful, nowMs, isKnown });
    if (!outcome.ok && stop.aborted) {
      const { error } = outcome;
      const mayBeMetered = reading.doubtful;
      return ended({ ...batch, doubtful: mayBeMetered }, { status: "undecided", why: "aborted", error, mayBeMetered });
    }
    this.#breaker.hear(outcome);
    if (reading.strays > 0) {
      metering.logger.warn?.(`BatchMeterUsage answered about ${reading.strays} records that were not sent.`);
    }
    const verdicts = new Map<InputLine<Item>, Verdict>();
    for (const [line, verdict] of reading.verdicts) {
      if (verdict.status === "accepted") knownIds.add(verdict.meteringRecordId);
      verdicts.set(line, numbered(verdict, batch.lines));
    }
    this.#stoppedBy ??= reading.stoppedBy;
    const sent = { sends, sentFirstMs, doubtful: reading.doubtful };
    const parts = reading.parts.map((lines) => ({ ...sent, lines }));
    if (reading.again.length === 0) return { verdicts, next: parts };
    if (this.#isOver(batch)) {
      this.#judgeAll(outcome);
      for (const line of reading.again) verdicts.set(line, reading.last);
      return { verdicts, next: parts };
    }
    await this.#pause(sends);
    return { verdicts, next: [...parts, { ...sent, lines: reading.again, sends: sends + 1 }] };
  }

  /** Whether a batch was sent as often, or for as long, as it may be. */
  #isOver({ sends, sentFirstMs = 0 }: Batch<Item>): boolean {
    const { resendsMax, resendForMs, metering } = this.#options;
    if (resendForMs === undefined) return sends >= resendsMax;
    return metering.world.monotonicMs() - sentFirstMs >= resendForMs;
  }

  /** If the service is down, or there are no credentials, every other batch would fail as this one did: stops them. */
  #judgeAll({ error }: Outcome<BatchMeterUsageOutput>): void {
    if (this.#breaker.isOpen || error?.name === "CredentialsError") this.#stoppedBy ??= error;
  }

  /** Pauses, longer each time. An abort ends the pause; the next step notices it, and decides each line. */
  async #pause(sends: number): Promise<void> {
    const { metering, stop } = this.#options;
    const boundMs = Math.min(RESEND_BASE_MS * 2 ** Math.min(sends, DOUBLINGS_MAX), RESEND_MS_MAX);
    await metering.world.delay(metering.world.random() * boundMs, stop).catch(() => undefined);
  }
}

interface Sorted<Item> {
  readonly inTime: readonly InputLine<Item>[];
  readonly expired: ReadonlyMap<InputLine<Item>, Verdict>;
}

function ended<Item>({ lines, doubtful }: Batch<Item>, verdict: Verdict): Sent<Item> {
  const told = doubtful ? inDoubt(verdict) : verdict;
  return { verdicts: new Map(lines.map((line) => [line, told])), next: [] };
}

/** Replaces the service's record numbers, which count within a batch, by those of the input. */
function numbered(verdict: Verdict, lines: readonly InputLine[]): Verdict {
  if (verdict.status !== "refused") return verdict;
  return { ...verdict, message: numberedAsGiven(verdict.message, lines) };
}

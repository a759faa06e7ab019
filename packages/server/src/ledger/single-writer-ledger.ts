/**
 * The ledger over an engine with one writer. Work that has arrived is committed as a group: one transaction and one
 * flush to disk serve all of it, and nobody is answered before that. One group is written at a time. Meanwhile the next
 * one gathers, and is decided as it arrives, with what is being written in mind; where that fails, it is decided again.
 */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import { Catalogue, type CatalogueView } from "../domain/catalogue/catalogue.ts";
import { EMBEDDED_LANE, type LaneHead } from "./chain-head.ts";
import type { ClockPosition, Engine, Loaded } from "./engine.ts";
import { decodeEntry } from "./entry-codec.ts";
import type { Call, LedgerEntry } from "./entry.ts";
import { EXPIRED_AT_ONCE, expiry } from "./expiry.ts";
import { FoundRecords, keptPage } from "./found-records.ts";
import { GroupDecision, type Pending } from "./group-decision.ts";
import {
  DefectError,
  FaultError,
  QueueFullError,
  type CatalogueAfter,
  type EventQuery,
  type Facts,
  type KeptRecord,
  type Ledger,
  type MeteringRecordQuery,
  type Outcome,
  type Page,
  type Work,
} from "./ledger.ts";
import { KEEP_ALL, type Spare } from "./spare.ts";
import { resetTo } from "./reset.ts";
import { Standstill } from "./standstill.ts";
import type { KnownLaneHead, LedgerVerification } from "./verification.ts";

/** The service clock, as far as the ledger needs it. */
export interface LedgerClock {
  nowMs(): EpochMs;
  /** Where the clock stands once moved there; undefined for a clock that cannot be moved. */
  positionAt(toMs: EpochMs): ClockPosition | undefined;
  moveTo(toMs: EpochMs): void;
}

export interface SingleWriterOptions {
  readonly clock: LedgerClock;
  readonly ruleSet: RuleSet;
  /** Whether decisions go by a clock that is behind the newest entry. */
  readonly acceptNewestAhead?: boolean | undefined;
  /** Everything is kept where it is not given. */
  readonly spare?: Spare | undefined;
  /** Work that may be taken in and not yet committed; more is refused with `QueueFullError`. */
  readonly queuedMax: number;
  /** Work in one commit. */
  readonly groupMax: number;
  /** Runs a function once the work that is arriving now has arrived. */
  readonly schedule: (run: () => void) => void;
  readonly monotonicMs: () => number;
  /** Runs each commit, for metrics. */
  readonly aroundCommit?: ((commit: () => Promise<void>) => Promise<void>) | undefined;
  /** Told of each group that was committed, for metrics. */
  readonly onCommitted?: ((group: { readonly works: number; readonly records: number }) => void) | undefined;
}

export class SingleWriterLedger implements Ledger {
  readonly #engine: Engine;
  readonly #options: SingleWriterOptions;
  #catalogue: Catalogue;
  #newestAtMs: EpochMs;
  #waiting: Pending[] = [];
  /** Taken out of what waits, and being looked up. */
  #lookedUp = 0;
  /** The group that gathers. */
  #gathering = new GroupDecision();
  /** The group that is being written. */
  #writing: GroupDecision | undefined;
  /** How often entries have been removed, by a reset or because they had expired. */
  #removals = 0;
  #isProbing = false;
  readonly #standstill: Standstill;
  #isScheduled = false;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed: Promise<void> | undefined;
  #defect: DefectError | undefined;

  /** `loaded` is what the engine held when it was opened. */
  constructor(engine: Engine, loaded: Loaded, options: SingleWriterOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#standstill = new Standstill(options.monotonicMs);
    this.#catalogue = new Catalogue(loaded.catalogue);
    this.#newestAtMs = loaded.newestAtMs ?? Number.NEGATIVE_INFINITY;
    engine.onDefect((defect) => this.#stop(defect));
  }

  get catalogue(): CatalogueView {
    return this.#catalogue;
  }

  get defect(): DefectError | undefined {
    return this.#defect;
  }

  get unavailable(): string | undefined {
    return this.#standstill.why;
  }

  /** All work shares its commits. */
  readonly partlyUnavailable: readonly string[] = [];

  async probe(): Promise<void> {
    const isIdle = this.queued === 0 && !this.#isProbing && this.#closed === undefined && this.#defect === undefined;
    if (!isIdle || !this.#standstill.isToBeProbed) return;
    this.#isProbing = true;
    await this.#watched(() => this.#engine.probe()).then(
      () => this.#standstill.onCommitted(this.queued),
      (error: Error) => this.#standstill.onFailed(error),
    );
    this.#isProbing = false;
    this.#wake();
  }

  get queued(): number {
    return (
      this.#waiting.length + this.#lookedUp + this.#gathering.decided.length + (this.#writing?.decided.length ?? 0)
    );
  }

  transact<A>(work: Work<A>): Promise<A> {
    return this.#queue(work, false);
  }

  reset(call: Call, catalogueAfter: CatalogueAfter): Promise<void> {
    return this.#queue(resetTo(call, catalogueAfter), true);
  }

  meteringRecords(query: MeteringRecordQuery): Promise<Page<KeptRecord>> {
    return this.#watched(async () => keptPage(await this.#engine.list(query)));
  }

  entry(requestId: string): Promise<LedgerEntry | undefined> {
    return this.#watched(async () => {
      const encoded = await this.#engine.entryByRequestId(requestId);
      return encoded === undefined ? undefined : decodeEntry(encoded);
    });
  }

  events(query: EventQuery): Promise<Page<LedgerEntry>> {
    return this.#watched(async () => {
      const { items, nextCursor } = await this.#engine.entries(query);
      return { items: items.map(decodeEntry), nextCursor };
    });
  }

  principalBetween(after: string, before: string): Promise<string | undefined> {
    return this.#watched(() => this.#engine.principalBetween(after, before));
  }

  keptSince(): Promise<EpochMs | undefined> {
    return this.#watched(() => this.#engine.keptSince());
  }

  async chainHeads(): Promise<readonly LaneHead[]> {
    return [{ lane: EMBEDDED_LANE, ...(await this.#watched(() => this.#engine.chainHead())) }];
  }

  async verifyChains(known: readonly KnownLaneHead[]): Promise<LedgerVerification> {
    const { entries, head, disagreement } = await this.#watched(() => this.#engine.verifyChain(known));
    return { entries, heads: [{ lane: EMBEDDED_LANE, ...head }], disagreement };
  }

  async expire(newCall: () => Call, beforeMs: EpochMs): Promise<number> {
    let removed = 0;
    for (;;) {
      const removals = this.#removals;
      const old = await this.#watched(() => this.#engine.entriesBefore(beforeMs, EXPIRED_AT_ONCE));
      if (old === undefined) return removed;
      const work = expiry(newCall(), beforeMs, { lane: EMBEDDED_LANE, ...old.through }, old.entries);
      const decide = (facts: Facts): Outcome<undefined> => {
        // Others have numbers that these had: what was read says nothing of them.
        if (this.#removals !== removals) throw new RemovedMeanwhile();
        return work.decide(facts);
      };
      const isRemoved = await this.transact({ ...work, decide }).then(() => true, wasOvertaken);
      if (isRemoved) removed += old.entries.length;
    }
  }

  holdLease(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    if (this.queued > 0 || this.#isProbing) {
      this.#drained = Promise.withResolvers();
      await this.#drained.promise;
    }
    await this.#engine.close();
  }

  #queue<A>(work: Work<A>, reset: boolean): Promise<A> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<A>((resolve, reject) => {
      this.#waiting.push({ work, reset, resolve: resolve as (answer: unknown) => void, reject });
      this.#standstill.onWork();
      this.#wake();
    });
  }

  /** Why nothing is taken in now, if that is so. */
  #refusal(): Error | undefined {
    if (this.#defect !== undefined) return this.#defect;
    if (this.#closed !== undefined) return new QueueFullError("The ledger is closing.");
    const { queuedMax } = this.#options;
    if (this.queued < queuedMax) return undefined;
    return new QueueFullError(`${queuedMax} requests are waiting to be committed.`);
  }

  #wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(() => void this.#step());
  }

  /** Takes in what has arrived, and has the group written that has gathered, unless another still is. */
  async #step(): Promise<void> {
    const works = this.#takeWorks();
    if (works.length > 0) await this.#decide(works);
    this.#isScheduled = false;
    if (this.#writing === undefined && !this.#isProbing && this.#gathering.decided.length > 0) this.#write();
    if (this.#takeable() > 0) this.#wake();
    if (this.queued > 0) return;
    this.#standstill.onIdle();
    if (!this.#isProbing) this.#drained?.resolve();
  }

  #takeWorks(): Pending[] {
    const works = this.#waiting.splice(0, this.#takeable());
    this.#lookedUp = works.length;
    return works;
  }

  /** How much of what waits can be taken in now. A reset is a group by itself, and waits for all before it. */
  #takeable(): number {
    const [first] = this.#waiting;
    // What changes what all others go by is committed before any of them.
    if (first === undefined || this.#gathering.ended || this.#writing?.ended === true) return 0;
    const room = this.#options.groupMax - this.#gathering.decided.length;
    const reset = this.#waiting.findIndex((pending) => pending.reset);
    if (reset === 0) return this.#writing === undefined && this.#gathering.decided.length === 0 ? 1 : 0;
    return Math.min(room, reset === -1 ? this.#waiting.length : reset);
  }

  /** Looks work up, and decides it as part of the group that gathers. What has to wait for the next group goes back. */
  async #decide(works: readonly Pending[]): Promise<void> {
    const group = this.#gathering;
    try {
      const taken = await this.#watched(async () => {
        const found = new FoundRecords(await this.#engine.find(works.flatMap(({ work }) => work.keys)));
        if (this.#defect !== undefined) throw this.#defect;
        // The group has gone meanwhile, or failed with the one before it: what was looked up may be old.
        return group === this.#gathering ? this.#take(group, works, found) : 0;
      });
      this.#waiting.unshift(...works.slice(taken));
    } catch (error) {
      if (error instanceof FaultError) this.#standstill.onFailed(error);
      for (const pending of works) pending.reject(error as Error);
    }
    this.#lookedUp = 0;
  }

  #take(group: GroupDecision, works: readonly Pending[], found: FoundRecords): number {
    const { clock, ruleSet, spare = KEEP_ALL } = this.#options;
    const clockMs = clock.nowMs();
    // Entry times never run backwards, whatever the clock does.
    this.#newestAtMs = Math.max(clockMs, this.#newestAtMs);
    return group.take(works, {
      nowMs: this.#options.acceptNewestAhead === true ? clockMs : this.#newestAtMs,
      entriesAtMs: this.#newestAtMs,
      ruleSet,
      catalogue: this.#catalogue,
      found,
      positionAt: (toMs) => clock.positionAt(toMs),
      spare,
    });
  }

  /** Has the group that has gathered made durable, and begins the next. */
  #write(): void {
    const { aroundCommit = runNow } = this.#options;
    const group = this.#gathering;
    this.#writing = group;
    this.#gathering = new GroupDecision(group.accepted);
    const commit = group.leavesNothing ? nothing : () => aroundCommit(() => this.#engine.commit(group.staged));
    void this.#watched(commit).then(
      () => this.#written(group),
      (error: unknown) => this.#failed(group, error as Error),
    );
  }

  /** What has become durable becomes true, and the callers are told. The next group begins to be written before that. */
  #written(group: GroupDecision): void {
    const { staged, decided, records } = group;
    if (staged.reset || staged.expired !== undefined) this.#removals += 1;
    if (staged.reset) this.#catalogue = new Catalogue();
    this.#catalogue.apply(staged.catalogue);
    for (const { outcome } of decided) {
      if (outcome.moveClockTo !== undefined) this.#options.clock.moveTo(outcome.moveClockTo);
    }
    this.#writing = undefined;
    // A group that leaves nothing says nothing of whether one could be committed.
    if (!group.leavesNothing) this.#standstill.onCommitted(this.queued);
    if (this.#gathering.decided.length > 0) this.#write();
    this.#options.onCommitted?.({ works: decided.length, records });
    const { spare = KEEP_ALL } = this.#options;
    for (const { pending, outcome, spared } of decided) {
      spare.onAnswered(pending.work.call, outcome.event, spared);
      pending.resolve(outcome.answer);
    }
    this.#wake();
  }

  /** Nothing of a group was kept. What was decided with it in mind is decided again. */
  #failed({ decided }: GroupDecision, error: Error): void {
    this.#standstill.onFailed(error);
    const again = this.#gathering.decided.map(({ pending }) => pending);
    this.#writing = undefined;
    this.#gathering = new GroupDecision();
    this.#waiting.unshift(...again);
    for (const { pending } of decided) pending.reject(error);
    this.#wake();
  }

  /** Runs what may find that the ledger contradicts itself. */
  async #watched<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof DefectError) this.#stop(error);
      throw error;
    }
  }

  /** From now on nothing is written, what has gathered and what waits included. */
  #stop(defect: DefectError): void {
    this.#defect ??= defect;
    const gathered = this.#gathering.decided;
    this.#gathering = new GroupDecision();
    for (const { pending } of gathered) pending.reject(defect);
    for (const pending of this.#waiting.splice(0)) pending.reject(defect);
    this.#wake();
  }
}

/** The oldest entries are no more those that were to be removed. */
class RemovedMeanwhile extends Error {}

function wasOvertaken(error: unknown): false {
  if (error instanceof RemovedMeanwhile) return false;
  throw error;
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

function runNow(commit: () => Promise<void>): Promise<void> {
  return commit();
}

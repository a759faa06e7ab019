/**
 * The ledger over an engine with one writer. Work that has arrived is committed as a group: one transaction and one flush to
 * disk serve all of it, and nobody is answered before that. One group is written at a time. Meanwhile the next group is decided
 * as its work arrives, as if the group before it were committed; where that commit fails, the work is decided again.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { Catalogue, type CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { EMBEDDED_LANE, type LaneHead } from "./chain-head.ts";
import type { ChainedRow, ClockPosition, Engine, FoundPage, Loaded } from "./engine.ts";
import type { EncodedEntry } from "./entry-codec.ts";
import type { Call } from "./entry.ts";
import { EXPIRED_AT_ONCE, expiry } from "./expiry.ts";
import { FoundRecords } from "./found-records.ts";
import { GroupDecision, type GroupFacts, type Pending } from "./group-decision.ts";
import { Intake, type IntakeOptions } from "./intake.ts";
import {
  FaultError,
  type Decision,
  type EventQuery,
  type Ledger,
  type Facts,
  type MeteringRecordQuery,
  type Page,
} from "./ledger.ts";
import type { DueResourcesQuery, ResourceQuery } from "./resource-facts.ts";
import type { SumsAnswer, SumsQuestion } from "./sums/sums.ts";
import type { KnownLaneHead, LedgerVerification, OnRead } from "./verification.ts";
import { LedgerMovedError, type WholeLedger } from "./whole-ledger.ts";

/** The service clock, as far as the ledger needs it. */
export interface LedgerClock {
  nowMs(): EpochMs;
  /** The position that the clock has after a move to this time; undefined for a clock that cannot be moved. */
  positionAt(toMs: EpochMs): ClockPosition | undefined;
  moveTo(toMs: EpochMs): void;
}

export interface SingleWriterOptions extends IntakeOptions {
  readonly clock: LedgerClock;
}

export class SingleWriterLedger extends Intake implements Ledger {
  readonly #engine: Engine;
  readonly #options: SingleWriterOptions;
  #catalogue: Catalogue;
  #newestAtMs: EpochMs;
  #waiting: Pending[] = [];
  /** How many works have left `#waiting` and are being looked up. */
  #lookedUp = 0;
  #gathering = new GroupDecision();
  #writing: GroupDecision | undefined;
  /** How often entries have been removed, by a reset or because they had expired. */
  #removals = 0;
  #isProbing = false;

  /** `loaded` is what the engine held when it was opened. */
  constructor(engine: Engine, loaded: Loaded, options: SingleWriterOptions) {
    super(options);
    this.#engine = engine;
    this.#options = options;
    this.#catalogue = new Catalogue(loaded.catalogue);
    this.#newestAtMs = loaded.newestAtMs ?? Number.NEGATIVE_INFINITY;
    engine.onDefect((defect) => this.stop(defect));
  }

  get catalogue(): CatalogueView {
    return this.#catalogue;
  }

  get unavailable(): string | undefined {
    return this.standstill.why;
  }

  /** Always empty: all work shares its commits, so nothing fails alone. */
  readonly partlyUnavailable: readonly string[] = [];

  readonly whole: WholeLedger = {
    rows: (fromSeq, limit) => this.watched(() => this.#engine.chainEntries(fromSeq, limit)),
    replace: (work, onto) => this.replaceAll(work, onto),
  };

  get queued(): number {
    return (
      this.#waiting.length + this.#lookedUp + this.#gathering.decided.length + (this.#writing?.decided.length ?? 0)
    );
  }

  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]> {
    return this.watched(() => this.#engine.findResources(resourceIds));
  }

  resources(query: ResourceQuery): Promise<Page<MeteredResource>> {
    return this.watched(() => this.#engine.resources(query));
  }

  dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>> {
    return this.watched(() => this.#engine.dueResources(query));
  }

  principalBetween(after: string, before: string): Promise<string | undefined> {
    return this.watched(() => this.#engine.principalBetween(after, before));
  }

  sums(question: SumsQuestion): Promise<SumsAnswer> {
    return this.watched(() => this.#engine.sums(question));
  }

  keptSince(): Promise<EpochMs | undefined> {
    return this.watched(() => this.#engine.keptSince());
  }

  async chainHeads(): Promise<readonly LaneHead[]> {
    return [{ lane: EMBEDDED_LANE, ...(await this.watched(() => this.#engine.chainHead())) }];
  }

  async chainsBefore(atMs: EpochMs): Promise<readonly LaneHead[]> {
    const head = await this.watched(() => this.#engine.chainBefore(atMs));
    return head.seq === 0 ? [] : [{ lane: EMBEDDED_LANE, ...head }];
  }

  async verifyChains(known: readonly KnownLaneHead[], onRead?: OnRead): Promise<LedgerVerification> {
    const { entries, head, disagreement } = await this.watched(() => this.#engine.verifyChain(known, onRead));
    return { entries, heads: [{ lane: EMBEDDED_LANE, ...head }], disagreement };
  }

  async expire(newCall: () => Call, beforeMs: EpochMs): Promise<number> {
    let removed = 0;
    for (;;) {
      const removals = this.#removals;
      const old = await this.watched(() => this.#engine.entriesBefore(beforeMs, EXPIRED_AT_ONCE));
      if (old === undefined) return removed;
      const work = expiry(newCall(), beforeMs, { lane: EMBEDDED_LANE, ...old.through }, old.entries);
      const decide = (facts: Facts): Decision<undefined> => {
        // After another removal the same numbers may belong to other entries, so what was read before is no longer true.
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

  protected get canTryCommit(): boolean {
    return !this.#isProbing;
  }

  protected async tryCommit(): Promise<void> {
    this.#isProbing = true;
    await this.#engine.probe().finally(() => {
      this.#isProbing = false;
    });
  }

  protected findEntry(requestId: string): Promise<EncodedEntry | undefined> {
    return this.#engine.entryByRequestId(requestId);
  }

  protected listEntries(query: EventQuery): Promise<Page<EncodedEntry>> {
    return this.#engine.entries(query);
  }

  protected listChain(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedRow[]> {
    return lane === EMBEDDED_LANE ? this.#engine.chainEntries(fromSeq, limit) : Promise.resolve([]);
  }

  protected listRecords(query: MeteringRecordQuery): Promise<FoundPage> {
    return this.#engine.list(query);
  }

  protected closeStore(): Promise<void> {
    return this.#engine.close();
  }

  protected add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** Takes in the work that has arrived. Begins to write the gathered group, unless a group is still being written. */
  protected async step(): Promise<void> {
    const works = this.#takeWorks();
    if (works.length > 0) await this.#decide(works);
    this.isAwake = false;
    if (this.#writing === undefined && !this.#isProbing && this.#gathering.decided.length > 0) this.#write();
    if (this.#takeable() > 0) this.wake();
    if (this.queued > 0) return;
    this.standstill.onIdle();
    this.noteDrained();
  }

  #takeWorks(): Pending[] {
    const works = this.#waiting.splice(0, this.#takeable());
    this.#lookedUp = works.length;
    return works;
  }

  /** How many waiting works can be taken in now. A reset is a group by itself, and waits for all work before it. */
  #takeable(): number {
    // A change of catalogue or clock is committed before any later work is decided.
    if (this.#gathering.ended || this.#writing?.ended === true) return 0;
    const room = this.#options.groupMax - this.#gathering.decided.length;
    const reset = this.#waiting.findIndex((pending) => pending.reset);
    if (reset === 0) return this.#writing === undefined && this.#gathering.decided.length === 0 ? 1 : 0;
    return Math.min(room, reset === -1 ? this.#waiting.length : reset);
  }

  /** Looks work up, and decides it as part of the gathering group. Work that must wait for the next group goes back. */
  async #decide(works: readonly Pending[]): Promise<void> {
    const group = this.#gathering;
    try {
      const taken = await this.watched(async () => {
        const found = new FoundRecords(await this.#engine.find(works.flatMap(({ work }) => work.keys)));
        const resources = await this.#resourcesOf(works);
        await this.#refuseMoved(works);
        if (this.defect !== undefined) throw this.defect;
        // The group is being written by now, or failed with the one before it: what was looked up may be old.
        return group === this.#gathering ? this.#take(group, works, found, resources) : 0;
      });
      this.#waiting.unshift(...works.slice(taken));
    } catch (error) {
      if (error instanceof FaultError) this.standstill.onFailed(error);
      for (const pending of works) pending.reject(error as Error);
    }
    this.#lookedUp = 0;
  }

  async #resourcesOf(works: readonly Pending[]): Promise<GroupFacts["resources"]> {
    const ids = works.flatMap(({ work }) => work.resources ?? []);
    return ids.length === 0 ? [] : this.#engine.findResources(ids);
  }

  /** Nothing is written while such work is decided, because it is a group by itself. */
  async #refuseMoved([first]: readonly Pending[]): Promise<void> {
    if (first?.onto === undefined) return;
    const { seq } = await this.#engine.chainHead();
    if (seq !== first.onto) throw new LedgerMovedError();
  }

  #take(
    group: GroupDecision,
    works: readonly Pending[],
    found: FoundRecords,
    resources: GroupFacts["resources"],
  ): number {
    const { clock, ruleSet } = this.#options;
    const clockMs = clock.nowMs();
    // A reset leaves none of the entries before it; until it is kept, they are still there.
    const before = works[0]?.reset === true ? Number.NEGATIVE_INFINITY : this.#newestAtMs;
    // Entry times never run backwards, even where the clock does.
    const entriesAtMs = Math.max(clockMs, before);
    this.#newestAtMs = Math.max(entriesAtMs, this.#newestAtMs);
    return group.take(works, {
      nowMs: this.#options.acceptNewestAhead === true ? clockMs : entriesAtMs,
      entriesAtMs,
      ruleSet,
      catalogue: this.#catalogue,
      found,
      resources,
      positionAt: (toMs) => clock.positionAt(toMs),
      spare: this.spare,
    });
  }

  /** Gives the decided group to the engine, which makes it durable, and begins the next group. */
  #write(): void {
    const group = this.#gathering;
    this.#writing = group;
    this.#gathering = new GroupDecision(group);
    const commit = group.leavesNothing ? nothing : () => this.aroundCommit(() => this.#engine.commit(group.staged));
    void this.watched(commit).then(
      () => this.#written(group),
      (error: unknown) => this.#failed(group, error as Error),
    );
  }

  /** The group is durable: its changes take effect, the next group begins to be written, and the callers are answered. */
  #written(group: GroupDecision): void {
    const { staged, decided, records } = group;
    if (staged.reset || staged.expired !== undefined) this.#removals += 1;
    if (staged.reset) {
      this.#catalogue = new Catalogue();
      this.#newestAtMs = staged.entries.at(-1)?.entry.atMs ?? Number.NEGATIVE_INFINITY;
    }
    this.#catalogue.apply(staged.catalogue);
    for (const { outcome } of decided) {
      if (outcome.moveClockTo !== undefined) this.#options.clock.moveTo(outcome.moveClockTo);
    }
    this.#writing = undefined;
    // A group that leaves nothing made no commit, so it does not show that a commit is possible.
    if (!group.leavesNothing) this.standstill.onCommitted(this.queued);
    if (this.#gathering.decided.length > 0) this.#write();
    this.#options.onCommitted?.({ works: decided.length, records });
    for (const { pending, outcome, spared } of decided) {
      this.spare.onAnswered(pending.work.call, outcome.event, spared);
      pending.resolve(outcome.answer);
    }
    this.wake();
  }

  /** Nothing of the group was kept. Work that was decided on top of it is decided again. */
  #failed({ decided }: GroupDecision, error: Error): void {
    this.standstill.onFailed(error);
    const again = this.#gathering.decided.map(({ pending }) => pending);
    this.#writing = undefined;
    this.#gathering = new GroupDecision();
    this.#waiting.unshift(...again);
    for (const { pending } of decided) pending.reject(error);
    this.wake();
  }

  protected failWaiting(error: Error): void {
    const gathered = this.#gathering.decided;
    this.#gathering = new GroupDecision();
    for (const { pending } of gathered) pending.reject(error);
    for (const pending of this.#waiting.splice(0)) pending.reject(error);
    this.wake();
  }
}

/** The entries to be removed are no longer the oldest ones. */
class RemovedMeanwhile extends Error {}

function wasOvertaken(error: unknown): false {
  if (error instanceof RemovedMeanwhile) return false;
  throw error;
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

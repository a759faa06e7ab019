/**
 * The ledger over an engine with one writer. Work that has arrived is committed as a group: one transaction and one
 * flush to disk serve all of it, and nobody is answered before that. At most one group is under way: while the engine
 * makes it durable, the next one gathers, and it is looked up and decided once this one is committed or has failed.
 */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import { Catalogue, type CatalogueChange, type CatalogueView } from "../domain/catalogue.ts";
import { EMBEDDED_LANE, type LaneHead } from "./chain-head.ts";
import type { ClockPosition, Engine, Loaded } from "./engine.ts";
import { decodeEntry } from "./entry-codec.ts";
import type { Call, LedgerEntry } from "./entry.ts";
import { EXPIRED_AT_ONCE, expiry } from "./expiry.ts";
import { FoundRecords, keptPage } from "./found-records.ts";
import { decideGroup, type DecidedGroup, type Pending } from "./group-decision.ts";
import {
  DefectError,
  QueueFullError,
  type EventQuery,
  type KeptRecord,
  type Ledger,
  type MeteringRecordQuery,
  type Page,
  type Work,
} from "./ledger.ts";
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
  /** Work that may be taken in and not yet committed; more is refused with `QueueFullError`. */
  readonly queuedMax: number;
  /** Work in one commit. */
  readonly groupMax: number;
  /** Runs a function once the work that is arriving now has arrived. */
  readonly schedule: (run: () => void) => void;
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
  /** Work of the group that is under way. */
  #underWay = 0;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #defect: DefectError | undefined;

  /** `loaded` is what the engine held when it was opened. */
  constructor(engine: Engine, loaded: Loaded, options: SingleWriterOptions) {
    this.#engine = engine;
    this.#options = options;
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

  /** An embedded store is there, or broken. */
  readonly unavailable: undefined = undefined;

  get queued(): number {
    return this.#waiting.length + this.#underWay;
  }

  transact<A>(work: Work<A>): Promise<A> {
    return this.#queue(work, false);
  }

  reset(call: Call, catalogue: readonly CatalogueChange[]): Promise<void> {
    const outcome = { event: { kind: "ledger-reset" as const }, catalogue, answer: undefined };
    return this.#queue({ call, keys: [], decide: () => outcome }, true);
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
      const old = await this.#watched(() => this.#engine.entriesBefore(beforeMs, EXPIRED_AT_ONCE));
      if (old === undefined) return removed;
      await this.transact(expiry(newCall(), beforeMs, { lane: EMBEDDED_LANE, ...old.through }, old.entries));
      removed += old.entries.length;
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
    await this.#running;
    await this.#engine.close();
  }

  #queue<A>(work: Work<A>, reset: boolean): Promise<A> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<A>((resolve, reject) => {
      this.#waiting.push({ work, reset, resolve: resolve as (answer: unknown) => void, reject });
      this.#running ??= this.#run();
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

  /** Commits group after group, until nothing waits any more. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise<void>(this.#options.schedule);
      const group = this.#takeGroup();
      // What waited has been refused meanwhile, where a defect was found.
      if (group.length === 0) break;
      this.#underWay = group.length;
      try {
        await this.#watched(() => this.#commit(group));
      } catch (error) {
        this.#underWay = 0;
        for (const pending of group) pending.reject(error as Error);
      }
    }
    this.#running = undefined;
  }

  #takeGroup(): Pending[] {
    const reset = this.#waiting.findIndex((pending) => pending.reset);
    const worksMax = reset === -1 ? this.#options.groupMax : Math.max(reset, 1);
    return this.#waiting.splice(0, Math.min(worksMax, this.#options.groupMax));
  }

  /** What has to wait for the next group is taken out of this one. */
  async #commit(group: Pending[]): Promise<void> {
    const { clock, ruleSet, aroundCommit = runNow } = this.#options;
    const found = new FoundRecords(await this.#engine.find(group.flatMap(({ work }) => work.keys)));
    if (this.#defect !== undefined) throw this.#defect;
    const nowMs = this.#now();
    const positionAt = (toMs: EpochMs): ClockPosition | undefined => clock.positionAt(toMs);
    const decision = decideGroup(group, { nowMs, ruleSet, catalogue: this.#catalogue, found, positionAt });
    this.#waiting.unshift(...group.splice(decision.taken));
    this.#underWay = group.length;
    await aroundCommit(() => this.#engine.commit(decision.staged));
    this.#newestAtMs = nowMs;
    this.#underWay = 0;
    this.#apply(decision);
  }

  /** What has become durable becomes true, and the callers are told. */
  #apply({ staged, decided, records }: DecidedGroup): void {
    if (staged.reset) this.#catalogue = new Catalogue();
    this.#catalogue.apply(staged.catalogue);
    for (const { outcome } of decided) {
      if (outcome.moveClockTo !== undefined) this.#options.clock.moveTo(outcome.moveClockTo);
    }
    this.#options.onCommitted?.({ works: decided.length, records });
    for (const { pending, outcome } of decided) pending.resolve(outcome.answer);
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

  /** From now on nothing is written, what waits included. */
  #stop(defect: DefectError): void {
    this.#defect ??= defect;
    for (const pending of this.#waiting.splice(0)) pending.reject(defect);
  }

  /** Entry times never run backwards, whatever the clock does. */
  #now(): EpochMs {
    return Math.max(this.#options.clock.nowMs(), this.#newestAtMs);
  }
}

function runNow(commit: () => Promise<void>): Promise<void> {
  return commit();
}

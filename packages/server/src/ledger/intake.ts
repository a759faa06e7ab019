/**
 * What every ledger does that takes work in and commits it in groups, whatever keeps the groups: it refuses what it has no
 * room for, wakes for what has arrived, stops where it finds that it contradicts itself, and finishes before it closes.
 */
import type { RuleSet } from "@countinghouse/protocol";
import { decodeEntry, type EncodedEntry } from "./entry-codec.ts";
import type { Call, LedgerEntry } from "./entry.ts";
import { keptPage } from "./found-records.ts";
import type { ChainedRow, FoundPage } from "./engine.ts";
import type { Pending } from "./group-decision.ts";
import {
  DefectError,
  QueueFullError,
  type CatalogueAfter,
  type ChainedEntry,
  type EventQuery,
  type ListedRecord,
  type MeteringRecordQuery,
  type Page,
  type Work,
} from "./ledger.ts";
import { resetTo } from "./reset.ts";
import { KEEP_ALL, type Spare } from "./spare.ts";
import { Standstill } from "./standstill.ts";

export interface IntakeOptions {
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

export abstract class Intake {
  protected readonly standstill: Standstill;
  protected readonly spare: Spare;
  /** Whether a step has been scheduled, or is under way. Each step says when the next may be. */
  protected isAwake = false;
  readonly #options: IntakeOptions;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed: Promise<void> | undefined;
  #defect: DefectError | undefined;
  /** Resolves when the newest probe has ended. */
  #probed: Promise<void> = Promise.resolve();

  protected constructor(options: IntakeOptions) {
    this.#options = options;
    this.standstill = new Standstill(options.monotonicMs);
    this.spare = options.spare ?? KEEP_ALL;
  }

  abstract readonly queued: number;
  /** Lets work wait that was taken in. */
  protected abstract add(pending: Pending): void;
  /** Begins groups with what waits, as far as they can be begun now. */
  protected abstract step(): void;
  /** Nothing is written any more: tells those who wait. */
  protected abstract failWaiting(error: Error): void;
  /** Whether nothing stands in the way of `tryCommit`. */
  protected abstract readonly canTryCommit: boolean;
  /** Commits something that leaves nothing behind. */
  protected abstract tryCommit(): Promise<void>;
  protected abstract findEntry(requestId: string): Promise<EncodedEntry | undefined>;
  protected abstract listEntries(query: EventQuery): Promise<Page<EncodedEntry>>;
  protected abstract listChain(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedRow[]>;
  protected abstract listRecords(query: MeteringRecordQuery): Promise<FoundPage>;
  /** Lets go of the store, when all work is done. */
  protected abstract closeStore(): Promise<void>;

  get defect(): DefectError | undefined {
    return this.#defect;
  }

  transact<A>(work: Work<A>): Promise<A> {
    return this.#queue(work, false);
  }

  reset(call: Call, catalogueAfter: CatalogueAfter): Promise<void> {
    return this.#queue(resetTo(call, catalogueAfter), true);
  }

  meteringRecords(query: MeteringRecordQuery): Promise<Page<ListedRecord>> {
    return this.watched(async () => keptPage(await this.listRecords(query)));
  }

  entry(requestId: string): Promise<LedgerEntry | undefined> {
    return this.watched(async () => {
      const encoded = await this.findEntry(requestId);
      return encoded === undefined ? undefined : decodeEntry(encoded);
    });
  }

  events(query: EventQuery): Promise<Page<LedgerEntry>> {
    return this.watched(async () => {
      const { items, nextCursor } = await this.listEntries(query);
      return { items: items.map(decodeEntry), nextCursor };
    });
  }

  chainEntries(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedEntry[]> {
    return this.watched(async () => {
      const rows = await this.listChain(lane, fromSeq, limit);
      return rows.map(({ seq, link, entry }) => ({ seq, link, entry: decodeEntry(entry) }));
    });
  }

  async probe(): Promise<void> {
    const isIdle = this.queued === 0 && this.canTryCommit && this.#closed === undefined && this.#defect === undefined;
    if (!isIdle || !this.standstill.isToBeProbed) return;
    this.#probed = this.watched(() => this.tryCommit()).then(
      () => this.standstill.onCommitted(this.queued),
      (error: Error) => this.standstill.onFailed(error),
    );
    await this.#probed;
    this.wake();
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    if (this.queued > 0) {
      this.#drained = Promise.withResolvers();
      await this.#drained.promise;
    }
    await this.#probed;
    await this.closeStore();
  }

  #queue<A>(work: Work<A>, reset: boolean): Promise<A> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<A>((resolve, reject) => {
      this.standstill.onWork();
      this.add({ work, reset, resolve: resolve as (answer: unknown) => void, reject });
      this.wake();
    });
  }

  /** Why nothing is taken in now, if that is so. */
  #refusal(): Error | undefined {
    if (this.stopped !== undefined) return this.stopped;
    if (this.#closed !== undefined) return new QueueFullError("The ledger is closing.");
    const { queuedMax } = this.#options;
    if (this.queued < queuedMax) return undefined;
    return new QueueFullError(`${queuedMax} requests are waiting to be committed.`);
  }

  /** Why nothing may be written, if that is so. */
  protected get stopped(): Error | undefined {
    return this.#defect;
  }

  protected wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    this.#options.schedule(() => this.step());
  }

  /** To be called when a step has ended: whoever closes the ledger waits until nothing is queued. */
  protected noteDrained(): void {
    if (this.queued === 0) this.#drained?.resolve();
  }

  protected aroundCommit(commit: () => Promise<void>): Promise<void> {
    return this.#options.aroundCommit === undefined ? commit() : this.#options.aroundCommit(commit);
  }

  /** Runs what may find that the ledger contradicts itself. */
  protected async watched<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof DefectError) this.stop(error);
      throw error;
    }
  }

  /** From now on nothing is written. */
  protected stop(defect: DefectError): void {
    this.#defect ??= defect;
    this.failWaiting(this.#defect);
  }
}

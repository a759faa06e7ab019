/**
 * What all ledgers do alike when they take work in and commit it in groups: they refuse work that they have no room for, wake
 * when work arrives, stop when they find that they contradict themselves, and finish their work before they close.
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
  /** Whether decisions may go by a clock that is behind the newest entry. */
  readonly acceptNewestAhead?: boolean | undefined;
  /** Without it, everything is kept. */
  readonly spare?: Spare | undefined;
  /** How many works may wait for their commit; more are refused with `QueueFullError`. */
  readonly queuedMax: number;
  /** How many works one commit may hold. */
  readonly groupMax: number;
  /** Runs a function when the work that is just arriving has arrived. */
  readonly schedule: (run: () => void) => void;
  readonly monotonicMs: () => number;
  /** Runs each commit, for metrics. */
  readonly aroundCommit?: ((commit: () => Promise<void>) => Promise<void>) | undefined;
  /** Called where entries could not be added up as they came; it is tried again. */
  readonly onSumsTrouble?: ((error: Error) => void) | undefined;
  /** Called for each group that was committed, for metrics. */
  readonly onCommitted?: ((group: { readonly works: number; readonly records: number }) => void) | undefined;
}

export abstract class Intake {
  protected readonly standstill: Standstill;
  protected readonly spare: Spare;
  /** Whether a step has been scheduled, or is under way. Each step says when the next one may begin. */
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
  /** Adds accepted work to the work that waits. */
  protected abstract add(pending: Pending): void;
  /** Begins groups from the work that waits, as far as they can be begun now. */
  protected abstract step(): void;
  /** Called when the ledger stops writing: rejects all work that waits. */
  protected abstract failWaiting(error: Error): void;
  /** Whether `tryCommit` may be called now. */
  protected abstract readonly canTryCommit: boolean;
  /** Commits something that leaves nothing behind. */
  protected abstract tryCommit(): Promise<void>;
  protected abstract findEntry(requestId: string): Promise<EncodedEntry | undefined>;
  protected abstract listEntries(query: EventQuery): Promise<Page<EncodedEntry>>;
  protected abstract listChain(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedRow[]>;
  protected abstract listRecords(query: MeteringRecordQuery): Promise<FoundPage>;
  /** Closes the store, when all work is done. */
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

  /** See `WholeLedger.replace`. */
  protected replaceAll<A>(work: Work<A>, onto: number | undefined): Promise<A> {
    return this.#queue(work, true, onto);
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

  #queue<A>(work: Work<A>, reset: boolean, onto?: number): Promise<A> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise<A>((resolve, reject) => {
      this.standstill.onWork();
      this.add({ work, reset, onto, resolve: resolve as (answer: unknown) => void, reject });
      this.wake();
    });
  }

  /** The error with which new work is refused now; undefined where it is taken in. */
  #refusal(): Error | undefined {
    if (this.stopped !== undefined) return this.stopped;
    if (this.#closed !== undefined) return new QueueFullError("The ledger is closing.");
    const { queuedMax } = this.#options;
    if (this.queued < queuedMax) return undefined;
    return new QueueFullError(`${queuedMax} requests are waiting to be committed.`);
  }

  /** The error because of which nothing may be written; undefined where writing goes on. */
  protected get stopped(): Error | undefined {
    return this.#defect;
  }

  protected wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    this.#options.schedule(() => this.step());
  }

  /** To be called at the end of each step: `close` waits until nothing is queued. */
  protected noteDrained(): void {
    if (this.queued === 0) this.#drained?.resolve();
  }

  protected aroundCommit(commit: () => Promise<void>): Promise<void> {
    return this.#options.aroundCommit === undefined ? commit() : this.#options.aroundCommit(commit);
  }

  /** Runs a function, and stops the ledger where the function finds that the ledger contradicts itself. */
  protected async watched<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof DefectError) this.stop(error);
      throw error;
    }
  }

  /** Stops the ledger: nothing is written from now on. */
  protected stop(defect: DefectError): void {
    this.#defect ??= defect;
    this.failWaiting(this.#defect);
  }
}

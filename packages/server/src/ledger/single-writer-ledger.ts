/**
 * The ledger over an engine with one writer. Work that has arrived is committed as a group: one transaction and one
 * flush to disk serve all of it, and nobody is answered before that.
 */
import type { EpochMs, RuleSet } from "@countinghouse/protocol";
import { Catalogue, type CatalogueChange, type CatalogueView } from "../domain/catalogue.ts";
import { keyText, type MeteringRecord, type MeteringRecordKey } from "../domain/metering-record.ts";
import type { ClockPosition, Engine, Loaded, RecordPointer, StagedEntry, StagedGroup } from "./engine.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import type { Call, LedgerEntry, LedgerEvent } from "./entry.ts";
import { meteringRecordId } from "./ids.ts";
import {
  DefectError,
  QueueFullError,
  type KeptRecord,
  type Ledger,
  type MeteringRecordQuery,
  type Outcome,
  type Page,
  type Work,
} from "./ledger.ts";

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
  /** Work that may wait; more is refused with `QueueFullError`. */
  readonly queuedMax: number;
  /** Work in one commit. */
  readonly groupMax: number;
  /** Runs a function once the work that is arriving now has arrived. */
  readonly schedule: (run: () => void) => void;
  /** Runs each commit, for metrics. */
  readonly aroundCommit?: ((commit: () => void) => void) | undefined;
  /** Told of each group that was committed, for metrics. */
  readonly onCommitted?: ((group: { readonly works: number; readonly records: number }) => void) | undefined;
}

interface Pending {
  readonly work: Work<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a group has staged so far, and what its callers will be told. */
interface Staging {
  readonly entries: StagedEntry[];
  readonly decided: { readonly pending: Pending; readonly outcome: Outcome<unknown> }[];
  readonly staged: Map<string, MeteringRecord>;
  readonly unpacked: Map<number, LedgerEntry>;
}

export class SingleWriterLedger implements Ledger {
  readonly #engine: Engine;
  readonly #options: SingleWriterOptions;
  #catalogue: Catalogue;
  #newestAtMs: EpochMs;
  #waiting: Pending[] = [];
  #scheduled = false;
  #closed = false;
  #defect: DefectError | undefined;

  /** `loaded` is what the engine held when it was opened. */
  constructor(engine: Engine, loaded: Loaded, options: SingleWriterOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#catalogue = new Catalogue(loaded.catalogue);
    this.#newestAtMs = loaded.newestAtMs ?? Number.NEGATIVE_INFINITY;
  }

  get catalogue(): CatalogueView {
    return this.#catalogue;
  }

  get defect(): DefectError | undefined {
    return this.#defect;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  transact<A>(work: Work<A>): Promise<A> {
    const stopped = this.#stopped();
    if (stopped !== undefined) return Promise.reject(stopped);
    if (this.#waiting.length >= this.#options.queuedMax) {
      return Promise.reject(new QueueFullError(`${this.#options.queuedMax} requests are waiting to be committed.`));
    }
    return new Promise<A>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (answer: unknown) => void, reject });
      this.#wake();
    });
  }

  // oxlint-disable-next-line typescript/require-await -- faults must reject, not throw
  async reset(call: Call, catalogue: readonly CatalogueChange[]): Promise<void> {
    while (this.#waiting.length > 0) this.#commitGroup();
    const stopped = this.#stopped();
    if (stopped !== undefined) throw stopped;
    const entry: LedgerEntry = { atMs: this.#now(), call, event: { kind: "ledger-reset" } };
    const clock = this.#options.clock.positionAt(entry.atMs);
    const entries = [{ entry: encodeEntry(entry), records: [] }];
    this.#watched(() => this.#engine.reset({ entries, catalogue, clock }));
    this.#catalogue = new Catalogue(catalogue);
    this.#newestAtMs = entry.atMs;
  }

  // oxlint-disable-next-line typescript/require-await -- other stores read asynchronously
  async meteringRecords(query: MeteringRecordQuery): Promise<Page<KeptRecord>> {
    return this.#watched(() => {
      const page = this.#engine.pointers(query);
      const unpacked = new Map<number, LedgerEntry>();
      const items = page.items.map((found) => keptAt(found, this.#entryAt(found.seq, unpacked)));
      return { items, nextCursor: page.nextCursor };
    });
  }

  // oxlint-disable-next-line typescript/require-await -- other stores read asynchronously
  async entry(requestId: string): Promise<LedgerEntry | undefined> {
    return this.#watched(() => {
      const encoded = this.#engine.entryByRequestId(requestId);
      return encoded === undefined ? undefined : decodeEntry(encoded);
    });
  }

  // oxlint-disable-next-line typescript/require-await -- other stores close asynchronously
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#waiting.length > 0) this.#commitGroup();
    this.#engine.close();
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(() => {
      this.#scheduled = false;
      this.#commitGroup();
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  #commitGroup(): void {
    if (this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, this.#options.groupMax);
    const staging: Staging = { entries: [], decided: [], staged: new Map(), unpacked: new Map() };
    const { aroundCommit = runNow } = this.#options;
    try {
      this.#watched(() => aroundCommit(() => this.#engine.commit(() => this.#stage(group, staging))));
    } catch (error) {
      for (const pending of group) pending.reject(error as Error);
      return;
    }
    for (const { outcome } of staging.decided) {
      if (outcome.catalogue !== undefined) this.#catalogue.apply(outcome.catalogue);
      if (outcome.moveClockTo !== undefined) this.#options.clock.moveTo(outcome.moveClockTo);
    }
    this.#options.onCommitted?.({ works: staging.decided.length, records: staging.staged.size });
    for (const { pending, outcome } of staging.decided) pending.resolve(outcome.answer);
  }

  /** Decides the group's work in turn. A change of catalogue or clock ends the group, so that the rest sees it. */
  #stage(group: Pending[], staging: Staging): StagedGroup {
    const nowMs = this.#now();
    const catalogue: CatalogueChange[] = [];
    let clock: ClockPosition | undefined;
    for (let i = 0; i < group.length; i += 1) {
      const pending = group[i] as Pending;
      const outcome = this.#decide(pending, nowMs, staging);
      if (outcome === undefined) continue;
      if (outcome.catalogue !== undefined) catalogue.push(...outcome.catalogue);
      if (outcome.moveClockTo !== undefined) clock = this.#options.clock.positionAt(outcome.moveClockTo);
      if (outcome.catalogue !== undefined || outcome.moveClockTo !== undefined) {
        this.#waiting.unshift(...group.splice(i + 1));
      }
    }
    this.#newestAtMs = nowMs;
    return { entries: staging.entries, catalogue, clock };
  }

  #decide(pending: Pending, nowMs: EpochMs, staging: Staging): Outcome<unknown> | undefined {
    const { work } = pending;
    const texts = work.keys.map(keyText);
    const kept = work.keys.map((key, i) => staging.staged.get(texts[i] as string) ?? this.#kept(key, staging));
    let outcome: Outcome<unknown>;
    try {
      outcome = work.decide({ nowMs, ruleSet: this.#options.ruleSet, catalogue: this.#catalogue, kept });
    } catch (error) {
      // A decision that throws has staged nothing: it fails alone.
      pending.reject(error as Error);
      return undefined;
    }
    const records = outcome.records ?? [];
    staging.entries.push({ entry: encodeEntry({ atMs: nowMs, call: work.call, event: outcome.event }), records });
    staging.decided.push({ pending, outcome });
    for (const record of records) {
      const text = texts[record.position] as string;
      if (staging.staged.has(text)) throw new DefectError(`Two records of one key were accepted: ${text}`);
      staging.staged.set(text, keptRecord(work.call.requestId, record.position, outcome.event));
    }
    return outcome;
  }

  #kept(key: MeteringRecordKey, staging: Staging): MeteringRecord | undefined {
    const pointer = this.#engine.find(key);
    if (pointer === undefined) return undefined;
    const entry = this.#entryAt(pointer.seq, staging.unpacked);
    return keptRecord(entry.call.requestId, pointer.position, entry.event);
  }

  #entryAt(seq: number, unpacked: Map<number, LedgerEntry>): LedgerEntry {
    const known = unpacked.get(seq);
    if (known !== undefined) return known;
    const encoded = this.#engine.entry(seq);
    if (encoded === undefined) throw new DefectError(`Entry ${seq} is missing; a metering record points to it.`);
    const entry = decodeEntry(encoded);
    unpacked.set(seq, entry);
    return entry;
  }

  /** Why nothing is taken in any more, if that is so. */
  #stopped(): Error | undefined {
    return this.#defect ?? (this.#closed ? new QueueFullError("The ledger is closing.") : undefined);
  }

  /** Runs what may find that the ledger contradicts itself: from then on nothing is written, what waits included. */
  #watched<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof DefectError) {
        this.#defect = error;
        for (const pending of this.#waiting.splice(0)) pending.reject(error);
      }
      throw error;
    }
  }

  /** Entry times never run backwards, whatever the clock does. */
  #now(): EpochMs {
    return Math.max(this.#options.clock.nowMs(), this.#newestAtMs);
  }
}

function runNow(commit: () => void): void {
  commit();
}

function keptRecord(requestId: string, position: number, event: LedgerEvent): MeteringRecord {
  const record = event.kind === "usage-metered" ? event.records[position] : undefined;
  if (record === undefined) throw danglingPointer({ seq: Number.NaN, position });
  return {
    meteringRecordId: meteringRecordId(requestId, position),
    quantity: record.usageRecord.quantity ?? 0,
    usageAllocations: record.usageRecord.usageAllocations,
  };
}

function keptAt(found: RecordPointer & { readonly key: MeteringRecordKey }, entry: LedgerEntry): KeptRecord {
  const { event, call } = entry;
  const record = event.kind === "usage-metered" ? event.records[found.position] : undefined;
  if (record === undefined || event.kind !== "usage-metered") throw danglingPointer(found);
  return {
    meteringRecordId: meteringRecordId(call.requestId, found.position),
    requestId: call.requestId,
    key: found.key,
    productCode: event.productCode ?? "",
    usageRecord: record.usageRecord,
    recordedAtMs: entry.atMs,
  };
}

function danglingPointer(pointer: RecordPointer): DefectError {
  return new DefectError(`Entry ${pointer.seq} holds no usage record at position ${pointer.position}.`);
}

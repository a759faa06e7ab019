/**
 * The second, inner port of the ledger. The rest of the server calls `Ledger` (ledger.ts). `Engine` is what a store has to
 * offer to `SingleWriterLedger`, which implements `Ledger` over it. A store has an engine where one process writes and all
 * facts can be read at one moment: memory, SQLite. PostgreSQL has no engine. Several servers write there, so facts, decision
 * and writing are one transaction, which may lose a race and be tried again: `PostgresLedger` implements `Ledger` itself. What
 * both kinds of ledger do alike is in `intake.ts` and `group-decision.ts`.
 *
 * An engine keeps groups as transactions and finds what was kept. It decides nothing and knows no rule. Only one commit is
 * under way at a time. Reading is allowed at any time, and sees what has been committed; of a commit that is under way it sees
 * all or nothing.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { AcceptedRecord, MeteringRecordKey } from "../domain/metering/metering-record.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { ChainHead } from "./chain-head.ts";
import type { EntryAttributes } from "./entry-attributes.ts";
import type { EncodedEntry } from "./entry-codec.ts";
import type { DueResourcesQuery, ResourceQuery, StagedResource } from "./resource-facts.ts";
import type { SumsAnswer, SumsQuestion } from "./sums/sums.ts";
import type { ChainVerification, KnownHead, OnRead } from "./verification.ts";
import type { DefectError, EventQuery, Expired, MeteringRecordQuery, Page } from "./ledger.ts";

export interface Engine {
  /** What the store kept before this start. */
  load(): Loaded;
  /**
   * Keeps a group as one transaction; resolves when that is durable. On FaultError or DefectError nothing of the group is kept.
   */
  commit(group: StagedGroup): Promise<void>;
  /** Commits something that leaves nothing behind, to see whether a commit is possible now. Rejects as `commit` does. */
  probe(): Promise<void>;
  /**
   * The length of the log that commits are in before they are copied into the store's own file; undefined without such a log.
   */
  logBytes(): number | undefined;
  /** Where the record of each key is, in the order of the keys. */
  find(keys: readonly MeteringRecordKey[]): Promise<Found<RecordPointer | undefined>>;
  /** The resource of each id, in the order of the ids. */
  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]>;
  /** See `Ledger.resources`. */
  resources(query: ResourceQuery): Promise<Page<MeteredResource>>;
  /** See `Ledger.dueResources`. */
  dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>>;
  list(query: MeteringRecordQuery): Promise<FoundPage>;
  entryByRequestId(requestId: string): Promise<EncodedEntry | undefined>;
  entries(query: EventQuery): Promise<Page<EncodedEntry>>;
  /** See `Ledger.principalBetween`. */
  principalBetween(after: string, before: string): Promise<string | undefined>;
  /** See `Ledger.sums`. */
  sums(question: SumsQuestion): Promise<SumsAnswer>;
  /** The time of the oldest entry, if older entries have expired; otherwise undefined. */
  keptSince(): Promise<EpochMs | undefined>;
  chainHead(): Promise<ChainHead>;
  /** See `Ledger.chainEntries`. */
  chainEntries(fromSeq: number, limit: number): Promise<readonly ChainedRow[]>;
  /** The newest entry of before a time. */
  chainBefore(atMs: EpochMs): Promise<ChainHead>;
  verifyChain(known: readonly KnownHead[], onRead?: OnRead): Promise<ChainVerification>;
  /** The oldest entries before a time, at most `limit` of them; undefined where there are none. */
  entriesBefore(beforeMs: EpochMs, limit: number): Promise<OldEntries | undefined>;
  /** Calls the listener, once, when the engine finds a defect without being asked anything. */
  onDefect(listener: (defect: DefectError) => void): void;
  close(): Promise<void>;
}

export interface Loaded {
  readonly catalogue: readonly CatalogueChange[];
  readonly newestAtMs: EpochMs | undefined;
  readonly clock: ClockPosition | undefined;
  /** Says in sentences which of the newest entries are missing, where the operator accepted that. */
  readonly lostTail?: string | undefined;
}

/** Where a movable clock stands: at a fixed time (`manual`), or a fixed distance ahead of the wall clock (`offset`). */
export type ClockPosition =
  | { readonly mode: "manual"; readonly atMs: EpochMs }
  | { readonly mode: "offset"; readonly offsetMs: number };

/** The entry that holds a record, and the record's position in the entry. */
export interface RecordPointer {
  readonly seq: number;
  readonly position: number;
}

/** Pointers, and the entries that they name by `seq`, all as of one moment. */
export interface Found<Pointer> {
  readonly pointers: readonly Pointer[];
  readonly entries: ReadonlyMap<number, EncodedEntry>;
}

export interface KeyedPointer extends RecordPointer {
  readonly key: MeteringRecordKey;
}

export interface FoundPage extends Found<KeyedPointer> {
  /** Present where there may be more records. */
  readonly nextCursor?: string | undefined;
}

export interface StagedEntry {
  readonly entry: EncodedEntry;
  readonly attributes: EntryAttributes;
  /** Whether the control plane metered the records: their quantities are seconds. */
  readonly accrued: boolean;
  readonly records: readonly AcceptedRecord[];
}

/** An entry as it is kept, and its place in the chain. */
export interface ChainedRow extends ChainHead {
  readonly entry: EncodedEntry;
}

/** The oldest entries of a lane; `through` is the newest of them. */
export interface OldEntries {
  readonly through: ChainHead;
  readonly entries: readonly EncodedEntry[];
}

export interface StagedGroup {
  /** Whether the store first removes everything kept so far. */
  readonly reset: boolean;
  /** Entries that are removed in the same transaction. */
  readonly expired?: Expired | undefined;
  /** In the order of their commit. */
  readonly entries: readonly StagedEntry[];
  readonly catalogue: readonly CatalogueChange[];
  /** One for each resource that has changed. */
  readonly resources: readonly StagedResource[];
  readonly clock: ClockPosition | undefined;
}

/** The ledger's port: everything is written and read through it. */
import type { EpochMs, RuleSet, UsageRecord } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { AcceptedRecord, MeteringRecord, MeteringRecordKey } from "../domain/metering/metering-record.ts";
import type { ChainHead, LaneHead } from "./chain-head.ts";
import type { Call, LedgerEntry, LedgerEvent } from "./entry.ts";
import type { DueResourcesQuery, ResourceChange, ResourceQuery } from "./resource-facts.ts";
import type { SumsAnswer, SumsQuestion, TallyCell, UsageCell } from "./sums/sums.ts";
import type { KnownLaneHead, LedgerVerification, OnRead } from "./verification.ts";
import type { LedgerContents, WholeLedger } from "./whole-ledger.ts";

/** The catalogue after a reset, made from the catalogue before it. */
export type CatalogueAfter = (before: CatalogueView) => readonly CatalogueChange[];

export interface Ledger {
  /** The catalogue as of the last commit. */
  readonly catalogue: CatalogueView;
  /** Why nothing is written any more, where a defect was found. */
  readonly defect: DefectError | undefined;
  /**
   * Why nothing can be written now: the store cannot be reached, or work has waited for seconds and nothing could be committed.
   * The ledger goes on by itself when that is over.
   */
  readonly unavailable: string | undefined;
  /** Says in sentences what cannot be committed now while other work can: the usage of some products. */
  readonly partlyUnavailable: readonly string[];
  /**
   * Where the last commit failed and no work waits: tries to commit something that leaves nothing behind, so that `unavailable`
   * tells the truth although nobody sends work. To be called every second; never rejects.
   */
  probe(): Promise<void>;
  /**
   * Reads the facts, decides, and makes the decision durable before it resolves. The duplicate check and what follows from it
   * are one transaction.
   *
   * Rejects with `QueueFullError` (nothing was taken in), `FaultError` (nothing was kept, or the caller must ask again to
   * know), or `DefectError`.
   */
  transact<A>(work: Work<A>): Promise<A>;
  /** Empties the ledger and puts a catalogue in place, as one transaction. */
  reset(call: Call, catalogueAfter: CatalogueAfter): Promise<void>;
  /**
   * Metering records in the order of their keys, at most `limit` of them. A page may be shorter although more records follow.
   */
  meteringRecords(query: MeteringRecordQuery): Promise<Page<ListedRecord>>;
  /** The metered resource of each id, as of the last commit, in the order of the ids. */
  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]>;
  /** Metered resources in the order of their ids, at most `limit` of them. A page may be shorter although more follow. */
  resources(query: ResourceQuery): Promise<Page<MeteredResource>>;
  /** Metered resources that work is due for, in the order of the times when it became due, at most `limit` of them. */
  dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>>;
  entry(requestId: string): Promise<LedgerEntry | undefined>;
  /** Entries in the order of time, at most `limit` of them. A page may be shorter although more follow. */
  events(query: EventQuery): Promise<Page<LedgerEntry>>;
  /** The first principal in any entry that sorts after one text and before another, in the order of their bytes. */
  principalBetween(after: string, before: string): Promise<string | undefined>;
  /**
   * Sums of everything that was committed before this was called. Rejects with `SumsBehindError` where that has not been added
   * up yet, and does not come to an end soon, and with `TooManySumsError`.
   */
  sums(question: SumsQuestion): Promise<SumsAnswer>;
  /** The time of the oldest entry, if older entries have expired; otherwise undefined. */
  keptSince(): Promise<EpochMs | undefined>;
  /** How far the hash chain of each lane has come. */
  chainHeads(): Promise<readonly LaneHead[]>;
  /** Entries of a lane's chain in its order, from a number on, at most `limit` of them. */
  chainEntries(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedEntry[]>;
  /** For each lane, the head before the first entry of a time, or a later head; a lane that had not begun is missing. */
  chainsBefore(atMs: EpochMs): Promise<readonly LaneHead[]>;
  /**
   * Follows all chains from their first entries, and compares them with what is known. Other work goes on meanwhile. Tells
   * `onRead` now and then how many entries have been read.
   */
  verifyChains(known: readonly KnownLaneHead[], onRead?: OnRead): Promise<LedgerVerification>;
  /** Removes the entries before a time, with their metering records, a few at a time; answers how many entries it removed. */
  expire(newCall: () => Call, beforeMs: EpochMs): Promise<number>;
  /**
   * Answers whether this server is the one that does a kind of work, for some seconds from now. A store with one writer always
   * says yes. Where several servers share a store, at most one of them holds a lease at a time. A lease only spares the other
   * servers idle work; transactions, not leases, keep work from being done twice.
   */
  holdLease(name: string): Promise<boolean>;
  /** Absent where several servers write. */
  readonly whole?: WholeLedger | undefined;
  /** How many works wait for their commit. */
  readonly queued: number;
  /** Finishes the work that was taken in, then closes the store. */
  close(): Promise<void>;
}

export interface Work<A> {
  readonly call: Call;
  /** The metering-record keys that the decision needs to know about. */
  readonly keys: readonly MeteringRecordKey[];
  /** The ids of the metered resources that the decision needs to know, or may change. */
  readonly resources?: readonly string[] | undefined;
  /** The product that the work is about, where no key says so. */
  readonly productCode?: string | undefined;
  /** Pure; may be called again. */
  decide(facts: Facts): Decision<A>;
}

export interface Facts {
  readonly nowMs: EpochMs;
  readonly ruleSet: RuleSet;
  readonly catalogue: CatalogueView;
  /** What is kept under each key of the work, in the order of the keys. */
  readonly kept: readonly (MeteringRecord | undefined)[];
  /** What is known of each metered resource of the work, in the order of the work's resources. */
  readonly resources: readonly (MeteredResource | undefined)[];
}

export interface Decision<A> {
  readonly event: LedgerEvent;
  readonly records?: readonly AcceptedRecord[] | undefined;
  readonly catalogue?: readonly CatalogueChange[] | undefined;
  /** The changes of resources; only resources that the work names may change. */
  readonly resources?: readonly ResourceChange[] | undefined;
  /** Entries that are removed because they have reached the end of their retention. */
  readonly expired?: Expired | undefined;
  /** What takes the place of everything that the ledger holds. Only for `WholeLedger.replace`. */
  readonly contents?: LedgerContents | undefined;
  /** The time to which the service clock is moved. */
  readonly moveClockTo?: EpochMs | undefined;
  readonly answer: A;
}

export interface Expired {
  /** The newest removed entry: the chain goes on after it. */
  readonly through: LaneHead;
  /** The keys of the metering records that are removed with their entries. */
  readonly keys: readonly MeteringRecordKey[];
  /** What the entries have added to the sums, which is kept. */
  readonly usage: readonly UsageCell[];
  readonly tallies: readonly TallyCell[];
}

/** A metering record with all that is known of it. */
export interface ListedRecord {
  readonly meteringRecordId: string;
  readonly requestId: string;
  readonly key: MeteringRecordKey;
  readonly productCode: string;
  readonly usageRecord: UsageRecord;
  /** The resource that used this; absent where a seller metered its customers. */
  readonly resourceId?: string | undefined;
  /** Whether the control plane metered the record. Then its quantity is seconds, and in some adjustments less than zero. */
  readonly accrued?: boolean;
  readonly recordedAtMs: EpochMs;
}

export interface MeteringRecordQuery {
  /** Hours since the epoch, both included. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Product codes and licence ARNs; undefined for all. */
  readonly offerings?: readonly string[] | undefined;
  /** Customers as identified in records; undefined for all. */
  readonly customers?: readonly string[] | undefined;
  readonly dimension?: string | undefined;
  /** Only records of this metered resource. */
  readonly resourceId?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Which entries; a member that is undefined excludes none. */
export interface EventQuery {
  readonly accountId?: string | undefined;
  /** Entries of any of these operations. */
  readonly operations?: readonly string[] | undefined;
  readonly accessKeyId?: string | undefined;
  /** Entries of any of these principals. */
  readonly principals?: readonly string[] | undefined;
  readonly productCode?: string | undefined;
  /** By the service clock, included. */
  readonly fromMs?: EpochMs | undefined;
  /** By the service clock, not included. */
  readonly toMs?: EpochMs | undefined;
  readonly order: "newest" | "oldest";
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** An entry, and its place in the chain of its lane. */
export interface ChainedEntry extends ChainHead {
  readonly entry: LedgerEntry;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Present where there may be more items. */
  readonly nextCursor?: string | undefined;
}

/** The ledger takes no more work, for now or for ever; nothing of this work was taken in. Rule Q1. */
export class QueueFullError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "QueueFullError";
  }
}

/** The store could not do its work (disk full, I/O error). Nothing of the group was acknowledged. */
export class FaultError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "FaultError";
  }
}

/** The ledger contradicts itself. Writing stops until a person has looked. */
export class DefectError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DefectError";
  }
}

/** A cursor that this server did not give out, or gave out for another query. */
export class InvalidCursorError extends Error {
  constructor() {
    super("The cursor is invalid.");
    this.name = "InvalidCursorError";
  }
}

/** The ledger's port: the one way in which anything is written, and the ways in which it is read. */
import type { EpochMs, RuleSet, UsageRecord } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { AcceptedRecord, MeteringRecord, MeteringRecordKey } from "../domain/metering/metering-record.ts";
import type { ChainHead, LaneHead } from "./chain-head.ts";
import type { Call, LedgerEntry, LedgerEvent } from "./entry.ts";
import type { DueResourcesQuery, ResourceChange, ResourceQuery } from "./resource-facts.ts";
import type { KnownLaneHead, LedgerVerification, OnRead } from "./verification.ts";
import type { SumsAnswer, SumsQuestion, TallyCell, UsageCell } from "./sums/sums.ts";

/** The catalogue that is there after a reset, given the one before. */
export type CatalogueAfter = (before: CatalogueView) => readonly CatalogueChange[];

export interface Ledger {
  /** The catalogue as of the last commit. */
  readonly catalogue: CatalogueView;
  /** Why nothing is written any more, where a defect was found. */
  readonly defect: DefectError | undefined;
  /**
   * Why nothing can be written for now, where the store cannot be reached, or work has waited for seconds and nothing could
   * be committed; it goes on by itself.
   */
  readonly unavailable: string | undefined;
  /** What cannot be committed for now while other work can, in sentences: the usage of some product. */
  readonly partlyUnavailable: readonly string[];
  /**
   * Where nothing could be committed and nothing waits: tries to commit something that leaves nothing behind, so that
   * `unavailable` tells the truth without anybody's work. To be called every second; resolves whatever comes of it.
   */
  probe(): Promise<void>;
  /**
   * Reads the facts, decides, and makes durable what was decided, before it resolves. The duplicate check and what
   * follows from it are one transaction.
   *
   * Rejects with `QueueFullError` (nothing was taken in), `FaultError` (nothing was kept, or the caller must ask
   * again to know), or `DefectError`.
   */
  transact<A>(work: Work<A>): Promise<A>;
  /** Empties the ledger and puts a catalogue in place, as one transaction. */
  reset(call: Call, catalogueAfter: CatalogueAfter): Promise<void>;
  /** Metering records in the order of their keys, at most `limit` of them; fewer do not mean that there are no more. */
  meteringRecords(query: MeteringRecordQuery): Promise<Page<ListedRecord>>;
  /** The metered resource of each id, as of the last commit, in the order of the ids. */
  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]>;
  /** Metered resources in the order of their ids, at most `limit` of them; fewer do not mean that there are no more. */
  resources(query: ResourceQuery): Promise<Page<MeteredResource>>;
  /** Metered resources that something is to be done about, in the order of when that became due, at most `limit` of them. */
  dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>>;
  entry(requestId: string): Promise<LedgerEntry | undefined>;
  /** Entries in the order of time, at most `limit` of them; fewer do not mean that there are no more. */
  events(query: EventQuery): Promise<Page<LedgerEntry>>;
  /** The first principal of an entry that comes after one text and before another, in the order of their bytes. */
  principalBetween(after: string, before: string): Promise<string | undefined>;
  /**
   * Sums of everything that was committed before this was called. Rejects with `SumsBehindError` where that has not been added
   * up yet, and does not come to an end soon, and with `TooManySumsError`.
   */
  sums(question: SumsQuestion): Promise<SumsAnswer>;
  /** The time of the oldest entry, where there were older ones that have expired. */
  keptSince(): Promise<EpochMs | undefined>;
  /** How far the hash chain of each lane has come. */
  chainHeads(): Promise<readonly LaneHead[]>;
  /** Entries of a lane's chain in its order, from a number on, at most `limit` of them. */
  chainEntries(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedEntry[]>;
  /** How far the chain of each lane had come before the first entry of a time, or later; none that was not begun. */
  chainsBefore(atMs: EpochMs): Promise<readonly LaneHead[]>;
  /**
   * Follows all chains from their first entries, and holds them against what is known. Other work goes on meanwhile; now and
   * then `onRead` is told how many entries have been read.
   */
  verifyChains(known: readonly KnownLaneHead[], onRead?: OnRead): Promise<LedgerVerification>;
  /** Removes the entries of before a time, with their metering records, a few at a time; answers how many. */
  expire(newCall: () => Call, beforeMs: EpochMs): Promise<number>;
  /**
   * Whether this server is the one to do a kind of work, for some seconds from now. A store with one writer always says
   * yes; where several servers share a store, one of them at most holds a lease at a time. It spares the others idle
   * work; that the same work is not done twice follows from transactions, never from a lease.
   */
  holdLease(name: string): Promise<boolean>;
  /** Work that waits for its commit. */
  readonly queued: number;
  /** Finishes what was taken in and closes the store. */
  close(): Promise<void>;
}

export interface Work<A> {
  readonly call: Call;
  /** The metering-record keys that the decision needs to know about. */
  readonly keys: readonly MeteringRecordKey[];
  /** The ids of the metered resources that the decision needs to know, or may change. */
  readonly resources?: readonly string[] | undefined;
  /** The product that it is about, where no key says so. */
  readonly productCode?: string | undefined;
  /** Pure; may be called again. */
  decide(facts: Facts): Decision<A>;
}

export interface Facts {
  readonly nowMs: EpochMs;
  readonly ruleSet: RuleSet;
  readonly catalogue: CatalogueView;
  /** What is kept under each key of the work, in its order. */
  readonly kept: readonly (MeteringRecord | undefined)[];
  /** What is known of each metered resource of the work, in its order. */
  readonly resources: readonly (MeteredResource | undefined)[];
}

export interface Decision<A> {
  readonly event: LedgerEvent;
  readonly records?: readonly AcceptedRecord[] | undefined;
  readonly catalogue?: readonly CatalogueChange[] | undefined;
  /** Of the work's resources those that change. */
  readonly resources?: readonly ResourceChange[] | undefined;
  /** Entries that are removed, since they are older than they are to be kept. */
  readonly expired?: Expired | undefined;
  /** Where the service clock is moved to. */
  readonly moveClockTo?: EpochMs | undefined;
  readonly answer: A;
}

export interface Expired {
  /** The chain goes on from here. */
  readonly through: LaneHead;
  /** Of the metering records that go with their entries. */
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
  /** The resource whose use it is; absent where a seller metered its customers. */
  readonly resourceId?: string | undefined;
  /** Whether the control plane metered it: its quantity is seconds then, and less than zero in some adjustments. */
  readonly accrued?: boolean;
  readonly recordedAtMs: EpochMs;
}

export interface MeteringRecordQuery {
  /** Hours, both included. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Product codes and licence ARNs; undefined for all. */
  readonly offerings?: readonly string[] | undefined;
  /** Customers as identified in records; undefined for all. */
  readonly customers?: readonly string[] | undefined;
  readonly dimension?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Which entries; what is undefined does not matter. */
export interface EventQuery {
  readonly accountId?: string | undefined;
  /** Any of these. */
  readonly operations?: readonly string[] | undefined;
  readonly accessKeyId?: string | undefined;
  /** Any of these. */
  readonly principals?: readonly string[] | undefined;
  readonly productCode?: string | undefined;
  /** Service clock, included. */
  readonly fromMs?: EpochMs | undefined;
  /** Service clock, not included. */
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
  /** Present where there may be more. */
  readonly nextCursor?: string | undefined;
}

/** No more work is taken in, now or at all; nothing of this one was. Rule Q1. */
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

/** A cursor that was not given out by this server, or for another query. */
export class InvalidCursorError extends Error {
  constructor() {
    super("The cursor is invalid.");
    this.name = "InvalidCursorError";
  }
}

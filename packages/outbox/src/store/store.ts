/**
 * The port that every store implements: facts in, rows out. What belongs together is decided by the callers, who put it into one
 * transaction; a store knows no rule but that of its rows. `testing/store-contract.ts` is what it promises, as tests.
 */
import type { Binding, Slice } from "../domain/binding.ts";
import type { Attempt, AttemptEnd, EntryState } from "../domain/entry-state.ts";
import type { Meter } from "../domain/meter.ts";
import type { GivenReading, Reading, SetAsideReason } from "../domain/reading.ts";
import type { Alarm, AlarmKind, Balance, Entry, RaisedAlarm, ReadingEnd, StoreRow, WaitingGroup } from "./rows.ts";

/** `recorded`: new. `known`: the same was recorded before. Otherwise it counts for nothing, and is kept aside. */
export type RecordAnswer =
  | { readonly readingId: string; readonly answer: "recorded" | "known" }
  | {
      readonly readingId: string;
      readonly answer: "conflicting" | "set-aside";
      readonly reason: SetAsideReason;
      readonly message: string;
    };

/** A statement for any driver of the store's database. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The seller's own transaction: whatever runs a statement in it. */
export interface Queryable {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export interface OutboxStore {
  /**
   * Ready to be used: the schema is there and of this version, and the store has this name. A store that is new takes the
   * name. Throws an `OutboxError` otherwise.
   */
  open(name: string | undefined, nowMs: number): Promise<StoreRow>;
  close(): Promise<void>;

  /**
   * Keeps readings, each by `judgeReading`, in one commit that is durable when this resolves; answers in their order. A reading
   * that is set aside is kept as it came, once for each content, and raises an alarm in the same commit. Never throws for data.
   */
  record(given: readonly GivenReading[], machineMs: number): Promise<readonly RecordAnswer[]>;
  /** The same in the seller's own transaction, where the database can. */
  readonly within?: (transaction: Queryable, given: readonly GivenReading[]) => Promise<readonly RecordAnswer[]>;
  readonly statementFor?: (given: readonly GivenReading[]) => Statement;

  /** Runs work in one transaction, durable when this resolves. May run it again where the database asks for that. */
  transact<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>;

  /** Which history of the database this is, where it can be told; another one after a fail-over or a restored backup. */
  incarnation(): Promise<string | undefined>;
  /**
   * Takes slots of the pace, evenly spaced at `perSecond`, that nobody else takes; answers in how many milliseconds the first
   * one is. By the clock of the store where it has one.
   */
  takeSlots(slots: number, perSecond: number, machineMs: number): Promise<number>;

  // What follows only reads, each as one snapshot.
  storeRow(): Promise<StoreRow>;
  meters(): Promise<readonly Meter[]>;
  /** In the order in which they were added. */
  bindings(filter?: BindingFilter): Promise<readonly Binding[]>;
  /** Of what readings wait, by hour, tenant and meter. Costs what the groups cost, however many readings there are. */
  waiting(filter: WaitingFilter): Promise<readonly WaitingGroup[]>;
  /** By deadline, the nearest first; then by hour and id. */
  entries(filter: EntryFilter): Promise<readonly Entry[]>;
  /** In the order in which they began. */
  attemptsOf(entryIds: readonly string[]): Promise<readonly Attempt[]>;
  /** Readings of a tenant's hour, of any fate, by time and id. */
  readingsOf(filter: ReadingFilter): Promise<readonly KeptReading[]>;
  /** The newest first. */
  setAside(filter: SetAsideFilter): Promise<readonly SetAsideRow[]>;
  /** Those that began first come first. */
  alarms(filter: AlarmFilter): Promise<readonly Alarm[]>;
  balances(): Promise<readonly Balance[]>;
  summary(): Promise<StoreSummary>;
  /** Entries with what their readings come to now, for `verify`; by id, those after one. */
  audited(afterId: string, limit: number): Promise<readonly AuditedEntry[]>;
  /** All readings by meter, month and fate, summed exactly; those that were deleted, too. */
  totals(): Promise<readonly ReadingTotal[]>;
}

export interface BindingFilter {
  readonly tenant?: string;
  readonly productCode?: string;
  readonly identity?: string;
}

export interface AlarmFilter {
  /** Those that happened since they were told last. */
  readonly untold?: boolean;
  readonly kinds?: readonly AlarmKind[];
  readonly limit?: number;
}

export interface WaitingFilter {
  /** Hours that began before it. */
  readonly beforeMs: number;
  readonly after?: WaitingGroup | undefined;
  readonly limit: number;
}

export interface EntryFilter {
  readonly entryIds?: readonly string[];
  readonly states?: readonly EntryState[];
  readonly identity?: string;
  readonly dimension?: string;
  readonly fromHourMs?: number;
  readonly untilHourMs?: number;
  /** Those to be tried at a service time, that nobody has to himself at a machine time: see `isLeased`. */
  readonly dueAt?: { readonly serviceMs: number; readonly machineMs: number };
  /** Those whose deadline is not after it. */
  readonly deadlineUntilMs?: number;
  readonly unreleased?: boolean;
  readonly limit?: number;
}

export interface ReadingFilter {
  readonly tenant: string;
  readonly meter: string;
  readonly hourMs: number;
  readonly limit: number;
}

export interface SetAsideFilter {
  readonly tenant?: string;
  readonly limit: number;
}

export interface KeptReading extends Reading {
  readonly recordedMs: number;
  readonly entryId: string | undefined;
  readonly ended: ReadingEnd | undefined;
}

export interface SetAsideRow {
  readonly given: GivenReading;
  readonly reason: SetAsideReason;
  readonly message: string;
  readonly recordedMs: number;
}

export interface StoreSummary {
  readonly waitingReadings: number;
  readonly oldestWaitingHourMs: number | undefined;
  /** When the readings were counted: a store may keep their number instead of counting (machine time). */
  readonly asOfMs: number;
  readonly entries: readonly { readonly state: EntryState; readonly count: number; readonly units: number }[];
  readonly nearestDeadlineMs: number | undefined;
  readonly setAside: readonly { readonly reason: SetAsideReason; readonly count: number }[];
  readonly endedReadings: readonly { readonly end: ReadingEnd; readonly count: number }[];
  /** How many subjects there are alarms about. */
  readonly alarms: readonly { readonly kind: AlarmKind; readonly count: number }[];
}

export interface AuditedEntry {
  readonly entry: Entry;
  /** Undefined where its readings were deleted after their time. */
  readonly counted: { readonly readings: number; readonly sum: string } | undefined;
  readonly parts: readonly PartRow[];
}

export interface PartRow {
  readonly tags: string;
  readonly sum: string;
  readonly readings: number;
}

export interface ReadingTotal {
  readonly meter: string;
  readonly month: string;
  /** Where the readings are: waiting, in an entry of some state, or ended; `no-entry`: in one that is not there, by mistake. */
  readonly fate: "waiting" | "no-entry" | EntryState | ReadingEnd;
  readonly readings: number;
  readonly sum: string;
}

/** Everything is done under locks that hold to the end of the transaction, taken in the order of the calls. */
export interface StoreTransaction {
  /** Read without a lock: it says what changes rarely. */
  storeRow(): Promise<StoreRow>;
  /** Locks it, for those who change what they read. */
  lockStoreRow(): Promise<StoreRow>;
  /** Changes these members, whatever others change meanwhile; one that is `undefined` is taken away. */
  saveStoreRow(change: Partial<Omit<StoreRow, "name">>): Promise<void>;
  meters(): Promise<readonly Meter[]>;
  /** Names, and (product, dimension) pairs, are unique: the caller has looked. */
  addMeters(meters: readonly Meter[]): Promise<void>;
  addBindings(bindings: readonly Binding[], machineMs: number): Promise<void>;
  /** As the store's own, but within the transaction: what it changed is seen. */
  waiting(filter: WaitingFilter): Promise<readonly WaitingGroup[]>;
  entries(filter: EntryFilter): Promise<readonly Entry[]>;
  bindings(filter?: BindingFilter): Promise<readonly Binding[]>;

  /** Inserts an entry, unless its key has one that is not dissolved, or is dissolved with readings that are not free yet. */
  insertEntry(entry: Entry): Promise<boolean>;
  /** Locks entries, in the order of their ids, and answers them as they are now. */
  lockEntries(entryIds: readonly string[]): Promise<readonly Entry[]>;
  /** Locks the entry that has a key now, if there is one: see `insertEntry`. */
  lockEntryOf(key: Pick<Entry, "identity" | "dimension" | "hourMs">): Promise<Entry | undefined>;
  saveEntries(entries: readonly Entry[]): Promise<void>;

  addAttempts(attempts: readonly Attempt[]): Promise<void>;
  /** Ends attempts, whoever began them. */
  endAttempts(ends: readonly EndedAttempt[]): Promise<void>;
  attemptsOf(entryIds: readonly string[]): Promise<readonly Attempt[]>;

  /**
   * Marks up to `limit` readings that wait in the slices as this entry's, and adds what it marked, and nothing else, to the
   * entry's parts. Fewer than `limit`: there are no more.
   */
  assignReadings(
    entryId: string,
    slices: readonly Slice[],
    limit: number,
  ): Promise<{ readonly readings: number; readonly latestAtMs: number | undefined }>;
  partsOf(entryId: string): Promise<readonly PartRow[]>;
  /**
   * Ends up to `limit` readings that wait in the slices. `credited` ends those below zero so, and the others as `late`; it answers
   * what the former came to, for the caller to put into the balance.
   */
  endReadings(
    slices: readonly Slice[],
    end: ReadingEnd,
    limit: number,
  ): Promise<{ readonly readings: number; readonly sum: string; readonly credited: string }>;
  /** Frees up to `limit` readings of an entry, which wait again. The last ones free take its parts with them. */
  releaseReadings(entryId: string, limit: number): Promise<number>;

  /** Locks it; one that is not there is 0. */
  lockBalance(key: Pick<Balance, "identity" | "dimension" | "month">): Promise<Balance>;
  saveBalance(balance: Balance): Promise<void>;

  raiseAlarms(alarms: readonly RaisedAlarm[], machineMs: number): Promise<void>;
  /** Notes that alarms were told, as often as they had happened when they were read. */
  alarmsTold(told: readonly Pick<Alarm, "alarmId" | "toldCount">[]): Promise<void>;
  /** Takes alarms away whose cause is gone. */
  clearAlarms(kind: Alarm["kind"], subject: string): Promise<void>;
  /** Takes alarms away that somebody has looked at, but for those that have happened again since; answers how many. */
  acknowledgeAlarms(seen: readonly Pick<Alarm, "alarmId" | "count">[]): Promise<number>;

  /**
   * Deletes readings that ended, alone or with their entry, before a machine time, and keeps their totals; and entries, with
   * their attempts and parts, that ended before another: what their readings came to stays as a total, and what they left of a
   * balance goes to its `credited`. What was set aside before the former goes, and so do alarms that were told and did not happen
   * since; those that nobody was told of go with the entries. Up to `limit` of each; answers how many.
   */
  forgetOld(readingsBeforeMs: number, entriesBeforeMs: number, limit: number): Promise<number>;
  /**
   * Takes those readings that are due of the newest `limit` that were set aside for a reason, and whose id no reading has, and
   * records them as if they came now. Times that say a later day than `untilDay` (ISO 8601) are not looked at. Answers how many it
   * took, and how many are set aside for that reason still.
   */
  recordAside(
    aside: {
      readonly reason: SetAsideReason;
      readonly untilDay: string;
      readonly machineMs: number;
      readonly limit: number;
    },
    isDue: (given: GivenReading, recordedMs: number) => boolean,
  ): Promise<{ readonly taken: number; readonly left: number }>;
  /** How many of a tenant's readings wait, or are in entries that have not ended. */
  unendedReadingsOf(tenant: string): Promise<number>;
  /** Puts `alias` in the place of a tenant's name, everywhere, and takes its readings' tags away. */
  renameTenant(tenant: string, alias: string): Promise<number>;
}

export interface EndedAttempt {
  readonly attemptId: string;
  readonly endedMs: number;
  readonly end: AttemptEnd;
  readonly errorName: string | undefined;
  readonly message: string | undefined;
  readonly meteringRecordId: string | undefined;
  readonly requestId: string | undefined;
}

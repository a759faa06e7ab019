/**
 * The ledger over PostgreSQL, for any number of nodes that all write. Work that has arrived is committed in groups. Each group
 * is about one product and is written on a lane of its own; several groups are under way at once.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { Pool } from "pg";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { LaneHead } from "../../ledger/chain-head.ts";
import type { ChainedRow, FoundPage } from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import type { Call } from "../../ledger/entry.ts";
import { EXPIRED_AT_ONCE, expiry } from "../../ledger/expiry.ts";
import type { Pending } from "../../ledger/group-decision.ts";
import { Intake, type IntakeOptions } from "../../ledger/intake.ts";
import { FaultError, type EventQuery, type Ledger, type MeteringRecordQuery, type Page } from "../../ledger/ledger.ts";
import type { DueResourcesQuery, ResourceQuery } from "../../ledger/resource-facts.ts";
import type { SumsAnswer, SumsQuestion } from "../../ledger/sums/sums.ts";
import type { KnownLaneHead, LedgerVerification, OnRead } from "../../ledger/verification.ts";
import { WrongClockError, clockDifference, clockTrouble } from "./clock-difference.ts";
import type { Driver } from "./driver.ts";
import { Leases, RENEWAL_MS } from "./leases.ts";
import { EXPIRY_LOCK } from "./locks.ts";
import { readChain, readChainsBefore, readHeads, readKeptSince, readOldest } from "./reading/chains.ts";
import { listEntries, readPrincipalBetween } from "./reading/event-query.ts";
import { Reader } from "./reading/reader.ts";
import { countEntries, verifyChains } from "./reading/verify-chains.ts";
import { findResources, listDueResources, listResources } from "./resources/find-resources.ts";
import { SharedState, type KeptState, type SharedClock } from "./shared-state.ts";
import { PostgresSums } from "./sums/postgres-sums.ts";
import type { Committed, GroupContext } from "./writing/group-transaction.ts";
import { UnansweredError } from "./trouble.ts";
import { Lane } from "./writing/lane.ts";
import { Machines } from "./writing/machines.ts";
import { StuckColumns } from "./writing/stuck-columns.ts";
import { WaitingWork, columnOf, type Group } from "./writing/waiting-work.ts";

export interface PostgresLedgerOptions extends IntakeOptions {
  readonly clock: SharedClock;
  /** How far the system clock and the database's may be apart; 5,000 ms by default. */
  readonly clocksApartMaxMs?: number | undefined;
  /** How many connections write. */
  readonly lanes: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Runs a function again and again, until the function that it answers is called. */
  readonly every: (ms: number, run: () => void) => () => void;
  readonly fraction: () => number;
  /** Whether entries are added up as they come, by one of the nodes; else they are when sums are asked for. */
  readonly addsUp?: boolean | undefined;
}

/** How long work waits for a lane, and then for its commit, before its caller gets a fault. */
const WAITING_MS = 5_000;
const UNDER_WAY_MS = 5_000;
/** How old the copy of the catalogue may get by which requests are authenticated. Decisions use the newest catalogue. */
const FOLLOW_MS = 500;
const SWEEP_MS = 250;
const SUMS_FOLLOWED_MS = 2_000;
/** How often the node's clock is compared with the database's, and how often after it was found wrong. */
const CLOCK_CHECKED_MS = 60_000;
const WRONG_CLOCK_CHECKED_MS = 5_000;

export class PostgresLedger extends Intake implements Ledger {
  readonly #options: PostgresLedgerOptions;
  readonly #state: SharedState;
  readonly #reader: Reader;
  readonly #leases: Leases;
  readonly #sums: PostgresSums;
  /** See GroupContext. */
  readonly #elsewhere: Pool | undefined;
  readonly #machines: Machines | undefined;
  readonly #idle: Lane[];
  readonly #waiting = new WaitingWork();
  readonly #underWay = new Set<Group>();
  readonly #stopTimers: (() => void)[];
  #newestAtMs: EpochMs;
  readonly #stuckColumns: StuckColumns;
  #clockTrouble: string | undefined;
  #clockCheckedMs: number;

  /** `kept` is the state that the database held when it was opened. */
  constructor(
    driver: Driver,
    kept: KeptState & { readonly newestAtMs: EpochMs | undefined; readonly isSpread: boolean },
    options: PostgresLedgerOptions,
  ) {
    super(options);
    this.#options = options;
    this.#state = new SharedState(kept, options.clock);
    this.#newestAtMs = kept.newestAtMs ?? Number.NEGATIVE_INFINITY;
    this.#clockCheckedMs = options.monotonicMs();
    this.#stuckColumns = new StuckColumns(options.monotonicMs);
    this.#reader = new Reader(driver, this.#state, { ...options, isSpread: kept.isSpread });
    this.#leases = new Leases(this.#reader.watching);
    this.#sums = new PostgresSums(this.#reader, options);
    this.#elsewhere = kept.isSpread ? driver.pool("reader", options.lanes) : undefined;
    this.#machines = kept.isSpread ? new Machines(this.#reader.watching, options.lanes) : undefined;
    const context = this.#context();
    this.#idle = Array.from({ length: options.lanes }, () => new Lane({ ...options, driver, context }));
    this.#stopTimers = [
      options.every(FOLLOW_MS, () => void this.watched(() => this.#reader.follow()).catch(() => undefined)),
      options.every(RENEWAL_MS, () => void this.#leases.renew().catch(() => undefined)),
      options.every(WRONG_CLOCK_CHECKED_MS, () => void this.#checkClock().catch(() => undefined)),
      options.every(SUMS_FOLLOWED_MS, () => void this.#addUp().catch((error: Error) => options.onSumsTrouble?.(error))),
      options.every(RENEWAL_MS, () => void this.#machines?.learn().catch(() => undefined)),
      options.every(SWEEP_MS, () => this.#waiting.expire(options.monotonicMs(), () => this.#tooLate())),
    ];
  }

  get catalogue(): CatalogueView {
    return this.#state.catalogue;
  }

  get unavailable(): string | undefined {
    return this.#clockTrouble ?? this.#reader.unavailable ?? this.standstill.why;
  }

  get partlyUnavailable(): readonly string[] {
    return this.#stuckColumns.remarks();
  }

  protected get canTryCommit(): boolean {
    return this.#idle.length > 0;
  }

  protected async tryCommit(): Promise<void> {
    const lane = this.#idle.pop() as Lane;
    await lane.probe().finally(() => this.#idle.push(lane));
    // The coordinator is one machine and it works again, so no product is stuck. With other machines this is not known.
    if (this.#machines === undefined) this.#stuckColumns.clear();
  }

  get queued(): number {
    return this.#waiting.length + [...this.#underWay].reduce((sum, group) => sum + group.taken, 0);
  }

  protected listRecords(query: MeteringRecordQuery): Promise<FoundPage> {
    return this.#reader.listRecords(query);
  }

  protected findEntry(requestId: string): Promise<EncodedEntry | undefined> {
    return this.#reader.entryByRequestId(requestId);
  }

  protected listEntries(query: EventQuery): Promise<Page<EncodedEntry>> {
    return this.#reader.atOneMoment((db) => listEntries(db, query));
  }

  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]> {
    return this.watched(async () => {
      const found = await this.#reader.again((db) => findResources(db, resourceIds));
      return resourceIds.map((id) => found.get(id)?.resource);
    });
  }

  resources(query: ResourceQuery): Promise<Page<MeteredResource>> {
    return this.watched(() => this.#reader.atOneMoment((db) => listResources(db, query)));
  }

  dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>> {
    return this.watched(() => this.#reader.again((db) => listDueResources(db, query)));
  }

  principalBetween(after: string, before: string): Promise<string | undefined> {
    return this.watched(() => this.#reader.atOneMoment((db) => readPrincipalBetween(db, after, before)));
  }

  sums(question: SumsQuestion): Promise<SumsAnswer> {
    return this.watched(async () => {
      const answer = await this.#sums.ask(question);
      // What reports go by besides is as new as the sums.
      await this.#reader.follow();
      return answer;
    });
  }

  keptSince(): Promise<EpochMs | undefined> {
    return this.watched(() => this.#reader.atOneMoment(readKeptSince));
  }

  chainHeads(): Promise<readonly LaneHead[]> {
    return this.watched(() => this.#reader.again(readHeads));
  }

  chainsBefore(atMs: EpochMs): Promise<readonly LaneHead[]> {
    return this.watched(() => this.#reader.again((db) => readChainsBefore(db, atMs)));
  }

  protected listChain(lane: string, fromSeq: number, limit: number): Promise<readonly ChainedRow[]> {
    return this.#reader.again((db) => readChain(db, lane, fromSeq, limit));
  }

  verifyChains(known: readonly KnownLaneHead[], onRead: OnRead = () => undefined): Promise<LedgerVerification> {
    return this.watched(() => {
      let [read, of] = [0, 0];
      // Called for each page; reports the number of entries in all pages.
      const count = (entries: readonly unknown[]): Promise<void> => {
        read += entries.length;
        onRead(read, of);
        return Promise.resolve();
      };
      return this.#reader.atOneMomentEverywhere(async (db) => {
        of = await countEntries(db);
        onRead(0, of);
        return verifyChains(db, known, count);
      });
    });
  }

  /** One node at a time removes entries; another node that is asked meanwhile removes nothing. */
  async expire(newCall: () => Call, beforeMs: EpochMs): Promise<number> {
    const removeAll = async (): Promise<number> => {
      let removed = 0;
      for (;;) {
        const old = await this.#reader.atOneMoment((db) => readOldest(db, beforeMs, EXPIRED_AT_ONCE));
        if (old === undefined) return removed;
        await this.transact(expiry(newCall(), beforeMs, old.through, old.entries));
        removed += old.entries.length;
      }
    };
    return (await this.watched(() => this.#reader.holding(EXPIRY_LOCK, removeAll))) ?? 0;
  }

  /**
   * Takes or keeps the lease of this name until this node ends; answers whether this node has it. After a holder has died,
   * another node may have the lease within half a minute.
   */
  holdLease(name: string): Promise<boolean> {
    return this.#leases.hold(name);
  }

  protected async closeStore(): Promise<void> {
    for (const stop of this.#stopTimers) stop();
    await Promise.all(this.#idle.map((lane) => lane.close()));
    await this.#sums.stop();
    await this.#leases.release();
    await this.#elsewhere?.end();
    await this.#reader.close();
  }

  async #addUp(): Promise<void> {
    if (this.#options.addsUp === true && !this.#sums.isAddingUp && (await this.#leases.hold("sums"))) {
      await this.#sums.addUp();
    }
  }

  #context(): GroupContext {
    const { clock, clocksApartMaxMs, ruleSet } = this.#options;
    return {
      state: this.#state,
      clock,
      clocksApartMaxMs,
      ruleSet,
      spare: this.spare,
      isSpread: this.#elsewhere !== undefined,
      elsewhere: this.#elsewhere,
      newestAtMs: () => this.#newestAtMs,
      acceptNewestAhead: this.#options.acceptNewestAhead === true,
      aroundCommit: (commit) => {
        // A group that was begun before a defect was found must not be written after it.
        if (this.stopped !== undefined) throw this.stopped;
        return this.aroundCommit(commit);
      },
    };
  }

  protected add(pending: Pending): void {
    const refusal = this.#stuckColumns.refusal(columnOf(pending));
    if (refusal !== undefined) {
      pending.reject(refusal);
      return;
    }
    this.#waiting.add(pending, this.#options.monotonicMs() + WAITING_MS);
  }

  /** A node whose clock is wrong writes nothing until the clock is right again. A lab's movable clock is not checked. */
  async #checkClock(): Promise<void> {
    const { clock, clocksApartMaxMs, monotonicMs } = this.#options;
    const isDue = this.#clockTrouble !== undefined || monotonicMs() - this.#clockCheckedMs >= CLOCK_CHECKED_MS;
    if (clock.mode !== "system" || !isDue) return;
    this.#clockTrouble = clockTrouble(
      await clockDifference(this.#reader.watching, () => clock.nowMs()),
      clocksApartMaxMs,
    );
    this.#clockCheckedMs = monotonicMs();
    const wrong = this.#wrongClock();
    if (wrong !== undefined) this.#waiting.fail(wrong);
  }

  #wrongClock(): FaultError | undefined {
    return this.#clockTrouble === undefined ? undefined : new WrongClockError(this.#clockTrouble);
  }

  protected override get stopped(): Error | undefined {
    return super.stopped ?? this.#wrongClock();
  }

  protected failWaiting(error: Error): void {
    this.#waiting.fail(error);
  }

  /** Gives groups to lanes while there are both; lanes that have a connection come first. */
  protected step(): void {
    this.isAwake = false;
    const machines = this.#machines;
    const mayBegin = machines && ((column: string) => machines.mayBegin(column, this.#underWay));
    while (this.#idle.length > 0) {
      const group = this.#waiting.take(this.#underWay, this.#options.groupMax, mayBegin);
      if (group === undefined) break;
      const connected = this.#idle.findIndex((lane) => lane.connected);
      const [lane] = this.#idle.splice(Math.max(connected, 0), 1) as [Lane];
      this.#underWay.add(group);
      void this.#run(lane, group);
    }
    this.noteDrained();
  }

  /** Commits a group: each of its callers is answered, or waits for the next group. */
  async #run(lane: Lane, group: Group): Promise<void> {
    let tell: () => void;
    try {
      const deadlineMs = this.#options.monotonicMs() + UNDER_WAY_MS;
      const committed = await this.watched(() => lane.commit(group, deadlineMs));
      tell = () => {
        for (const { pending, outcome, spared } of committed.decision.decided) {
          this.spare.onAnswered(pending.work.call, outcome.event, spared);
        }
        group.settle(committed.decision);
      };
      this.#apply(committed);
      this.#noteCommit(group, committed);
    } catch (error) {
      if (error instanceof WrongClockError) {
        this.#clockTrouble = error.trouble;
        this.#waiting.fail(error);
      } else if (error instanceof FaultError) {
        this.standstill.onFailed(error);
        this.#stuckColumns.onFailed(group.column, error);
        if (error instanceof UnansweredError) this.#waiting.failColumn(group.column, error);
      }
      tell = () => group.fail(error as Error);
    }
    this.#waiting.putBack(group);
    this.#underWay.delete(group);
    this.#idle.push(lane);
    tell();
    if (this.defect !== undefined) this.#waiting.fail(this.defect);
    if (this.queued === 0) this.standstill.onIdle();
    this.wake();
  }

  /** A group that leaves nothing made no commit, so it does not show that a commit is possible. */
  #noteCommit({ column }: Group, { decision }: Committed): void {
    if (decision.staged.entries.length === 0) return;
    this.standstill.onCommitted(this.queued);
    this.#stuckColumns.onCommitted(column);
  }

  #tooLate(): Error {
    const error = new FaultError("No connection to the database was free in time.", undefined);
    this.standstill.onFailed(error);
    return error;
  }

  /** The group is durable: its changes take effect in this node. */
  #apply({ decision, entriesAtMs, decidedOn, state }: Committed): void {
    const { staged, decided, records } = decision;
    this.#newestAtMs = Math.max(this.#newestAtMs, entriesAtMs);
    if (state !== undefined) this.#state.advance(decidedOn, state, staged);
    this.#options.onCommitted?.({ works: decided.length, records });
  }
}

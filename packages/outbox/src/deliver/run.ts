/** One delivery run: asks the time, closes what is due, and sends until nothing is due any more. */
import type { MeteringError } from "@countinghouse/client";
import { BATCH_RECORDS_MAX } from "@countinghouse/protocol";
import { freezeDue } from "../lifecycle/freeze-due.ts";
import { releaseAhead } from "../lifecycle/release-ahead.ts";
import { noteIncarnation } from "../lifecycle/history.ts";
import { raiseOnce } from "../lifecycle/raise-once.ts";
import { settle } from "../lifecycle/settle.ts";
import type { Binding } from "../domain/binding.ts";
import { isLeased } from "../domain/lease.ts";
import { monthOf } from "../domain/time.ts";
import type { Entry, RaisedAlarm, StoreRow } from "../store/rows.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { StoreTransaction } from "../store/store.ts";
import { call, type Calling } from "./calls.ts";
import { batchesOf, entryLineOf, type EntryLine } from "./lines.ts";
import type { Pace } from "./pace.ts";

export interface DeliveryReport {
  /** Entries that came to a state in this run, by state. */
  readonly settled: Readonly<Record<string, number>>;
  readonly calls: number;
  /** An error that every call would have met: nothing was sent after it. Look at its `name`. */
  readonly stoppedBy: MeteringError | undefined;
  /** Nothing was closed, and why: a restored backup, say. */
  readonly heldBack: string | undefined;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly flush?: ((binding: Binding) => boolean) | undefined;
}

const DUE_MAX = 500;
/** Calls under way at once. */
const CONCURRENCY = 4;
const CLOSING_LOOK_MS = 20;
const DAY_MS = 86_400_000;
const FORGET_STEP = 2_000;

export class DeliveryRun {
  readonly #calling: Calling;
  readonly #pace: Pace;
  readonly #options: RunOptions;
  readonly #settled: Record<string, number> = {};
  #calls = 0;
  #stoppedBy: MeteringError | undefined;

  constructor(calling: Calling, pace: Pace, options: RunOptions) {
    this.#calling = calling;
    this.#pace = pace;
    this.#options = options;
  }

  /** A run that fails is an alarm, too: it may be that nobody looks at what it throws. */
  async run(): Promise<DeliveryReport> {
    const { store, world } = this.#calling;
    try {
      const report = await this.#run();
      if (report.stoppedBy === undefined)
        await store.transact((transaction) => transaction.clearAlarms("service", "delivery"));
      return report;
    } catch (error) {
      const message = `A delivery run failed: ${error instanceof Error ? error.message : String(error)}`;
      // Where the store is what failed, nothing can be kept in it either.
      await raiseOnce(store, { kind: "service", subject: "delivery", message }, world.machineMs()).catch(
        () => undefined,
      );
      throw error;
    }
  }

  async #run(): Promise<DeliveryReport> {
    const { store, world } = this.#calling;
    await this.#note({ lastRunMs: world.machineMs() });
    world.reached("run-begun");
    await noteIncarnation(store, (row) => this.#calling.clock.bestMs(row), world.machineMs());
    const meters = await store.meters();
    const [meter] = meters;
    if (meter !== undefined && (await this.#askTime(meter.productCode))) {
      const { signal, flush } = this.#options;
      await this.#settleOverdue();
      const serviceMs = this.#calling.clock.toldMs ?? 0;
      await releaseAhead(store, serviceMs, world.machineMs());
      const gathering = { transact: store.transact.bind(store), world };
      // What is closed goes out while more is closed.
      let isClosing = true;
      const backlog = await this.#backlog(serviceMs);
      const closing = freezeDue({ reads: store, gathering, serviceMs, backlog, flush, signal }).finally(
        () => (isClosing = false),
      );
      const [closed, sent] = await Promise.allSettled([closing, this.#sendDue(() => isClosing)]);
      for (const one of [closed, sent]) if (one.status === "rejected") throw one.reason;
      await this.#settleOverdue();
    }
    await this.#forgetOld();
    const { heldBack } = await store.storeRow();
    return { settled: this.#settled, calls: this.#calls, stoppedBy: this.#stoppedBy, heldBack };
  }

  async #note(change: Partial<StoreRow>): Promise<void> {
    await this.#calling.store.transact((transaction) => transaction.saveStoreRow(change));
  }

  /** An empty BatchMeterUsage: changes nothing, and brings the service's time. */
  async #askTime(productCode: string): Promise<boolean> {
    const { store, client, clock, world } = this.#calling;
    const destination = await client.destination();
    await store.transact((transaction) => holdDestination(transaction, destination));
    await this.#turn();
    const outcome = await client.batchMeterUsageOutcome({ productCode, usageRecords: [] });
    this.#calls += 1;
    // A refusal about the product tells the time as well.
    const ofProduct = outcome.error?.name === "InvalidProductCodeException";
    if (!outcome.ok && !ofProduct) await this.#stop(outcome.error);
    if (outcome.ok || ofProduct) {
      const change = { ...destination, lastAnswerMs: world.machineMs(), serviceOffsetMs: clock.offsetMs() };
      await store.transact(async (transaction) => {
        await holdDestination(transaction, destination);
        await transaction.saveStoreRow(change);
        for (const subject of ["credentials", "service"] as const) await transaction.clearAlarms(subject, "service");
        await transaction.clearAlarms("stalled", "delivery");
      });
    }
    return this.#stoppedBy === undefined && clock.toldMs !== undefined;
  }

  /** Only counted where it matters: before and after the turn of a month. */
  async #backlog(serviceMs: number): Promise<number> {
    if (monthOf(serviceMs - DAY_MS) === monthOf(serviceMs + DAY_MS)) return 0;
    const { entries } = await this.#calling.store.summary();
    return entries.find(({ state }) => state === "frozen")?.count ?? 0;
  }

  async #turn(): Promise<void> {
    const { settings } = await this.#calling.store.storeRow();
    await this.#pace.turn(settings.requestsPerSecond, this.#options.signal);
  }

  /** Entries whose deadline has passed, and which nobody is sending. */
  async #settleOverdue(): Promise<void> {
    const { store, clock } = this.#calling;
    const times = clock.times();
    if (times.serviceMs === undefined) return;
    const overdue = await store.entries({ deadlineUntilMs: times.serviceMs });
    for (let at = 0; at < overdue.length; at += DUE_MAX) {
      const ids = overdue.slice(at, at + DUE_MAX).map(({ entryId }) => entryId);
      const settled = await store.transact(async (transaction) => {
        const entries = await transaction.lockEntries(ids);
        const idle = entries.filter(
          ({ leasedUntilMs, state }) => !isLeased(leasedUntilMs, times.machineMs) && state !== "gathering",
        );
        return settle(transaction, idle, times, "time");
      });
      this.#count(
        settled.filter(({ entryId, state }) => overdue.find((one) => one.entryId === entryId)?.state !== state),
      );
      this.#calling.world.reached("settled");
    }
  }

  /** Until nothing is due, or nothing gets through; the nearest deadline first. */
  async #sendDue(mayBeMore: () => boolean): Promise<void> {
    const { store, clock } = this.#calling;
    for (;;) {
      const { serviceMs = 0, machineMs } = clock.times();
      const more = mayBeMore();
      const due = await store.entries({ dueAt: { serviceMs, machineMs }, limit: DUE_MAX });
      const lines = await this.#linesOf(due);
      if (this.#isOver) return;
      // Batches are filled while more comes.
      if (more && lines.length < BATCH_RECORDS_MAX) {
        await this.#calling.world.delay(CLOSING_LOOK_MS, this.#options.signal);
        continue;
      }
      if (lines.length === 0) return;
      await this.#sendAll(batchesOf(lines, serviceMs));
      if (this.#isOver) return;
    }
  }

  get #isOver(): boolean {
    return this.#stoppedBy !== undefined || this.#options.signal?.aborted === true;
  }

  async #linesOf(entries: readonly Entry[]): Promise<readonly EntryLine[]> {
    const lines: EntryLine[] = [];
    for (const entry of entries) {
      const line = entryLineOf(entry);
      if ("problem" in line) await this.#setDamagedBack(entry, line.problem);
      else lines.push(line);
    }
    return lines;
  }

  async #setDamagedBack(entry: Entry, problem: string): Promise<void> {
    const { store, clock } = this.#calling;
    const { serviceMs = 0, machineMs } = clock.times();
    const message = `Entry ${entry.entryId} is not sent: ${problem}.`;
    await store.transact(async (transaction) => {
      const [locked] = await transaction.lockEntries([entry.entryId]);
      if (locked === undefined) return;
      await transaction.saveEntries([{ ...locked, nextTryMs: serviceMs + DAY_MS }]);
      await transaction.raiseAlarms([{ kind: "damaged", subject: entry.entryId, message }], machineMs);
    });
  }

  async #sendAll(batches: readonly (readonly EntryLine[])[]): Promise<void> {
    const waiting = [...batches];
    const sendNext = async (): Promise<void> => {
      for (let batch = waiting.shift(); batch !== undefined && !this.#isOver; batch = waiting.shift()) {
        await this.#turn();
        if (this.#isOver) return;
        const { settled, parts, stoppedBy } = await call(batch, this.#calling);
        this.#calls += 1;
        this.#count(settled);
        if (stoppedBy !== undefined) await this.#stop(stoppedBy);
        // Halves go first: the one at fault is found, and the others are on their way.
        waiting.unshift(...(await this.#halvesOf(parts)));
      }
    };
    // All have ended before the run does, also where one failed.
    const senders = await Promise.allSettled(Array.from({ length: CONCURRENCY }, sendNext));
    for (const sender of senders) if (sender.status === "rejected") throw sender.reason;
  }

  /** Halves are sent at once: what was refused with others is to be tried again without them. */
  async #halvesOf(parts: readonly (readonly EntryLine[])[]): Promise<readonly (readonly EntryLine[])[]> {
    if (parts.length === 0) return [];
    await this.#calling.store.transact(async (transaction) => {
      const entries = await transaction.lockEntries(parts.flat().map(({ entry }) => entry.entryId));
      await transaction.saveEntries(
        entries.filter(({ state }) => state === "frozen").map((entry) => ({ ...entry, nextTryMs: 0 })),
      );
    });
    return parts;
  }

  #count(settled: readonly Entry[]): void {
    for (const { state } of settled) this.#settled[state] = (this.#settled[state] ?? 0) + 1;
  }

  async #stop(error: MeteringError): Promise<void> {
    this.#stoppedBy ??= error;
    const { store, world } = this.#calling;
    const kind = CREDENTIAL_ERRORS.has(error.name) ? "credentials" : "service";
    const alarm: RaisedAlarm = {
      kind,
      subject: "service",
      message: `Nothing can be sent: ${error.name}: ${error.message}`,
    };
    await raiseOnce(store, alarm, world.machineMs());
  }

  /** Not by one clock alone: an id that is forgotten too early counts twice (O15). */
  async #forgetOld(): Promise<void> {
    const { store, clock } = this.#calling;
    const { serviceMs, machineMs } = clock.times();
    if (serviceMs === undefined) return;
    const { settings } = await store.storeRow();
    const [readingsMs, entriesMs] = [settings.dedupeDays, settings.keepDays].map(
      (days) => Math.min(serviceMs, machineMs) - days * DAY_MS,
    );
    for (let gone = 1; gone > 0 && this.#options.signal?.aborted !== true;) {
      gone = await store.transact((transaction) => transaction.forgetOld(readingsMs ?? 0, entriesMs ?? 0, FORGET_STEP));
    }
  }
}

const CREDENTIAL_ERRORS: ReadonlySet<string> = new Set([
  "CredentialsError",
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "IncompleteSignatureException",
  "ExpiredTokenException",
  "MissingAuthenticationTokenException",
]);

/** The first service that has answered is where this store's usage goes, for good (O7). */
async function holdDestination(
  transaction: StoreTransaction,
  { endpoint, region }: Awaited<ReturnType<Calling["client"]["destination"]>>,
): Promise<void> {
  const row = await transaction.lockStoreRow();
  if (row.region === undefined || (row.region === region && row.endpoint === endpoint)) return;
  const pinned = `${row.endpoint} in ${row.region}`;
  throw new OutboxError(
    "other-store",
    `The store ${JSON.stringify(row.name)} meters at ${pinned}; this client would send to ${endpoint} in ${region}. Usage that is sent to both is billed twice.`,
  );
}

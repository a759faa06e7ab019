/** The outbox, as programs have it. */
import { epochMsOf, type Time } from "@countinghouse/client";
import { bind, bindingOf, type BindingInput } from "./bind.ts";
import { ServiceClock } from "./deliver/service-clock.ts";
import type { MeteringClient } from "./deliver/calls.ts";
import { Pace } from "./deliver/pace.ts";
import { dryRun, type DryRun } from "./deliver/dry-run.ts";
import { DeliveryRun, type DeliveryReport, type RunOptions } from "./deliver/run.ts";
import { Worker, type WorkerOptions } from "./deliver/worker.ts";
import { identityOf } from "./domain/identity.ts";
import { givenOf, type ReadingInput } from "./given.ts";
import { noteRestored } from "./lifecycle/history.ts";
import { raiseOnce } from "./lifecycle/raise-once.ts";
import { dissolveEntry, resolveDoubt, type Resolution } from "./lifecycle/resolve.ts";
import { readMessage } from "./market/messages.ts";
import { bindingsEnded } from "./market/observe.ts";
import { explain, type Explanation } from "./report/explain.ts";
import { metricsText, stalledAlarm, statusOf, type OutboxStatus } from "./report/status.ts";
import { verify, type Verification } from "./report/verify.ts";
import { OutboxError } from "./store/outbox-error.ts";
import type { Alarm, Entry } from "./store/rows.ts";
import type { OutboxStore, Queryable, RecordAnswer, Statement } from "./store/store.ts";
import type { Logger, World } from "./world.ts";

interface OutboxParts {
  readonly store: OutboxStore;
  readonly client: MeteringClient | undefined;
  readonly logger: Logger;
  readonly world: World;
}

export interface DeliverOptions {
  /** Ends the run after the calls that are under way. */
  readonly signal?: AbortSignal | undefined;
  /** Closes the hours of these customers at once, up to now: of a licence, account or identifier whose binding has ended. */
  readonly flush?: string | undefined;
}

export class Outbox implements AsyncDisposable {
  readonly #parts: OutboxParts;
  readonly #clock: ServiceClock;
  readonly #pace: Pace;
  readonly #sender: string;
  #lookedForStallMs = Number.NEGATIVE_INFINITY;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#clock = new ServiceClock(parts.client, parts.world);
    this.#pace = new Pace(parts.store, parts.world);
    this.#sender = parts.world.uuid();
  }

  /**
   * Records readings, durably, in one commit; answers each, in their order. Bad data does not throw: it is set aside, with a
   * reason, an alarm and a line in the log. Throws an `OutboxError` where the store cannot keep anything.
   */
  async record(readings: ReadingInput | readonly ReadingInput[]): Promise<readonly RecordAnswer[]> {
    const { store, world } = this.#parts;
    const answers = await store.record(listOf(readings).map(givenOf), world.machineMs());
    this.#log(answers);
    // The readings are kept, whatever becomes of this.
    await this.#lookForStall().catch((error: unknown) =>
      this.#parts.logger.warn?.(`Nobody could see whether delivery has stopped: ${String(error)}`),
    );
    return answers;
  }

  /** The same, in the seller's own transaction: a rollback takes the readings with it (PostgreSQL). */
  within(transaction: Queryable): Pick<Outbox, "record"> {
    const within = this.#parts.store.within?.bind(this.#parts.store);
    if (within === undefined) throw noTransaction("within");
    return {
      record: async (readings) => {
        const answers = await within(transaction, listOf(readings).map(givenOf));
        this.#log(answers);
        return answers;
      },
    };
  }

  /** The same, as a statement for a driver of one's own; its rows are the answers (PostgreSQL). */
  statementFor(readings: ReadingInput | readonly ReadingInput[]): Statement {
    const { store } = this.#parts;
    if (store.statementFor === undefined) throw noTransaction("statementFor");
    return store.statementFor(listOf(readings).map(givenOf));
  }

  /**
   * Says whose usage a tenant's is, from when on, and to when. Of the same tenant, product, identity and start, the last one
   * said counts. Answers the entries that were made before and that it would have changed: they stay as they are.
   */
  async bind(bindings: BindingInput | readonly BindingInput[]): Promise<readonly Entry[]> {
    const { store, world } = this.#parts;
    const serviceMs = this.#clock.bestMs(await store.storeRow());
    const rows = (Array.isArray(bindings) ? (bindings as readonly BindingInput[]) : [bindings as BindingInput]).map(
      (one) => bindingOf(one, serviceMs),
    );
    return bind(store, rows, world.machineMs());
  }

  /**
   * Takes what the marketplace says: an EventBridge event, or a message of an SQS queue. Bindings of an agreement that ends are
   * ended; its hours are closed half an hour later, and sent within the hour that the marketplace gives. May be repeated.
   */
  async observe(message: unknown): Promise<{ readonly kind: string; readonly ended: number }> {
    const { store, world } = this.#parts;
    const read = readMessage(message);
    const serviceMs = this.#clock.bestMs(await store.storeRow());
    const ended = await store.transact(async (transaction) => {
      const rows = bindingsEnded(read, await transaction.bindings(), serviceMs);
      await transaction.addBindings(rows, world.machineMs());
      return rows.length;
    });
    return { kind: read.name, ended };
  }

  /** Delivers again and again, until it is disposed of. */
  start(options: WorkerOptions = {}): Worker {
    return new Worker((signal) => this.deliverDue({ signal }), this.#parts, options);
  }

  /** One run: closes the hours that are due, sends what is due, and ends. For cron and Lambda. */
  async deliverDue({ signal, flush }: DeliverOptions = {}): Promise<DeliveryReport> {
    const options: RunOptions = { signal, flush: flush === undefined ? undefined : flushing(flush) };
    return new DeliveryRun(this.#calling(), this.#pace, options).run();
  }

  /** What `deliverDue` would send now, body for body; marks nothing, and sends nothing but a question for the time. */
  async dryRun(): Promise<DryRun> {
    return dryRun(this.#calling());
  }

  async status(): Promise<OutboxStatus> {
    await this.#lookForStall();
    return statusOf(this.#parts.store, (await this.now()).getTime());
  }

  /** `status` in Prometheus' text format. */
  async metrics(): Promise<string> {
    return metricsText(await this.status(), (await this.now()).getTime());
  }

  /** Readings, bindings, entries and attempts of a tenant's hour. */
  explain({
    tenant,
    meter,
    hour,
  }: {
    readonly tenant: string;
    readonly meter: string;
    readonly hour: Time;
  }): Promise<Explanation> {
    return explain(this.#parts.store, tenant, meter, epochMsOf(hour));
  }

  /** Holds the store against itself. */
  verify(): Promise<Verification> {
    return verify(this.#parts.store);
  }

  /** To be said after a backup was restored, or the database failed over to a copy that may lack the newest commits. */
  async restored(): Promise<void> {
    const { store } = this.#parts;
    await noteRestored(store, this.#clock.bestMs(await store.storeRow()));
  }

  /** Decides a doubtful entry by what somebody has found out: in CloudTrail, say. */
  resolve(entryId: string, resolution: Resolution, reason: string): Promise<Entry> {
    return resolveDoubt(this.#parts.store, entryId, resolution, reason, this.#clock.times(), this.#parts.world);
  }

  /**
   * Takes an entry apart that surely was not kept: its readings follow the bindings of now. Throws an `OutboxError` where it may
   * have been kept, and once its window has closed: then it ends as what it is.
   */
  async dissolve(entryId: string, reason: string): Promise<void> {
    const { store, world } = this.#parts;
    await dissolveEntry(store, entryId, reason, this.#clock.bestMs(await store.storeRow()), world);
  }

  /**
   * Takes a tenant's name out of the store, its readings' tags and what of it was set aside. What was counted stays, and so do
   * entries with their tags, which explain a bill, until `keepDays` are over. Refused while anything of it is not ended.
   * Answers how many readings it was.
   */
  async forget(tenant: string): Promise<number> {
    const { store, world } = this.#parts;
    const alias = `forgotten-${world.uuid()}`;
    return store.transact(async (transaction) => {
      const open = await transaction.unendedReadingsOf(tenant);
      if (open > 0)
        throw new OutboxError(
          "refused",
          `${open} readings of the tenant have not ended yet: it cannot be forgotten now.`,
        );
      return transaction.renameTenant(tenant, alias);
    });
  }

  /** The service's time, as far as it is known: told by its last answer, or by one before, or this machine's. */
  async now(): Promise<Date> {
    return new Date(this.#clock.bestMs(await this.#parts.store.storeRow()));
  }

  /** Alarms that nobody was told of yet, the first thousand; `told` notes that somebody was. */
  async alarms(): Promise<readonly Alarm[]> {
    await this.#lookForStall();
    return this.#parts.store.alarms({ untold: true, limit: ALARMS_MAX });
  }

  async told(alarms: readonly Alarm[]): Promise<void> {
    await this.#parts.store.transact((transaction) =>
      transaction.alarmsTold(alarms.map(({ alarmId, count }) => ({ alarmId, toldCount: count }))),
    );
  }

  /**
   * Takes alarms away that somebody has looked at, as `status` or `alarms` gave them; answers how many. One that has happened
   * again since stays. What goes on (something is held, say) is still in `status`.
   */
  acknowledge(alarms: readonly Pick<Alarm, "alarmId" | "count">[]): Promise<number> {
    return this.#parts.store.transact((transaction) => transaction.acknowledgeAlarms(alarms));
  }

  close(): Promise<void> {
    return this.#parts.store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #calling() {
    const { store, client, world } = this.#parts;
    if (client === undefined)
      throw new OutboxError(
        "refused",
        "Delivery needs a client: openOutbox({ client: new MarketplaceMeteringClient(), … }).",
      );
    return { store, client, clock: this.#clock, world, sender: this.#sender };
  }

  #log(answers: readonly RecordAnswer[]): void {
    for (const answer of answers) {
      if ("message" in answer)
        this.#parts.logger.warn?.(
          `The reading ${JSON.stringify(answer.readingId)} is ${answer.answer}: ${answer.message}`,
        );
    }
  }

  async #lookForStall(): Promise<void> {
    const { store, world } = this.#parts;
    if (world.monotonicMs() - this.#lookedForStallMs < STALL_LOOK_MS) return;
    this.#lookedForStallMs = world.monotonicMs();
    const row = await store.storeRow();
    const oldestWaitingHour = async (): Promise<number | undefined> => {
      const [group] = await store.waiting({ beforeMs: Number.MAX_SAFE_INTEGER, limit: 1 });
      const [entry] = await store.entries({ states: ["gathering", "frozen", "held"], limit: 1 });
      return group === undefined || entry === undefined
        ? (group ?? entry)?.hourMs
        : Math.min(group.hourMs, entry.hourMs);
    };
    const alarm = await stalledAlarm(row, oldestWaitingHour, world.machineMs());
    if (alarm !== undefined) await raiseOnce(store, alarm, world.machineMs());
  }
}

const STALL_LOOK_MS = 60_000;
const ALARMS_MAX = 1_000;

function listOf(readings: ReadingInput | readonly ReadingInput[]): readonly ReadingInput[] {
  return Array.isArray(readings) ? (readings as readonly ReadingInput[]) : [readings as ReadingInput];
}

function noTransaction(method: string): OutboxError {
  return new OutboxError(
    "refused",
    `${method} needs a store in the seller's own database, such as postgresStore; this one is a file of its own.`,
  );
}

function flushing(named: string): NonNullable<RunOptions["flush"]> {
  return ({ identity }) => {
    const { licenseArn, customerAccountId, customerIdentifier } = identityOf(identity);
    return named === licenseArn || named === customerAccountId || named === customerIdentifier;
  };
}

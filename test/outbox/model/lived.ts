/** Lives a history through with an outbox, two senders and a service, and asks the oracle after every step. */
import { randomUUID } from "node:crypto";
import { openOutbox, type Entry, type Outbox, type OutboxStore, type ReadingInput } from "@countinghouse/outbox";
import { isLeased } from "../../../packages/outbox/src/domain/lease.ts";
import { Oracle } from "./oracle.ts";
import { ModelService, isOutOfBounds } from "./service.ts";
import type { Step } from "./steps.ts";
import { Timeliness } from "./timeliness.ts";

const PRODUCT = "prod1";
const MINUTE_MS = 60_000;
const HOLD_OPEN_SECONDS = 600;
export const METERS = {
  gb: { productCode: PRODUCT, dimension: "gb", per: "1000" },
  seats: { productCode: PRODUCT, dimension: "seats" },
} as const;
const ACCOUNTS = ["111122223333", "222233334444", "333344445555"] as const;
const TAGS = [undefined, { team: "blue" }, { team: "red" }, { team: "red", region: "north" }] as const;
const licenceArn = (account: number, licence: number): string =>
  `arn:aws:license-manager::294406891311:license:l-${account}${licence}`;

/** As much as ends of a process: everything that it reaches afterwards is not done. */
class Crash extends Error {}

/** Everybody else has one. */
const turn = (): Promise<void> => new Promise((resume) => setImmediate(resume));

interface Sender {
  outbox: Outbox;
  crash: { readonly point: string; nth: number } | null;
  dead: boolean;
}

export class Lived {
  readonly service: ModelService;
  readonly oracle: Oracle;
  readonly #store: OutboxStore;
  readonly #senders: Sender[] = [];
  readonly #readings: ReadingInput[] = [];
  readonly #startMs: number;
  #machineMs: number;
  #monotonicMs = 0;

  constructor(store: OutboxStore, startMs: number, identicalIs: "Success" | "DuplicateRecord") {
    this.#store = store;
    this.#startMs = startMs;
    this.#machineMs = startMs;
    this.service = new ModelService(startMs, identicalIs);
    const timeliness = new Timeliness(HOLD_OPEN_SECONDS * 1000, { gb: "gb", seats: "seats" });
    this.oracle = new Oracle(this.service, { gb: "1000", seats: "1" }, timeliness);
    this.service.onCall = (records) => this.oracle.sent(store, records);
  }

  async begin(): Promise<void> {
    this.#senders.push(await this.#newSender(), await this.#newSender());
    const tenants = ["t-0", "t-1", "t-2"] as const;
    await this.#sender(0).outbox.bind(tenants.map((tenant) => this.#firstBinding(tenant)));
  }

  /** Two tenants share an account. */
  #firstBinding(tenant: "t-0" | "t-1" | "t-2") {
    const customerAccountId = ACCOUNTS[tenant === "t-2" ? 1 : 0];
    return { tenant, productCode: PRODUCT, customerAccountId, from: this.#startMs - 3 * 24 * 60 * MINUTE_MS };
  }

  async step(step: Step): Promise<void> {
    await this.#do(step);
    await this.check();
  }

  async check(): Promise<void> {
    const problem = await this.oracle.problem(this.#store);
    if (problem !== undefined) throw new Error(problem);
    const verified = await this.#sender(0).outbox.verify();
    if (!verified.ok) throw new Error(`O3: ${verified.problems.join("; ")}`);
  }

  /** Trouble is over, time goes on: everything ends, and what was delivered is what the service has. */
  async end(): Promise<void> {
    const { service } = this;
    service.script = [];
    service.suspended.clear();
    service.unknownDimensions.clear();
    this.#pass(10);
    await this.#run(0, null);
    await this.#checkTried();
    for (let runs = 0; runs < 26; runs += 1) {
      await this.#run(0, null);
      await this.#resolveAll();
      this.#pass(145);
      if (runs % 10 === 0) await this.check();
    }
    await this.check();
    const { entries, waitingReadings } = await this.#store.summary();
    const open = entries.filter(
      ({ state, count }) => count > 0 && ["gathering", "frozen", "held", "doubtful"].includes(state),
    );
    if (waitingReadings > 0 || open.length > 0)
      throw new Error(`Not everything ended: ${waitingReadings} wait, ${JSON.stringify(open)}`);
    const delivered = entries.find(({ state }) => state === "delivered")?.units ?? 0;
    const kept = [...service.kept.values()].reduce((sum, { quantity }) => sum + quantity, 0);
    if (kept !== delivered) throw new Error(`O6: the service has ${kept} units, and ${delivered} are delivered`);
  }

  /** O12: what is in time, and nobody is at, has just been tried, and was answered. */
  async #checkTried(): Promise<void> {
    const isInTime = ({ latestAtMs, leasedUntilMs }: Entry): boolean =>
      !isOutOfBounds(Math.floor(latestAtMs / 1000) * 1000, this.service.nowMs) &&
      !isLeased(leasedUntilMs, this.#machineMs);
    const missed = (await this.#store.entries({ states: ["frozen"] })).filter(isInTime);
    if (missed.length > 0) throw new Error(`O12: in time, and not tried: ${JSON.stringify(missed)}`);
  }

  async #do(step: Step): Promise<void> {
    const { service } = this;
    switch (step.step) {
      case "record":
        return this.#record(step);
      case "bind": {
        const { tenant, account, licence, minutesAgo, minutesLong } = step;
        const from = service.nowMs - minutesAgo * MINUTE_MS;
        const licenseArn = licence === null ? undefined : licenceArn(account, licence);
        const until = minutesLong === null ? undefined : from + minutesLong * MINUTE_MS;
        await this.#sender(0).outbox.bind({
          tenant,
          productCode: PRODUCT,
          customerAccountId: ACCOUNTS[account],
          licenseArn,
          from,
          until,
        });
        return;
      }
      case "part":
        return this.#part(step);
      case "leave": {
        const message = {
          action: "unsubscribe-pending",
          "customer-aws-account-id": ACCOUNTS[step.account],
          "product-code": PRODUCT,
        };
        await this.#sender(0).outbox.observe({ body: JSON.stringify(message) });
        return;
      }
      case "suspend":
        service.suspended.add(ACCOUNTS[step.account] ?? "");
        return;
      case "resume":
        service.suspended.delete(ACCOUNTS[step.account] ?? "");
        return;
      case "rename":
        if (!service.unknownDimensions.delete("seats")) service.unknownDimensions.add("seats");
        return;
      case "pass":
        return this.#pass(step.minutes);
      case "skew":
        this.#machineMs += step.minutes * MINUTE_MS;
        return;
      case "run":
        this.#pass(step.after);
        service.script = [...step.script];
        return this.#run(step.sender, step.crash);
      case "stopped":
        return this.#stopped(step);
      case "restart":
        return this.#restart(step.sender);
      case "resolve":
        return this.#resolveAll();
      case "dissolve":
        return this.#dissolve();
    }
  }

  async #record({
    tenant,
    meter,
    quantity,
    minutesAgo,
    tags,
    again,
  }: Extract<Step, { step: "record" }>): Promise<void> {
    const before = this.#readings.at(-1);
    const fresh = {
      readingId: randomUUID(),
      tenant,
      meter,
      quantity,
      at: new Date(this.service.nowMs - minutesAgo * MINUTE_MS),
      tags: TAGS[tags],
    };
    const reading =
      again === "no" || before === undefined
        ? fresh
        : again === "same"
          ? before
          : { ...before, quantity: `${before.quantity}1` };
    this.#readings.push(again === "other" && before !== undefined ? before : reading);
    const answers = await this.#sender(0).outbox.record(reading);
    const key = JSON.stringify([reading.tenant, reading.readingId]);
    if (answers[0]?.answer !== "recorded") return;
    if (this.oracle.recorded.has(key)) throw new Error("O1: a reading was recorded twice");
    this.oracle.recorded.set(key, reading);
    this.oracle.timeliness.recorded(key, reading);
  }

  /** A tenant leaves an account in which another one goes on, whose usage of the same hour comes a little later. */
  async #part({ leaves, quantity }: Extract<Step, { step: "part" }>): Promise<void> {
    const stays = leaves === "t-0" ? "t-1" : "t-0";
    const use = (tenant: string, minutesAgo: number): Promise<void> =>
      this.#record({ step: "record", tenant, meter: "seats", quantity, minutesAgo, tags: 0, again: "no" });
    const { outbox } = this.#sender(0);
    await use(leaves, 3);
    const until = this.service.nowMs - 2 * MINUTE_MS;
    await outbox.bind([this.#firstBinding(stays), { ...this.#firstBinding(leaves), until }]);
    await this.check();
    this.#pass(31);
    await this.#run(0, null);
    await use(stays, 33);
  }

  /** Another sender has the entries of a call that is held; then the first one goes on. */
  async #stopped({ script, held }: Extract<Step, { step: "stopped" }>): Promise<void> {
    const { service } = this;
    this.#pass(75);
    service.script = [...script, held];
    const stopping = { hasEnded: false };
    const stopped = Promise.allSettled([this.#run(0, null)]).finally(() => (stopping.hasEnded = true));
    while (!service.isHolding && !stopping.hasEnded) await turn();
    this.#pass(3);
    service.script = [];
    if (service.isHolding) await this.#run(1, null);
    this.#pass(1);
    while (!stopping.hasEnded) {
      service.release();
      await turn();
    }
    const [run] = await stopped;
    if (run.status === "rejected") throw run.reason;
  }

  #pass(minutes: number): void {
    this.service.nowMs += minutes * MINUTE_MS;
    this.#machineMs += minutes * MINUTE_MS;
    this.#monotonicMs += minutes * MINUTE_MS;
  }

  async #run(at: number, crash: { readonly point: string; readonly nth: number } | null): Promise<void> {
    const sender = this.#sender(at);
    sender.crash = crash === null ? null : { ...crash };
    try {
      await sender.outbox.deliverDue();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await this.#restart(at);
    }
    sender.crash = null;
  }

  async #restart(at: number): Promise<void> {
    this.#senders[at] = await this.#newSender();
  }

  /** By what the service has: the truth, which a person finds in the trail. */
  async #resolveAll(): Promise<void> {
    for (const entry of await this.#store.entries({ states: ["doubtful"] })) {
      const attempts = await this.#store.attemptsOf([entry.entryId]);
      // Somebody may still be sending it.
      if (attempts.some(({ end }) => end === undefined) && this.service.isHolding) continue;
      if (isLeased(entry.leasedUntilMs, this.#machineMs)) continue;
      const isKept = this.oracle.keeps(entry);
      if (!isKept && entry.nextTryMs !== undefined) continue;
      await this.#sender(0).outbox.resolve(entry.entryId, isKept ? "delivered" : "not-kept", "seen in the trail");
    }
  }

  async #dissolve(): Promise<void> {
    const [entry] = await this.#store.entries({ states: ["held", "refused"] });
    if (entry === undefined) return;
    await this.#sender(0)
      .outbox.dissolve(entry.entryId, "renamed")
      .catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "OutboxError") throw error;
      });
  }

  #sender(at: number): Sender {
    const sender = this.#senders[at];
    if (sender === undefined) throw new RangeError("There are two senders.");
    return sender;
  }

  async #newSender(): Promise<Sender> {
    const sender: Pick<Sender, "crash" | "dead"> = { crash: null, dead: false };
    const reached = (point: string): void => {
      if (sender.crash?.point === point && sender.crash.nth-- === 0) sender.dead = true;
      if (sender.dead) throw new Crash();
    };
    const outbox = await openOutbox({
      name: "model",
      store: this.#store,
      client: this.service.client(() => this.#monotonicMs),
      meters: METERS,
      holdOpenSeconds: HOLD_OPEN_SECONDS,
      requestsPerSecond: 50_000,
      world: {
        machineMs: () => this.#machineMs,
        monotonicMs: () => this.#monotonicMs,
        delay: async () => undefined,
        reached,
      },
    });
    return Object.assign(sender, { outbox });
  }
}

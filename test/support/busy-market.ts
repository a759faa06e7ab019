/**
 * A market in which everything happens at once, through the doors that sellers, resources and the operator have: usage of now and of
 * late, again and otherwise, of hostile names and large quantities; running time; prices and units that change; months that turn;
 * a server that is killed and loses its sums.
 */
import { rmSync } from "node:fs";
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  MeterUsageCommand,
  RegisterUsageCommand,
  type UsageRecord,
} from "@aws-sdk/client-marketplace-metering";
import { expect } from "vitest";
import type { Step } from "./naive-sums.ts";
import { add, moveClock } from "./operator-api.ts";
import { randomFrom, type Random } from "./random.ts";
import { sessionOf, type Session } from "./resource-session.ts";
import { DEMO, startServer, type RunningServer } from "./server.ts";

const HOUR_MS = 3_600_000;
export const START_MS = Date.parse("2026-03-31T16:20:00Z");
const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Publishes `TWISTED`. */
export const OTHER_SELLER = "999988887777";
export const BUYERS = ["444455556666", "777788889999"] as const;
export const RUNNER = "555566667777";
/** One seller's, and another's: there, the buyers have each other's identifiers. */
export const LOGS = DEMO.productCode;
export const TWISTED = "8abcdefghijklmnopqrstuvwx";
export const TASKS = "9abcdefghijklmnopqrstuvwx";
export const HOURLY = "7abcdefghijklmnopqrstuvwx";
export const HOSTILE = [
  "__proto__",
  "constructor",
  `it's "x", =1+1`,
  "\u00e9",
  "e\u0301",
  "x".repeat(255),
  "a b\u00a0c",
  "\u{1f4b0}",
];
/** Of an agreement for `LOGS`. */
const LICENSED = {
  CustomerAWSAccountId: BUYERS[0],
  LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001",
};
const OF_TASKS = { product: TASKS, customer: RUNNER, dimension: "calls" } as const;
const QUANTITIES = [0, 1, 3, 7, 2_147_483_647];

type Lists<T> = Map<string, Step<T>[]>;

export const keyOf = (product: string, dimension: string): string => JSON.stringify([product, dimension]);

/** A usage record, as far as the answers need it. */
interface Sent {
  readonly Timestamp?: Date | undefined;
  readonly Dimension?: string | undefined;
  readonly CustomerIdentifier?: string | undefined;
  readonly CustomerAWSAccountId?: string | undefined;
  readonly Quantity?: number | undefined;
}

interface ProductShown {
  readonly productCode: string;
  readonly dimensions: readonly {
    readonly name: string;
    readonly unit?: string;
    readonly price?: string;
    readonly prices?: readonly object[];
  }[];
}

/** What the wire answered of a usage record, in the order of the calls. */
interface Answered {
  /** Of the call. */
  readonly month: string;
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly hourMs: number;
  readonly what: "accepted" | "replay" | "duplicate" | "refused";
  readonly units: bigint;
}

/** Has sellers, resources and the operator do what they like, and knows of prices, units and answers what a bystander would. */
export class BusyMarket {
  readonly #args: readonly string[];
  readonly random: Random;
  readonly #sumsFile: string | undefined;
  readonly sessions: { readonly session: Session; isStopped: boolean }[] = [];
  readonly answered: Answered[] = [];
  /** The months of calls that were refused as a whole. */
  readonly refusedCalls: string[] = [];
  /** By product and dimension (`keyOf`). */
  readonly prices: Lists<string | undefined> = new Map();
  readonly units: Lists<string> = new Map();
  #server: RunningServer;
  #nowMs = START_MS;
  #sellers: Readonly<Record<string, { accessKeyId: string; secretAccessKey: string }>> = {};

  private constructor(server: RunningServer, args: readonly string[], seed: number, sumsFile: string | undefined) {
    this.#server = server;
    this.#args = args;
    this.random = randomFrom(seed);
    this.#sumsFile = sumsFile;
  }

  static async begin(store: readonly string[], seed: number, sumsFile?: string): Promise<BusyMarket> {
    const args = [...store, "--lab"];
    const server = await startServer([...args, "--clock", `manual:${iso(START_MS)}`]);
    const market = new BusyMarket(server, args, seed, sumsFile);
    await market.#open();
    return market;
  }

  get server(): RunningServer {
    return this.#server;
  }

  async #open(): Promise<void> {
    const server = this.#server;
    await add(server, "/accounts", { id: OTHER_SELLER, users: [{ name: "metering" }] });
    const { body: key } = await server.operator("POST", `/accounts/${OTHER_SELLER}/access-keys`, {});
    this.#sellers = { [LOGS]: DEMO, [TWISTED]: key as typeof DEMO };
    await add(server, "/accounts", { id: RUNNER, roles: [{ name: "app" }] });
    const hostile = HOSTILE.map((name, i) => ({
      name,
      unit: "Unit",
      price: i === 0 ? undefined : `0.${"0".repeat(i)}33`,
    }));
    const dimensions = [...hostile, { name: "calls", unit: "Call", price: "123456789.000000000001" }];
    const product = { seller: OTHER_SELLER, type: "saas", pricing: "usage" };
    await add(server, "/products", { ...product, productCode: TWISTED, title: "Twisted", dimensions });
    const container = { seller: DEMO.seller, type: "container" };
    const calls = [{ name: "calls", unit: "Call", price: "0.003" }];
    await add(server, "/products", {
      ...container,
      productCode: TASKS,
      title: "T",
      pricing: "usage",
      dimensions: calls,
    });
    const hours = [{ name: "running", price: "0.0000071", kind: "hours" }];
    await add(server, "/products", {
      ...container,
      productCode: HOURLY,
      title: "H",
      pricing: "hourly",
      dimensions: hours,
    });
    const agreed = { startsAt: "2020-01-01T00:00:00Z" };
    for (const [i, customerAccountId] of BUYERS.entries()) {
      const customerIdentifier = `demoCustomer${2 - i}`;
      const agreement = { agreementId: `twisted-${i}`, productCode: TWISTED, customerAccountId, customerIdentifier };
      await add(server, "/agreements", { ...agreed, ...agreement });
    }
    for (const productCode of [TASKS, HOURLY]) {
      const agreement = { agreementId: `runs-${productCode}`, productCode, customerAccountId: RUNNER };
      await add(server, "/agreements", { ...agreed, ...agreement });
    }
    const { body } = await server.operator("GET", "/products?limit=100");
    for (const { productCode, dimensions: all } of (body as { items: ProductShown[] }).items) {
      for (const { name, price, unit } of all) {
        this.prices.set(keyOf(productCode, name), [{ fromMs: 0, value: price }]);
        this.units.set(keyOf(productCode, name), [{ fromMs: 0, value: unit ?? "Units" }]);
      }
    }
  }

  async step(): Promise<void> {
    const { random } = this;
    const chance = random.whole(1, 100);
    if (chance <= 45) await this.batch();
    else if (chance <= 60) await this.#meterItself();
    else if (chance <= 75) await this.#move(this.random.pick([1, 61, 600, 3_000.5, 7_200, 20_000]));
    else if (chance <= 82) await this.#setPrice();
    else if (chance <= 86) await this.#renameUnit();
    else if (chance <= 92) await this.#run();
    else if (chance <= 95) await this.#end();
    else if (chance <= 97) await this.#agree();
    else await this.#restart();
  }

  async #move(advanceSeconds: number): Promise<void> {
    await moveClock(this.#server, { advanceSeconds });
    this.#nowMs += advanceSeconds * 1_000;
  }

  async batch(): Promise<void> {
    const { random } = this;
    const product = random.pick([LOGS, TWISTED]);
    const names = product === LOGS ? ["gb_ingested", "queries", "seats"] : [...HOSTILE, "calls"];
    const isLicensed = product === LOGS && random.whole(1, 4) === 1;
    const record = (atMs: number): UsageRecord => ({
      Timestamp: new Date(atMs),
      ...(isLicensed ? LICENSED : { CustomerIdentifier: random.pick(["demoCustomer1", "demoCustomer2"]) }),
      Dimension: random.pick(names),
      Quantity: random.pick(QUANTITIES),
    });
    const UsageRecords = Array.from({ length: random.whole(1, 6) }, () =>
      record(this.#nowMs - random.whole(-10, 355) * 60_000),
    );
    // Now and then one for which it is too late: the whole call is refused.
    if (random.whole(1, 8) === 1) UsageRecords.push(record(this.#nowMs - 9 * HOUR_MS));
    const client = this.#client(this.#sellers[product] as typeof DEMO);
    const note = (of: Sent, what: Answered["what"]): void => {
      const { Dimension = "", CustomerIdentifier, CustomerAWSAccountId, Quantity = 0, Timestamp } = of;
      const customer = CustomerAWSAccountId ?? this.accountOf(product, CustomerIdentifier ?? "");
      this.#note({ product, customer, dimension: Dimension, what, units: BigInt(Quantity) }, Timestamp);
    };
    const seen = new Set(this.#known);
    try {
      const { Results = [] } = await client.send(
        new BatchMeterUsageCommand({ ProductCode: isLicensed ? undefined : product, UsageRecords }),
      );
      for (const { Status, MeteringRecordId = "", UsageRecord } of Results) {
        if (Status === "DuplicateRecord") note(UsageRecord as object, "duplicate");
        else note(UsageRecord as object, seen.has(MeteringRecordId) ? "replay" : "accepted");
        seen.add(MeteringRecordId);
      }
      this.#known = seen;
    } catch (error) {
      expect((error as Error).name).toBe("TimestampOutOfBoundsException");
      this.refusedCalls.push(iso(this.#nowMs).slice(0, 7));
      for (const one of UsageRecords) note(one, "refused");
    } finally {
      client.destroy();
    }
  }

  /** Ids of metering records that the wire has answered. */
  #known = new Set<string>();

  #note(of: Pick<Answered, "product" | "customer" | "dimension" | "what" | "units">, sentAt?: Date): void {
    const hourMs = Math.floor((sentAt?.getTime() ?? 0) / HOUR_MS) * HOUR_MS;
    this.answered.push({ ...of, month: iso(this.#nowMs).slice(0, 7), hourMs });
  }

  accountOf(product: string, identifier: string): string {
    const own = BUYERS[identifier === "demoCustomer1" ? 0 : 1];
    const other = BUYERS[identifier === "demoCustomer1" ? 1 : 0];
    return product === TWISTED ? other : own;
  }

  #client(
    credentials: { accessKeyId: string; secretAccessKey: string },
    region = "us-east-1",
  ): MarketplaceMeteringClient {
    return new MarketplaceMeteringClient({ endpoint: this.#server.endpoint, region, credentials, maxAttempts: 1 });
  }

  async #session(): Promise<Session | undefined> {
    const running = this.sessions.filter(({ isStopped }) => !isStopped);
    return running.length === 0 ? undefined : this.random.pick(running).session;
  }

  async #meterItself(): Promise<void> {
    const session = await this.#session();
    if (session === undefined) return this.#run();
    const { random } = this;
    const UsageQuantity = random.pick(QUANTITIES);
    const client = this.#client(session.credentials);
    const first = Math.floor(UsageQuantity / 3);
    const parts = [first, UsageQuantity - first].map((AllocatedUsageQuantity, i) => ({
      AllocatedUsageQuantity,
      Tags: [{ Key: "part", Value: `${i}` }],
    }));
    const Timestamp = new Date(this.#nowMs - random.whole(0, 300) * 60_000);
    const DryRun = random.pick([undefined, undefined, false, true]);
    const command = new MeterUsageCommand({
      ProductCode: TASKS,
      UsageDimension: "calls",
      UsageQuantity,
      Timestamp,
      DryRun,
      UsageAllocations: random.pick([undefined, parts]),
    });
    const answer = await client.send(command).then(
      () => undefined,
      (error: unknown) => (error as Error).name,
    );
    client.destroy();
    if (answer !== undefined) expect(answer).toBe("DuplicateRequestException");
    // A dry run is no usage.
    if (answer === undefined || DryRun === true) return;
    this.#note({ ...OF_TASKS, what: "duplicate", units: BigInt(UsageQuantity) }, Timestamp);
  }

  async #run(): Promise<void> {
    const id = (this.sessions.length + 1).toString(16).padStart(32, "0");
    const externalId = `arn:aws:ecs:us-east-1:${RUNNER}:task/cluster/${id}`;
    const session = await sessionOf(this.#server, { platform: "ecs", externalId, accountId: RUNNER, roleName: "app" });
    this.sessions.push({ session, isStopped: false });
    const client = this.#client(session.credentials);
    await client.send(new RegisterUsageCommand({ ProductCode: HOURLY, PublicKeyVersion: 1 }));
    client.destroy();
  }

  async #end(): Promise<void> {
    const found = this.sessions.find(({ isStopped }) => !isStopped);
    if (found === undefined) return;
    found.isStopped = true;
    const { body } = await this.#server.operator("GET", `/resources/${found.session.resourceId}`);
    const startedMs = Date.parse((body as { startedAt: string }).startedAt);
    const stoppedAt = iso(Math.round(startedMs + (this.#nowMs - startedMs) * this.random.fraction()));
    const { status } = await this.#server.operator("POST", `/resources/${found.session.resourceId}/stop`, {
      stoppedAt,
    });
    expect(status).toBe(200);
    await this.#move(0);
  }

  /** Another agreement beside the one that there is, of the same names, for some hours. */
  async #agree(): Promise<void> {
    const startsMs = (Math.floor(this.#nowMs / HOUR_MS) + 1) * HOUR_MS;
    const agreementId = `beside-${startsMs}`;
    const { status } = await this.#server.operator("GET", `/agreements/${agreementId}`);
    if (status === 200) return;
    const names = { productCode: LOGS, customerAccountId: BUYERS[0], customerIdentifier: "demoCustomer1" };
    const endsMs = startsMs + this.random.whole(1, 9) * 1_800_000;
    await add(this.#server, "/agreements", { agreementId, ...names, startsAt: iso(startsMs), endsAt: iso(endsMs) });
  }

  async #setPrice(): Promise<void> {
    const key = this.random.pick([...this.prices.keys()].filter((name) => !name.includes("2abc")));
    const [product, dimension] = JSON.parse(key) as [string, string];
    const price = this.random.pick(["0", "0.1", "999999999999.999999999999", "0.000000000001", "3"]);
    const path = `/products/${product}/dimensions/${encodeURIComponent(dimension)}/prices`;
    const { status, body } = await this.#server.operator("POST", path, { price });
    expect(status, JSON.stringify(body)).toBe(200);
    this.#fromNextHour(this.prices, key, price);
  }

  async #renameUnit(): Promise<void> {
    const product = this.random.pick([LOGS, TASKS]);
    const { body } = await this.#server.operator("GET", `/products/${product}`);
    const { dimensions } = body as ProductShown;
    const at = this.random.whole(0, dimensions.length - 1);
    const unit = `Unit ${this.random.whole(1, 3)}`;
    const changed = dimensions.map((dimension, i) => (i === at ? { ...dimension, unit } : dimension));
    const said = changed.map(({ prices, price, ...same }) =>
      prices === undefined ? { ...same, price } : { ...same, prices },
    );
    const answer = await this.#server.operator("PATCH", `/products/${product}`, { dimensions: said });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    this.#fromNextHour(this.units, keyOf(product, dimensions[at]?.name ?? ""), unit);
  }

  #fromNextHour<T>(lists: Lists<T>, key: string, value: T): void {
    const fromMs = (Math.floor(this.#nowMs / HOUR_MS) + 1) * HOUR_MS;
    const steps = lists.get(key) ?? [];
    lists.set(key, [...steps.filter((step) => step.fromMs < fromMs), { fromMs, value }]);
  }

  async #restart(): Promise<void> {
    await this.#server.kill();
    if (this.#sumsFile !== undefined && this.random.whole(1, 2) === 1) {
      for (const end of ["", "-wal", "-shm"]) rmSync(this.#sumsFile + end, { force: true });
    }
    this.#server = await startServer([...this.#args, "--clock", "manual"]);
  }
}

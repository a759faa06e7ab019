/**
 * Some days of a seller's life, against the running server: tenants of three products in three forms of identity, late readings,
 * corrections, readings that come again, customers who leave, licences that are replaced, and faults all the time. In the end
 * every unit is accounted for, and the ledger is held against the outbox.
 */
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { openOutbox, type Entry, type Outbox, type OutboxStore, type ReadingInput } from "@countinghouse/outbox";
import { PER, PRODUCTS, operate, resolveDoubts, resultOf, type MonthResult } from "./outbox-books.ts";
import { DEMO, startServer, temporaryFolder, type RunningServer } from "./server.ts";
import { randomFrom, type Random } from "./random.ts";

interface MonthOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly days: number;
  readonly tenants: number;
  /** Of each tenant and hour. */
  readonly readingsPerHour: number;
  readonly makeStore: (folder: string) => OutboxStore;
  readonly log: (line: string) => void;
}

const HOUR_MS = 3_600_000;
const STEP_MS = 20 * 60_000;
const SELLER = "111122223333";

interface Tenant {
  readonly name: string;
  readonly at: number;
  readonly productCode: string;
  readonly account: string;
  readonly agreementId: string;
  leftMs?: number;
}

const licenceArn = (number: number): string =>
  `arn:aws:license-manager::294406891311:license:l-${String(number).padStart(32, "0")}`;

export async function liveMonth(options: MonthOptions): Promise<MonthResult> {
  const { seed, startMs, days, log } = options;
  const random = randomFrom(seed);
  const folder = temporaryFolder();
  const tenants = Array.from({ length: options.tenants }, (_, at) => tenantOf(at));
  const catalogue = join(folder.path, "catalogue.yaml");
  writeFileSync(catalogue, catalogueOf(tenants));
  const server = await startServer([
    "--store",
    "memory:",
    "--rules",
    "current",
    "--catalog",
    catalogue,
    "--clock",
    `manual:${new Date(startMs).toISOString()}`,
  ]);
  const client = new MarketplaceMeteringClient({
    region: "us-east-1",
    endpoint: server.endpoint,
    credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
  });
  const store = options.makeStore(folder.path);
  const life = new Life(options, random, server, tenants);
  try {
    const outbox = await openOutbox({
      name: "month",
      store,
      client,
      meters: Object.fromEntries(
        PRODUCTS.map((productCode) => [productCode, { productCode, dimension: "units", per: String(PER) }]),
      ),
      holdOpenSeconds: 3_600,
      requestsPerSecond: 50_000,
      startAt: startMs,
      world: { machineMs: () => life.nowMs, delay: () => new Promise((resume) => setImmediate(resume)) },
    });
    try {
      await life.begin(outbox);
      for (const kind of ["throttle", "internal-error", "unprocessed", "drop-answer"]) {
        await operate(server, "POST", "/faults", { operation: "BatchMeterUsage", kind, probability: 0.05 });
      }
      const endMs = startMs + days * 24 * HOUR_MS;
      for (let day = 0; life.nowMs < endMs;) {
        await life.step(outbox);
        const today = Math.floor((life.nowMs - startMs) / (24 * HOUR_MS));
        if (today > day) log(`day ${(day = today)}: ${life.readings} readings, ${life.calls} calls`);
      }
      await operate(server, "DELETE", "/faults");
      for (let hour = 0; hour < 30; hour += 1) await life.quietStep(outbox, HOUR_MS);
      const missed = await missedOf(store);
      await resolveDoubts(outbox, store, server);
      return await resultOf(life, outbox, store, server, missed);
    } finally {
      await outbox.close();
    }
  } finally {
    await client.close();
    await server.stop();
    folder.remove();
  }
}

/**
 * Entries whose time ran out without an answer about them. Delivery ran all the time, so there are none. One whose customer had
 * left, and that was refused again and again until its last answer was lost, is too late as well, but was not missed.
 */
async function missedOf(store: OutboxStore): Promise<readonly Entry[]> {
  const tooLate = (await store.entries({})).filter(({ why }) => why === "too-late");
  const attempts = await store.attemptsOf(tooLate.map(({ entryId }) => entryId));
  const refused = new Set(attempts.filter(({ end }) => end === "refused").map(({ entryId }) => entryId));
  return tooLate.filter(({ entryId }) => !refused.has(entryId));
}

class Life {
  nowMs: number;
  readings = 0;
  calls = 0;
  /** What was recorded as new, in thousandths. */
  recorded = 0n;
  readonly #options: MonthOptions;
  readonly #random: Random;
  readonly #server: RunningServer;
  readonly #tenants: readonly Tenant[];
  #steps = 0;
  #again: ReadingInput | undefined;

  constructor(options: MonthOptions, random: Random, server: RunningServer, tenants: readonly Tenant[]) {
    this.nowMs = options.startMs;
    this.#options = options;
    this.#random = random;
    this.#server = server;
    this.#tenants = tenants;
  }

  async begin(outbox: Outbox): Promise<void> {
    await outbox.bind(this.#tenants.map((tenant) => ({ ...bindingOf(tenant), from: this.#options.startMs })));
  }

  async step(outbox: Outbox): Promise<void> {
    await this.#record(outbox);
    await this.quietStep(outbox);
    this.#steps += 1;
    const stepsInAll = (this.#options.days * 24 * HOUR_MS) / STEP_MS;
    // Four customers leave, two licences are replaced, spread over the days.
    for (let number = 0; number < 6; number += 1) {
      if (this.#steps === Math.round((stepsInAll * (number + 1)) / 7)) {
        if (number % 3 === 2) await this.#renew(outbox, number);
        else await this.#leave(outbox, number);
      }
    }
  }

  /** Time goes on, and what is due is delivered. */
  async quietStep(outbox: Outbox, stepMs: number = STEP_MS): Promise<void> {
    this.nowMs += stepMs;
    await operate(this.#server, "PUT", "/clock", { now: new Date(this.nowMs).toISOString() });
    const report = await outbox.deliverDue();
    this.calls += report.calls;
  }

  async #record(outbox: Outbox): Promise<void> {
    const random = this.#random;
    const readings: ReadingInput[] = [];
    for (const tenant of this.#tenants) {
      if (tenant.leftMs !== undefined && tenant.leftMs < this.nowMs - 2 * HOUR_MS) continue;
      for (let n = 0; n < this.#options.readingsPerHour / 3; n += 1) readings.push(this.#reading(tenant, random));
    }
    if (this.#again !== undefined && random.fraction() < 0.5) readings.push(this.#again);
    for (let at = 0; at < readings.length; at += 500) {
      const part = readings.slice(at, at + 500);
      const answers = await outbox.record(part);
      for (const [index, { answer }] of answers.entries()) {
        const reading = part[index] as ReadingInput;
        if (answer !== "recorded") continue;
        this.readings += 1;
        this.recorded += BigInt(Math.round(Number(reading.quantity) * 1000));
        if (random.fraction() < 0.02) this.#again = reading;
      }
    }
  }

  #reading(tenant: Tenant, random: Random): ReadingInput {
    const isLate = random.fraction() < 0.03;
    const backMs = isLate ? random.whole(0, 12 * HOUR_MS) : random.whole(0, STEP_MS - 1);
    const isCorrection = random.fraction() < 0.01;
    const quantity = (isCorrection ? -random.whole(1, 40_000) : random.whole(0, 30_000)) / 1000;
    const tags = random.fraction() < 0.3 ? { team: random.pick(["blue", "red", "green"]) } : undefined;
    this.#numbered += 1;
    return {
      readingId: `r-${this.#numbered}`,
      tenant: tenant.name,
      meter: tenant.productCode,
      quantity: quantity.toFixed(3),
      at: new Date(Math.max(this.nowMs - backMs, this.#options.startMs)),
      tags,
    };
  }
  #numbered = 0;

  async #leave(outbox: Outbox, number: number): Promise<void> {
    const tenant = this.#tenants[number];
    if (tenant === undefined) return;
    tenant.leftMs = this.nowMs;
    await operate(this.#server, "POST", `/agreements/${tenant.agreementId}/cancel`);
    const message = this.#endOf(tenant);
    // Messages come twice.
    await outbox.observe(message);
    await outbox.observe(message);
  }

  /** As the marketplace says it: to the topic of a product whose customers have identifiers, and as an event otherwise. */
  #endOf({ at, account, agreementId, productCode }: Tenant): unknown {
    if (at % 3 === 0) {
      const message = {
        action: "unsubscribe-pending",
        "customer-identifier": `customer${at}`,
        "product-code": productCode,
      };
      const Timestamp = new Date(this.nowMs).toISOString();
      return { body: JSON.stringify({ Type: "Notification", Timestamp, Message: JSON.stringify(message) }) };
    }
    return {
      "detail-type": "License Deprovisioned - Manufacturer",
      time: new Date(this.nowMs).toISOString(),
      detail: {
        acceptor: { accountId: account },
        agreement: { id: agreementId },
        product: { code: productCode },
        ...(at % 3 === 2 ? { license: { arn: licenceArn(at) } } : {}),
      },
    };
  }

  /** A licence goes on with another one, from an hour's edge that lies ahead. */
  async #renew(outbox: Outbox, number: number): Promise<void> {
    const tenant = this.#tenants.find(({ at, leftMs }) => at % 3 === 2 && at > 6 + number && leftMs === undefined);
    if (tenant === undefined) return;
    const edgeMs = Math.floor(this.nowMs / HOUR_MS) * HOUR_MS + 2 * HOUR_MS;
    const licenseArn = licenceArn(1_000 + tenant.at);
    await operate(this.#server, "POST", "/agreements", {
      agreementId: `${tenant.agreementId}-next`,
      productCode: tenant.productCode,
      customerAccountId: tenant.account,
      licenseArn,
      startsAt: new Date(edgeMs).toISOString(),
      replaces: tenant.agreementId,
    });
    const of = { tenant: tenant.name, productCode: tenant.productCode, customerAccountId: tenant.account };
    const former = licenceArn(tenant.at);
    await outbox.bind([
      { ...of, licenseArn: former, from: this.#options.startMs, until: edgeMs },
      { ...of, licenseArn, from: edgeMs },
    ]);
  }
}

function tenantOf(at: number): Tenant {
  const productCode = PRODUCTS[at % 3] as string;
  return { name: `tenant-${at}`, at, productCode, account: String(100_000_000_000 + at), agreementId: `agmt-${at}` };
}

function bindingOf({ name, at, productCode, account, agreementId }: Tenant) {
  const of = { tenant: name, productCode, agreementId };
  if (at % 3 === 0) return { ...of, customerIdentifier: `customer${at}` };
  return at % 3 === 1
    ? { ...of, customerAccountId: account }
    : { ...of, customerAccountId: account, licenseArn: licenceArn(at) };
}

function catalogueOf(tenants: readonly Tenant[]): string {
  const accounts = tenants.map(({ account }) => `  - { id: "${account}" }`);
  const products = PRODUCTS.map(
    (code) =>
      `  - { productCode: ${code}, title: ${code}, seller: "${SELLER}", type: saas, pricing: usage, fulfilmentUrl: "http://127.0.0.1:3000/", dimensions: [{ name: units, description: Units, unit: Unit, price: "0.01" }] }`,
  );
  const agreements = tenants.map(({ at, productCode, account, agreementId }) => {
    const names =
      at % 3 === 0 ? `, customerIdentifier: customer${at}` : at % 3 === 2 ? `, licenseArn: "${licenceArn(at)}"` : "";
    return `  - { agreementId: ${agreementId}, productCode: ${productCode}, customerAccountId: "${account}", startsAt: "2020-01-01T00:00:00Z"${names} }`;
  });
  return [
    "accounts:",
    `  - { id: "${SELLER}", users: [{ name: metering, accessKeyId: ${DEMO.accessKeyId}, secretAccessKey: ${DEMO.secretAccessKey} }] }`,
    ...accounts,
    "products:",
    ...products,
    "agreements:",
    ...agreements,
    "",
  ].join("\n");
}

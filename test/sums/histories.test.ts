/**
 * Sums after random histories: usage of now and of late, prices that change, resources that end and are adjusted, months that turn,
 * resets, expiry, restarts, backups that are restored, followers that are set back to any earlier moment as a kill or a power cut
 * leaves them, and several nodes. They must be what a second reading of all records says, those included that have expired since.
 */
import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUYER, MARKET, callOf, containerProduct, place, task } from "../../packages/server/testing/control-plane.ts";
import { START_MS, type LedgerUnderTest } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { EVERYTHING, newCall, put } from "../../packages/server/testing/contract/works.ts";
import { controlPlaneWork } from "../../packages/server/src/control-plane/due-work.ts";
import { endResource } from "../../packages/server/src/control-plane/observe.ts";
import { changedProduct } from "../../packages/server/src/domain/catalogue/product-change.ts";
import {
  adjustmentOf,
  customerOf,
  hourOf,
  resourceKey,
} from "../../packages/server/src/domain/metering/metering-record.ts";
import type { Ledger } from "../../packages/server/src/ledger/ledger.ts";
import { usageCells } from "../../packages/server/src/reports/used/usage-cells.ts";
import { whyNoPostgres } from "../support/postgres/database.ts";
import { inMemory, inPostgres, inSqlite, type Store } from "../support/sums-stores.ts";

const METERED = "6abcdefghijklmnopqrstuvwx";
const SEED = Number(process.env["HISTORIES_SEED"] ?? Date.now() % 0x8000_0000);
const RUNS = Number(process.env["HISTORIES_RUNS"] ?? 12);

type Step =
  | { readonly kind: "meter"; readonly agoMinutes: number; readonly quantity: number; readonly customer: number }
  | { readonly kind: "price"; readonly thousandths: number }
  | { readonly kind: "wait"; readonly minutes: number }
  | { readonly kind: "start" }
  | { readonly kind: "end"; readonly which: number; readonly agoMinutes: number }
  | { readonly kind: "expire"; readonly hours: number }
  | { readonly kind: "reset" }
  | { readonly kind: "restart" }
  | { readonly kind: "save" }
  | { readonly kind: "set-back" }
  | { readonly kind: "spoil"; readonly how: "gone" | "torn" | "another" }
  | { readonly kind: "restore" }
  | { readonly kind: "ask" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("meter" as const),
      agoMinutes: fc.integer({ min: -10, max: 400 }),
      quantity: fc.constantFrom(0, 1, 7, 2_147_483_647),
      customer: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      minutes: fc.constantFrom(1, 20, 61, 500, 1_500, 30_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("price" as const), thousandths: fc.constantFrom(0, 250, 3_600) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "start" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat(5), agoMinutes: fc.nat(2_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), hours: fc.constantFrom(1, 10, 600) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "save" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "set-back" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("spoil" as const), how: fc.constantFrom("gone", "torn", "another") }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restore" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "ask" as const }) },
);

const history = fc
  .tuple(fc.array(step, { minLength: 4, maxLength: 30 }), fc.option(fc.nat(20)))
  .map(([steps, resetAt]): Step[] => (resetAt === null ? steps : steps.toSpliced(resetAt, 0, { kind: "reset" })));

/** Hour, product, customer, dimension, region and kind, with the amount. */
type Amounts = Map<string, bigint>;

class History {
  readonly #store: Store;
  /** Of records that have expired. */
  #expired: Amounts = new Map();
  /** Of each hour that has begun: what it costs, in thousandths. */
  #prices = new Map<number, number>();
  #price = 3_600;
  #pricedUntil = hourOf(START_MS);
  #tasks = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get #made(): LedgerUnderTest {
    return this.#store.made;
  }

  async begin(): Promise<void> {
    const { ledger } = this.#made;
    await ledger.transact(put(catalogue()));
    this.#prices = new Map([[hourOf(this.#made.clock.nowMs()), this.#price]]);
    this.#pricedUntil = hourOf(this.#made.clock.nowMs());
  }

  async take(one: Step): Promise<void> {
    const { ledger, clock } = this.#made;
    switch (one.kind) {
      case "meter":
        return meter(this.#made, one);
      case "price":
        this.#price = one.thousandths;
        return say(ledger, one.thousandths);
      case "wait":
        return this.#wait(one.minutes);
      case "start":
        this.#tasks += 1;
        return place(ledger, task(`t-${this.#tasks}`, { startedAtMs: clock.nowMs() }));
      case "end": {
        const { items } = await ledger.resources({ limit: 10 });
        const resource = items[one.which % Math.max(1, items.length)];
        if (resource === undefined) return;
        const endMs = Math.max(resource.startedAtMs, clock.nowMs() - one.agoMinutes * 60_000);
        await endResource(ledger, callOf("StopResource"), resource.resourceId, endMs, {});
        return controlPlaneWork(ledger, callOf, clock.nowMs());
      }
      case "expire":
        return this.#expire(one.hours);
      case "reset":
        await ledger.reset(newCall(), () => catalogue());
        this.#expired = new Map();
        // What is in the new catalogue holds from the beginning.
        this.#price = 3_600;
        this.#prices = new Map();
        return;
      case "restart":
        return this.#made.reopen();
      case "save":
        return this.#store.save?.();
      case "set-back":
        return this.#whileClosed(this.#store.setBack);
      case "spoil":
        return this.#whileClosed(this.#store.spoil && (() => this.#store.spoil?.(one.how)));
      case "restore":
        return this.#whileClosed(this.#store.restore);
      case "ask":
        return this.check();
    }
  }

  async check(): Promise<void> {
    const expected = added(this.#expired, await amountsOf(this.#made.ledger));
    for (const ledger of this.#store.ledgers()) {
      const range = { fromHour: 0, toHour: hourOf(START_MS) * 2 };
      const { usage } = await ledger.sums({
        usage: [{ ...range, by: ["product", "customer", "dimension", "region"], grain: "hour" }],
      });
      const said = new Map(
        (usage[0] ?? []).map((sum): [string, bigint] => [
          [sum.hour, sum.product, sum.customer, sum.dimension, sum.region, sum.kind].join(" "),
          sum.amount,
        ]),
      );
      expect(inOrder(said)).toEqual(inOrder(expected));
      await this.#checkMoney(ledger, expected);
    }
  }

  /** By the price list, hour by hour. */
  async #checkMoney(ledger: Ledger, amounts: Amounts): Promise<void> {
    const cells = await usageCells(ledger, {
      groupBy: ["product", "day"],
      measure: "money",
      fromHour: 0,
      toHour: hourOf(START_MS) * 2,
    });
    const expected = new Map<string, bigint>();
    for (const [key, amount] of amounts) {
      const [hour = "", product] = key.split(" ");
      if (product !== METERED) continue;
      const day = new Date(Number(hour) * HOUR_MS).toISOString().slice(0, 10);
      const price = BigInt(this.#priceIn(Number(hour)));
      expected.set(day, (expected.get(day) ?? 0n) + amount * price);
    }
    const said = cells
      .filter(({ product }) => product === METERED)
      .map(({ day = "", money = "" }) => `${day}: ${money}`);
    const wanted = [...expected].map(([day, thousandths]) => `${day}: ${inDollars(thousandths)}`);
    expect(said.toSorted()).toEqual(wanted.toSorted());
  }

  #priceIn(hour: number): number {
    if (hour > this.#pricedUntil) return this.#price;
    // Hours of before the first that is known: as it was then.
    const known = [...this.#prices].filter(([from]) => from <= hour).map(([, price]) => price);
    return known.at(-1) ?? 3_600;
  }

  async #wait(minutes: number): Promise<void> {
    const { ledger, clock } = this.#made;
    clock.moveTo(clock.nowMs() + minutes * 60_000);
    const hour = hourOf(clock.nowMs());
    // From the hour after the one in which it was said.
    if (hour > this.#pricedUntil) this.#prices.set(this.#pricedUntil + 1, this.#price);
    this.#pricedUntil = hour;
    await controlPlaneWork(ledger, callOf, clock.nowMs());
  }

  async #expire(hours: number): Promise<void> {
    const { ledger, clock } = this.#made;
    const before = await amountsOf(ledger);
    await ledger.expire(newCall, clock.nowMs() - hours * HOUR_MS);
    const left = await amountsOf(ledger);
    for (const [key, amount] of before) {
      const gone = amount - (left.get(key) ?? 0n);
      if (!left.has(key) || gone !== 0n) this.#expired.set(key, (this.#expired.get(key) ?? 0n) + gone);
    }
  }

  async #whileClosed(run: (() => void) | undefined): Promise<void> {
    if (run === undefined) return;
    await this.#made.ledger.close();
    run();
    await this.#made.reopen();
  }
}

function catalogue(): Parameters<typeof put>[0] {
  const dimensions = [{ name: "calls", price: "3.6", kind: "metered" as const }];
  const metered = containerProduct(METERED, { pricing: "usage", dimensions });
  return [...MARKET, { kind: "product", id: METERED, value: metered }];
}

async function meter(
  { ledger, clock }: LedgerUnderTest,
  { agoMinutes, quantity, customer }: Extract<Step, { kind: "meter" }>,
): Promise<void> {
  const timestampMs = clock.nowMs() - agoMinutes * 60_000;
  const usageRecord = { timestampMs, dimension: "calls", quantity, customerAccountId: BUYER };
  const key = resourceKey(usageRecord, METERED, customer === 1 ? "eu-west-1" : "us-east-1", `r-${customer}`);
  await ledger.transact({
    call: { ...newCall(), operation: "MeterUsage", region: key.region },
    keys: [key],
    decide: ({ kept: [kept] }) => ({
      event: {
        kind: "usage-metered",
        productCode: METERED,
        resourceId: `r-${customer}`,
        records: [{ usageRecord, status: "Success", ...(kept && { keptAs: kept.meteringRecordId }) }],
      },
      records: kept === undefined ? [{ position: 0, key, quantity }] : [],
      answer: undefined,
    }),
  });
}

async function say(ledger: Ledger, thousandths: number): Promise<void> {
  await ledger.transact({
    call: newCall(),
    keys: [],
    decide: ({ catalogue: all, nowMs }) => {
      const held = all.product(METERED);
      if (held === undefined) throw new Error("The product is gone.");
      const { earlierPricings: _, droppedDimensions: __, ...same } = held;
      const dimensions = [{ name: "calls", price: `${thousandths / 1_000}`, kind: "metered" as const }];
      const value = changedProduct({ ...same, dimensions }, held, nowMs);
      if ("message" in value) throw new Error(value.message);
      return {
        event: { kind: "catalogue-changed", changes: [] },
        catalogue: [{ kind: "product", id: METERED, value }],
        answer: undefined,
      };
    },
  });
}

/** The records that are listed, added up. */
async function amountsOf(ledger: Ledger): Promise<Amounts> {
  const amounts: Amounts = new Map();
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ ...EVERYTHING, cursor });
    for (const { key, productCode, usageRecord, accrued } of page.items) {
      const kind = accrued !== true ? "units" : adjustmentOf(key) === undefined ? "final" : "adjustment";
      const name = [key.hour, productCode, customerOf(usageRecord), key.dimension, key.region, kind].join(" ");
      amounts.set(name, (amounts.get(name) ?? 0n) + BigInt(usageRecord.quantity ?? 0));
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return amounts;
}

function added(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [key, amount] of b) sum.set(key, (sum.get(key) ?? 0n) + amount);
  return sum;
}

function inOrder(amounts: Amounts): readonly string[] {
  return [...amounts].map(([key, amount]) => `${key}: ${amount}`).toSorted();
}

function inDollars(thousandths: bigint): string {
  const whole = thousandths / 1_000n;
  const part = String(thousandths % 1_000n)
    .padStart(3, "0")
    .replace(/0+$/, "");
  return part === "" ? `${whole}` : `${whole}.${part}`;
}

async function live(open: () => Promise<Store>, steps: readonly Step[]): Promise<void> {
  const store = await open();
  try {
    const lived = new History(store);
    await lived.begin();
    for (const one of steps) await lived.take(one);
    await lived.check();
    expect(await store.disagreement()).toBeUndefined();
  } finally {
    await store.remove();
  }
}

describe("sums are a second reading of all records, whatever happens,", () => {
  test.each([
    ["in memory", inMemory, RUNS * 10],
    ["in SQLite", inSqlite, RUNS],
    ...(whyNoPostgres() === undefined ? [["in PostgreSQL", inPostgres, Math.ceil(RUNS / 3)] as const] : []),
  ] as const)(
    "%s",
    async (_where, open, numRuns) => {
      const property = fc.asyncProperty(history, (steps) => live(open, steps));
      try {
        await fc.assert(property, { seed: SEED, numRuns });
      } catch (error) {
        throw new Error(`HISTORIES_SEED=${SEED} repeats this.\n${(error as Error).message}`, { cause: error });
      }
    },
    60_000 + RUNS * 20_000,
  );
});

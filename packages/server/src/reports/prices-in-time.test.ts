/** Rule P3 in the report: whatever changes in prices and dimensions, what was reported of hours that had begun stays. */
import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { BUYER, HOURLY, MARKET, callOf, containerProduct, place, task } from "../../testing/control-plane.ts";
import { controlPlaneWork } from "../control-plane/due-work.ts";
import { endResource } from "../control-plane/observe.ts";
import { hourOf, resourceKey } from "../domain/metering/metering-record.ts";
import { changedProduct, type SaidDimension } from "../domain/catalogue/product-change.ts";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { allResources, EVERYTHING, newCall, put } from "../../testing/contract/works.ts";
import type { ListedRecord } from "../ledger/ledger.ts";
import { ledgerInMemory, ledgerInSqlite } from "../../testing/every-store.ts";
import { ledgerInPostgres } from "../../testing/postgres-ledger.ts";
import { whyNoPostgres } from "../../../../test/support/postgres/database.ts";
import { monthOf, type Month } from "./month.ts";
import { usageByInstanceType, type UsageReport, type UsageRow } from "./usage-by-instance-type.ts";

const MARCH = monthOf("2026-03") as Month;
const METERED = "6abcdefghijklmnopqrstuvwx";
type Code = typeof HOURLY | typeof METERED;

/** Two products with a running resource each: a task meters itself for one, and for the other its running time is metered. */
async function market(open: () => Promise<LedgerUnderTest>): Promise<LedgerUnderTest> {
  const made = await open();
  const metered = containerProduct(METERED, {
    pricing: "usage",
    dimensions: [{ name: "calls", price: "3.6", kind: "metered" }],
  });
  await made.ledger.transact(put([...MARKET, { kind: "product", id: METERED, value: metered }]));
  await say(made, HOURLY, [{ name: "Hours", price: "3.6", kind: "hours" }]);
  made.clock.moveTo(START_MS + HOUR_MS);
  const registration = { productCode: HOURLY, registeredAtMs: START_MS + HOUR_MS, dimension: "Hours" };
  await place(made.ledger, task("pod", { startedAtMs: START_MS + HOUR_MS, registrations: [registration] }));
  return made;
}

/** Puts a product's dimensions in place, as the operator does. */
async function say(
  { ledger }: LedgerUnderTest,
  productCode: string,
  dimensions: readonly SaidDimension[],
): Promise<void> {
  await ledger.transact({
    call: newCall(),
    keys: [],
    decide: ({ catalogue, nowMs }) => {
      const held = catalogue.product(productCode);
      if (held === undefined) throw new Error(`No product ${productCode}.`);
      const { earlierPricings: _, droppedDimensions: __, ...product } = held;
      const value = changedProduct({ ...product, dimensions }, held, nowMs);
      if ("message" in value) throw new Error(value.message);
      return {
        event: { kind: "catalogue-changed", changes: [] },
        catalogue: [{ kind: "product", id: productCode, value }],
        answer: undefined,
      };
    },
  });
}

/** A resource meters usage of its own, some time ago. */
async function meter({ ledger, clock }: LedgerUnderTest, agoMinutes: number, quantity: number): Promise<void> {
  const timestampMs = clock.nowMs() - agoMinutes * 60_000;
  const usageRecord = { timestampMs, dimension: "calls", quantity, customerAccountId: BUYER };
  const key = resourceKey(usageRecord, METERED, "us-east-1", "ecs-one");
  await ledger.transact({
    call: { ...newCall(), operation: "MeterUsage", region: "us-east-1" },
    keys: [key],
    decide: ({ kept: [kept] }) => ({
      event: {
        kind: "usage-metered",
        productCode: METERED,
        resourceId: "ecs-one",
        records: [{ usageRecord, status: "Success", ...(kept && { keptAs: kept.meteringRecordId }) }],
      },
      records: kept === undefined ? [{ position: 0, key, quantity }] : [],
      answer: undefined,
    }),
  });
}

const report = ({ ledger, clock }: LedgerUnderTest): Promise<UsageReport> =>
  usageByInstanceType(ledger, MARCH, clock.nowMs());

/** A row's usage and money, without the product's present name. */
const shown = ({ rows }: UsageReport): UsageRow[] => rows.map((row) => ({ ...row, product: undefined }));

/** In thousandths of a dollar. */
const revenueIn = ({ rows }: UsageReport, productCode: string): number =>
  Math.round(
    rows
      .filter((row) => row.productCode === productCode)
      .reduce((sum, { estimatedRevenue = "0" }) => sum + Number(estimatedRevenue) * 1_000, 0),
  );

async function recordsOf({ ledger }: LedgerUnderTest): Promise<readonly ListedRecord[]> {
  return (await ledger.meteringRecords(EVERYTHING)).items;
}

/** The prices of one dimension, noted hour by hour as the clock moves. In thousandths of a dollar. */
class PriceList {
  readonly #byHour = new Map<number, number>();
  #inForce: number;
  #said: number;

  constructor(price: number) {
    this.#inForce = price;
    this.#said = price;
  }

  say(price: number): void {
    this.#said = price;
  }

  /** The dimension is dropped, and with it a price that was not in force yet. */
  drop(): void {
    this.#said = this.#inForce;
  }

  begin(hour: number): void {
    this.#inForce = this.#said;
    this.#byHour.set(hour, this.#inForce);
  }

  of(hour: number): number {
    return this.#byHour.get(hour) ?? 3_600;
  }
}

type Step =
  | { readonly kind: "wait"; readonly minutes: number }
  | {
      readonly kind: "price";
      readonly product: Code;
      readonly thousandths: number;
      readonly unit: string | undefined;
    }
  | { readonly kind: "drop"; readonly product: Code }
  | { readonly kind: "meter"; readonly agoMinutes: number; readonly quantity: number }
  | { readonly kind: "end"; readonly agoMinutes: number };

const product = fc.constantFrom<Code>(HOURLY, METERED);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 500 }) }),
  fc.record({
    kind: fc.constant("price" as const),
    product,
    thousandths: fc.constantFrom(0, 3_600, 7_200, 36_000),
    unit: fc.constantFrom("Call", undefined),
  }),
  fc.record({ kind: fc.constant("drop" as const), product }),
  fc.record({
    kind: fc.constant("meter" as const),
    agoMinutes: fc.nat(300),
    quantity: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ kind: fc.constant("end" as const), agoMinutes: fc.nat(1_000) }),
);

const NAMES = { [HOURLY]: "Hours", [METERED]: "calls" } as const;
const KINDS = { [HOURLY]: "hours", [METERED]: "metered" } as const;

type PriceLists = Readonly<Record<Code, PriceList>>;

const POD = task("pod", { startedAtMs: START_MS + HOUR_MS }).resourceId;

async function wait({ ledger, clock }: LedgerUnderTest, minutes: number, lists: PriceLists): Promise<void> {
  const fromHour = hourOf(clock.nowMs());
  clock.moveTo(clock.nowMs() + minutes * 60_000);
  for (let hour = fromHour + 1; hour <= hourOf(clock.nowMs()); hour += 1) {
    for (const list of Object.values(lists)) list.begin(hour);
  }
  await controlPlaneWork(ledger, callOf, clock.nowMs());
}

async function end({ ledger, clock }: LedgerUnderTest, agoMinutes: number): Promise<void> {
  const endMs = Math.max(START_MS + HOUR_MS, clock.nowMs() - agoMinutes * 60_000);
  await endResource(ledger, callOf("StopResource"), POD, endMs, {});
}

/** Changes the catalogue, and expects the same report as before. */
async function sayWithoutTrace(made: LedgerUnderTest, code: Code, dimensions: readonly SaidDimension[]): Promise<void> {
  const before = await report(made);
  await say(made, code, dimensions);
  expect(shown(await report(made))).toEqual(shown(before));
}

async function happen(made: LedgerUnderTest, one: Step, lists: PriceLists): Promise<void> {
  switch (one.kind) {
    case "wait":
      return wait(made, one.minutes, lists);
    case "meter":
      return meter(made, one.agoMinutes, one.quantity);
    case "end":
      return end(made, one.agoMinutes);
    case "price": {
      const { product: code, thousandths, unit } = one;
      const price = `${thousandths / 1_000}`;
      await sayWithoutTrace(made, code, [{ name: NAMES[code], unit, price, kind: KINDS[code] }]);
      return lists[code].say(thousandths);
    }
    case "drop":
      await sayWithoutTrace(made, one.product, []);
      return lists[one.product].drop();
  }
}

/** Makes the steps, ends all that runs, and compares the sums with the price lists. */
async function live(made: LedgerUnderTest, steps: readonly Step[]): Promise<void> {
  const lists = { [HOURLY]: new PriceList(3_600), [METERED]: new PriceList(3_600) };
  for (const one of steps) await happen(made, one, lists);
  await end(made, 0);
  await wait(made, 24 * 60, lists);
  const records = await recordsOf(made);
  const due = (code: Code): number =>
    records
      .filter(({ productCode }) => productCode === code)
      .reduce((sum, { usageRecord, key }) => sum + (usageRecord.quantity ?? 0) * lists[code].of(key.hour), 0);
  const last = await report(made);
  expect(revenueIn(last, METERED)).toBe(due(METERED));
  expect(revenueIn(last, HOURLY)).toBe(due(HOURLY) / 3_600);
}

async function run(open: () => Promise<LedgerUnderTest>, steps: readonly Step[]): Promise<void> {
  const made = await market(open);
  try {
    await live(made, steps);
  } finally {
    await made.remove();
  }
}

describe("Rule P3: whatever is said of prices and dimensions, a report stays, and its sum is what each hour cost", () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 14 });

  test(
    "in memory",
    () =>
      fc.assert(
        fc.asyncProperty(steps, (some) => run(ledgerInMemory, some)),
        { numRuns: 100 },
      ),
    120_000,
  );

  test(
    "in SQLite",
    () =>
      fc.assert(
        fc.asyncProperty(steps, (some) => run(ledgerInSqlite, some)),
        { numRuns: 5 },
      ),
    120_000,
  );

  test.skipIf(whyNoPostgres() !== undefined)(
    "in PostgreSQL",
    () =>
      fc.assert(
        fc.asyncProperty(steps, (some) => run(ledgerInPostgres, some)),
        { numRuns: 2 },
      ),
    120_000,
  );
});

test("Rule P3: final, adjusted and provisional time is priced by its own hour, and rounded once", async () => {
  const made = await market(ledgerInMemory);
  onTestFinished(() => made.remove());
  const hours = (price: string): Promise<void> => say(made, HOURLY, [{ name: "Hours", price, kind: "hours" }]);
  // The resource began at half past one: an hour and a half costs 3.6, the rest 7.2.
  made.clock.moveTo(START_MS + 2 * HOUR_MS);
  await hours("7.2");
  made.clock.moveTo(START_MS + 9 * HOUR_MS);
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  const seconds = { final: String(1_800 + 3_600), adjustments: "0", provisional: String(6 * 3_600 + 1_800) };
  expect((await report(made)).rows).toMatchObject([{ seconds, estimatedRevenue: `${3.6 * 1.5 + 7.2 * 6.5}` }]);
  const [pod] = await allResources(made.ledger);
  await endResource(made.ledger, callOf("StopResource"), pod?.resourceId ?? "", START_MS + 1.5 * HOUR_MS, {});
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  const adjusted = { final: String(1_800 + 3_600), adjustments: String(-3_600), provisional: "0" };
  expect((await report(made)).rows).toMatchObject([{ seconds: adjusted, estimatedRevenue: "1.8" }]);
});

test("Rule P3: a month in part of which there was no price is worth what the rest of it is", async () => {
  const made = await market(ledgerInMemory);
  onTestFinished(() => made.remove());
  await meter(made, 0, 2);
  await say(made, METERED, [{ name: "calls", kind: "metered" }]);
  made.clock.moveTo(START_MS + 3 * HOUR_MS);
  await meter(made, 0, 5);
  expect((await report(made)).rows).toMatchObject([
    { productCode: HOURLY },
    { usageUnits: "7", estimatedRevenue: "7.2" },
  ]);
});

import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import {
  BUYER,
  BYOL,
  HOURLY,
  MARKET,
  SELLER,
  callOf,
  containerProduct,
  place,
  task,
} from "../../testing/control-plane.ts";
import { controlPlaneWork } from "../control-plane/due-work.ts";
import { endResource } from "../control-plane/observe.ts";
import { resourceKey } from "../domain/metering/metering-record.ts";
import { START_MS, ledgerOver, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { newCall, put } from "../../testing/contract/works.ts";
import type { EventQuery, Ledger } from "../ledger/ledger.ts";
import type { SumsQuestion } from "../ledger/sums/sums.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { monthOf, type Month } from "./month.ts";
import { usageByInstanceType, type UsageReport } from "./usage-by-instance-type.ts";

const MARCH = monthOf("2026-03") as Month;
const METERED = "6abcdefghijklmnopqrstuvwx";
const FREE = "7abcdefghijklmnopqrstuvwx";

async function market(): Promise<LedgerUnderTest> {
  const engine = new MemoryEngine();
  const made = await ledgerOver(
    () => engine,
    () => {},
  );
  onTestFinished(() => made.remove());
  const products = [
    containerProduct(METERED, { pricing: "usage", dimensions: [{ name: "calls", price: "0.003", kind: "metered" }] }),
    containerProduct(FREE, { pricing: "free", dimensions: [{ name: "running", price: "9", kind: "hours" }] }),
  ];
  const changes = products.map((value) => ({ kind: "product" as const, id: value.productCode, value }));
  await made.ledger.transact(put([...MARKET, ...changes]));
  return made;
}

/** A resource meters usage of its own. */
async function meterItself(ledger: Ledger, id: string, quantity: number): Promise<void> {
  const usageRecord = { timestampMs: START_MS, dimension: "calls", quantity, customerAccountId: BUYER };
  const key = resourceKey(usageRecord, METERED, "us-east-1", id);
  await ledger.transact({
    call: { ...newCall(), operation: "MeterUsage", region: "us-east-1" },
    keys: [key],
    decide: () => ({
      event: {
        kind: "usage-metered",
        productCode: METERED,
        resourceId: id,
        records: [{ usageRecord, status: "Success" }],
      },
      records: [{ position: 0, key, quantity }],
      answer: undefined,
    }),
  });
}

const shown = ({ rows }: UsageReport): object[] =>
  rows.map(({ productCode, dimension, usageUnits, estimatedRevenue, seconds }) => [
    productCode.charAt(0),
    dimension,
    usageUnits,
    estimatedRevenue,
    ...(seconds === undefined ? [] : Object.values(seconds)),
  ]);

const unitsOf = ({ rows }: UsageReport): string[] => rows.map(({ usageUnits }) => usageUnits);

test("S6: what resources meter of themselves, and what is metered of them, paid, free and brought along, stand side by side", async () => {
  const { ledger, clock } = await market();
  const registrations = [HOURLY, BYOL, FREE].map((productCode) => ({ productCode, registeredAtMs: START_MS }));
  const pod = task("pod", { startedAtMs: START_MS, registrations });
  await place(ledger, pod);
  await meterItself(ledger, pod.resourceId, 7);
  await meterItself(ledger, "ecs-another", 5);
  clock.moveTo(START_MS + 10 * HOUR_MS + 1_500);
  await controlPlaneWork(ledger, callOf, clock.nowMs());
  // Half an hour and three hours are final; six and a half hours and a second are not.
  const hours = ["12600", "0", "23401"];
  expect(shown(await usageByInstanceType(ledger, MARCH, clock.nowMs()))).toEqual([
    ["4", "Hours", "10.00027778", "3.6001", ...hours],
    ["5", "Hours", "10.00027778", "0", ...hours],
    ["6", "calls", "12", "0.036"],
    ["7", "running", "10.00027778", "0", ...hours],
  ]);
  expect((await usageByInstanceType(ledger, MARCH, clock.nowMs(), SELLER)).rows).toHaveLength(4);
  expect((await usageByInstanceType(ledger, MARCH, clock.nowMs(), BUYER)).rows).toEqual([]);
});

test("Rule H4: use that is written, or adjusted, while the report is made is in it once", async () => {
  const made = await market();
  const { ledger, clock } = made;
  const tasks = [0, 1, 2].map((i) => task(`t-${i}`, { startedAtMs: START_MS + i * 1_000 }));
  await place(ledger, ...tasks);
  clock.moveTo(START_MS + 20 * HOUR_MS);
  await controlPlaneWork(ledger, callOf, clock.nowMs());
  const late = tasks[1]?.resourceId ?? "";
  await endResource(ledger, callOf("StopResource"), late, START_MS + 5 * HOUR_MS, {});
  clock.moveTo(START_MS + 30 * HOUR_MS);
  let isWritten = false;
  const whileWritten: Ledger = Object.create(ledger, {
    catalogue: { get: () => ledger.catalogue },
    resources: { value: (query: Parameters<Ledger["resources"]>[0]) => ledger.resources(query) },
    events: { value: (query: Parameters<Ledger["events"]>[0]) => ledger.events(query) },
    chainHeads: { value: () => ledger.chainHeads() },
    sums: {
      value: async (question: Parameters<Ledger["sums"]>[0]) => {
        if (!isWritten) await controlPlaneWork(ledger, callOf, clock.nowMs());
        isWritten = true;
        return ledger.sums(question);
      },
    },
  }) as Ledger;
  const total = 30 * 3_600 + 5 * 3_600 - 1 + 30 * 3_600 - 2;
  const before = await usageByInstanceType(whileWritten, MARCH, clock.nowMs());
  const after = await usageByInstanceType(ledger, MARCH, clock.nowMs());
  expect(isWritten).toBe(true);
  expect(unitsOf(before)).toEqual(unitsOf(after));
  const sums = after.rows.map(({ seconds }) =>
    Object.values(seconds ?? {}).reduce((sum, each) => sum + Number(each), 0),
  );
  expect(sums).toEqual([total]);
  expect(before.rows[0]?.seconds).not.toEqual(after.rows[0]?.seconds);
});

test("what a resource metered of itself stays reported once the resource is registered for the product, too", async () => {
  const { ledger, clock } = await market();
  // The product was charged by usage, and is charged by the hour now.
  const registrations = [{ productCode: METERED, registeredAtMs: START_MS }];
  const pod = task("pod", { startedAtMs: START_MS, registrations });
  await place(ledger, pod);
  await meterItself(ledger, pod.resourceId, 7);
  const { rows } = await usageByInstanceType(ledger, MARCH, clock.nowMs());
  expect(rows.map(({ dimension, usageUnits }) => [dimension, usageUnits])).toContainEqual(["calls", "7"]);
});

test("many resources are reckoned a few hundred at a time, and others are let in between", async () => {
  const { ledger, clock } = await market();
  await place(ledger, ...Array.from({ length: 1_200 }, (_, i) => task(`t-${i}`, { startedAtMs: START_MS })));
  clock.moveTo(START_MS + HOUR_MS);
  let reckoned = 0;
  const watched = Object.create(ledger, {
    catalogue: { value: ledger.catalogue },
    resources: {
      value: async (query: Parameters<Ledger["resources"]>[0]) => {
        const page = await ledger.resources(query);
        reckoned += page.items.length;
        return page;
      },
    },
    chainHeads: { value: () => ledger.chainHeads() },
    sums: { value: (question: SumsQuestion) => ledger.sums(question) },
    events: { value: (query: EventQuery) => ledger.events(query) },
  }) as Ledger;
  const seen: number[] = [];
  let isMade = false;
  const watch = (): void => {
    if (seen.at(-1) !== reckoned) seen.push(reckoned);
    if (!isMade) setImmediate(watch);
  };
  watch();
  const { rows } = await usageByInstanceType(watched, MARCH, clock.nowMs());
  isMade = true;
  expect(rows.map(({ usageUnits }) => usageUnits)).toEqual(["1200"]);
  expect(seen).toEqual([0, 500, 1_000, 1_200]);
});

/** `@countinghouse/client/testing` beside the server: the same usage, told alike by both; and what a test can wish of it. */
import type { MeterAllResult, MeterableRecord } from "@countinghouse/client";
import { fakeMarket, type FakeMarketOptions } from "@countinghouse/client/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOf, quickWorld } from "../support/client.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { DEMO } from "../support/server.ts";

const NOON = Date.parse("2026-03-15T12:00:00Z");
const { productCode, dimensions } = DEMO;
const options: FakeMarketOptions = {
  products: [{ productCode, dimensions }],
  customers: [
    { customerIdentifier: "demoCustomer1", customerAccountId: "444455556666" },
    { customerIdentifier: "demoCustomer2", customerAccountId: "222233334444" },
    { customerAccountId: "999900001111", notSubscribed: [productCode] },
  ],
  now: () => NOON,
  ruleSet: "classic",
};

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ now: new Date(NOON).toISOString() });
});
afterAll(() => server.stop());

const usage = (more: Partial<MeterableRecord> = {}): MeterableRecord =>
  ({
    timestamp: NOON - 60_000,
    customerIdentifier: "demoCustomer1",
    dimension: "gb_ingested",
    quantity: 1,
    ...more,
  }) as MeterableRecord;

const told = (result: MeterAllResult<MeterableRecord>): unknown =>
  result.status === "refused" ? [result.status, result.errorName] : result.status;

const rounds: readonly (readonly MeterableRecord[])[] = [
  [
    usage(),
    usage({ dimension: "queries", quantity: 0 }),
    usage({ dimension: "made-up" }),
    usage({ customerIdentifier: "stranger" }),
    usage({ timestamp: NOON - 7 * 3_600_000 }),
    usage({ timestamp: NOON + 3_600_000, dimension: "seats" }),
    usage({ productCode: "none" }),
  ],
  [usage(), usage({ dimension: "queries", quantity: 9 })],
];

test("usage is told alike by the fake and by the server", async () => {
  const { transport, records } = fakeMarket(options);
  const real = clientOf(server.endpoint);
  const fake = clientOf("http://nowhere.test", { transport });
  for (const round of rounds) {
    const run = { productCode, ruleSet: "service" } as const;
    const expected = await real.meterAll(round, run).toArray();
    expect((await fake.meterAll(round, run).toArray()).map(told)).toEqual(expected.map(told));
  }
  expect(records.toSorted((a, b) => b.quantity - a.quantity)).toMatchObject([
    { customerIdentifier: "demoCustomer1", dimension: "gb_ingested", quantity: 1, timestamp: new Date(NOON - 60_000) },
    { dimension: "queries", quantity: 0 },
  ]);
});

test("a customer can be one without an agreement", async () => {
  const { transport, records } = fakeMarket(options);
  const record = usage({ customerIdentifier: undefined, customerAccountId: "999900001111" });
  const run = clientOf("http://nowhere.test", { transport }).meterAll([record], { productCode, ruleSet: "service" });
  expect((await run.toArray()).map(told)).toEqual(["not-subscribed"]);
  expect(records).toEqual([]);
});

const client = (market: ReturnType<typeof fakeMarket>) =>
  clientOf("http://nowhere.test", { transport: market.transport, world: quickWorld().world });

describe("a test can wish", () => {
  test.each(["throttle", "internal-error", "unprocessed", "lost-answer"] as const)(
    "%s, and nothing is counted twice",
    async (fault) => {
      const market = fakeMarket();
      market.fail(fault);
      const [result] = await client(market)
        .meterAll([usage({ timestamp: Date.now() })], { productCode: "p" })
        .toArray();
      expect(result?.status).toBe("accepted");
      expect(market.requests.map(({ operation }) => operation)).toEqual(["BatchMeterUsage", "BatchMeterUsage"]);
      expect(market.records).toHaveLength(1);
    },
  );

  test("customers with registration tokens, and usage of the program's own resource", async () => {
    const market = fakeMarket({
      customers: [{ customerIdentifier: "c", registrationToken: "token", productCode: "p" }],
    });
    const one = client(market);
    expect(await one.resolveCustomer({ registrationToken: "token" })).toMatchObject({
      customerIdentifier: "c",
      productCode: "p",
    });
    expect(await one.resolveCustomerOutcome({ registrationToken: "x" })).toMatchObject({
      error: { name: "InvalidTokenException" },
    });
    const own = { productCode: "p", timestamp: new Date(), usageDimension: "d", usageQuantity: 2 };
    const first = await one.meterUsage(own);
    expect((await one.meterUsage(own)).meteringRecordId).toBe(first.meteringRecordId);
    expect(await one.meterUsageOutcome({ ...own, usageQuantity: 3 })).toMatchObject({
      error: { name: "DuplicateRequestException" },
    });
    expect(await one.meterUsage({ ...own, dryRun: true })).toMatchObject({ meteringRecordId: "DryRunOperation" });
    expect(await one.registerUsage({ productCode: "p", publicKeyVersion: 1 })).toMatchObject({
      signature: expect.any(String) as string,
    });
    expect(await one.registerUsageOutcome({ productCode: "p", publicKeyVersion: 0 })).toMatchObject({
      error: { name: "ValidationException" },
    });
  });
});

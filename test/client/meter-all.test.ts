/** C1, B1, B6: `meterAll` against the real server: every record has one result, and the ledger says the same. */
import type { MeterAllResult, MeterableRecord } from "@countinghouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOf, quickWorld } from "../support/client.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { listen } from "../support/listener.ts";
import { add, meteringRecords } from "../support/operator-api.ts";
import { DEMO } from "../support/server.ts";

const HOUR_MS = 3_600_000;
const nowMs = Date.now();
let server: DemoMarket;

beforeAll(async () => {
  server = await demoMarket();
  await add(server, "/accounts", { id: "999900001111" });
  await add(server, "/agreements", {
    agreementId: "agmt-ended",
    productCode: DEMO.productCode,
    customerAccountId: "999900001111",
    licenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000009",
    startsAt: "2020-01-01T00:00:00Z",
    endsAt: "2021-01-01T00:00:00Z",
  });
});
afterAll(() => server.stop());

const usage = (hoursAgo: number, customer: string, dimension: string, quantity: number): MeterableRecord => ({
  timestamp: nowMs - hoursAgo * HOUR_MS,
  customerIdentifier: customer,
  dimension,
  quantity,
});
const summary = (results: readonly MeterAllResult<MeterableRecord>[]): string[] => results.map(({ status }) => status);
const options = { productCode: DEMO.productCode, ruleSet: "service" } as const;

test("says of every record what the ledger says", async () => {
  const client = clientOf(server.endpoint);
  await client.batchMeterUsage({
    productCode: DEMO.productCode,
    usageRecords: [usage(1, "demoCustomer2", "seats", 1)],
  });
  const records = [
    usage(0, "demoCustomer1", "gb_ingested", 1),
    usage(0, "demoCustomer2", "gb_ingested", 2),
    usage(7, "demoCustomer1", "gb_ingested", 3),
    usage(0, "demoCustomer1", "no_such_dimension", 4),
    usage(0, "stranger", "gb_ingested", 5),
    usage(1, "demoCustomer2", "seats", 6),
    usage(2, "demoCustomer1", "seats", 7.5),
    { ...usage(0, "", "gb_ingested", 8), customerIdentifier: undefined, customerAccountId: "999900001111" },
    { ...usage(0, "demoCustomer1", "gb_ingested", 9), productCode: "noSuchProduct" },
    usage(3, "demoCustomer1", "queries", 10),
    usage(3, "demoCustomer1", "queries", 11),
  ];
  const results = await client.meterAll(records, options).toArray();
  expect(summary(results)).toEqual([
    "accepted",
    "accepted",
    "expired",
    "refused",
    "refused",
    "duplicate",
    "refused",
    "not-subscribed",
    "refused",
    "refused",
    "refused",
  ]);
  expect(results.map((result) => (result.status === "refused" ? (result.rule ?? result.errorName) : ""))).toEqual([
    "", "", "",
    "InvalidUsageDimensionException",
    "InvalidCustomerIdentifierException",
    "",
    "D1",
    "",
    "InvalidProductCodeException",
    "K1",
    "K1",
  ]); // prettier-ignore
  expect(results[2]).toMatchObject({ refusedBy: "service" });
  const kept = (await meteringRecords(server)).map(({ meteringRecordId }) => meteringRecordId);
  expect(kept).toHaveLength(3);
  for (const result of results) if (result.status === "accepted") expect(kept).toContain(result.meteringRecordId);
});

test("tells a replay from the same client, counts what was summed once, and takes hundreds", async () => {
  const client = clientOf(server.endpoint, { world: quickWorld().world });
  const records = DEMO.customers.flatMap((customer) =>
    DEMO.dimensions.flatMap((dimension) =>
      [4, 5].flatMap((hours) => Array.from({ length: 30 }, (_, i) => usage(hours, customer, dimension, i))),
    ),
  );
  const first = await client.meterAll(records, { ...options, sameKey: "sum" }).assertAllAccepted();
  expect(first).toHaveLength(360);
  expect(new Set(first.map(({ meteringRecordId }) => meteringRecordId)).size).toBe(12);
  const again = await client.meterAll(records, { ...options, sameKey: "sum" }).toArray();
  expect(new Set(summary(again))).toEqual(new Set(["replay"]));
  const kept = (await meteringRecords(server)).filter(({ quantity }) => quantity === 435);
  expect(kept).toHaveLength(12);
});

test.each([-48, 48])("loses no usage by a clock that is %i hours off: the service's time counts", async (hours) => {
  const world = { ...quickWorld().world, wallMs: () => Date.now() + hours * HOUR_MS };
  const client = clientOf(server.endpoint, { world });
  const records = [usage(0, "demoCustomer1", "gb_ingested", 1), usage(30, "demoCustomer1", "gb_ingested", 2)];
  const { productCode } = DEMO;
  const first = await client.meterAll(records, { productCode, concurrency: 1 }).toArray();
  expect(first).toMatchObject([{ status: "accepted" }, { status: "expired", refusedBy: "client", rule: "W4" }]);
});

test("stops where all would fail, and says what was not sent", async () => {
  const client = clientOf(server.endpoint, { credentials: { accessKeyId: "AKIASTRANGER", secretAccessKey: "x" } });
  const results = await client.meterAll([usage(0, "demoCustomer1", "gb_ingested", 1)], options).toArray();
  expect(results).toMatchObject([
    { status: "undecided", why: "failed", mayBeMetered: false, error: { name: "UnrecognizedClientException" } },
  ]);
});

describe("against a lab whose clock stands elsewhere", () => {
  const LAB_NOON = "2026-03-15T12:00:00.000Z";
  let lab: DemoMarket;
  beforeAll(async () => {
    lab = await demoMarket({ now: LAB_NOON, rules: "current" });
  });
  afterAll(() => lab.stop());

  const at = (hoursAgo: number, customer: string, dimension: string): MeterableRecord => ({
    ...usage(0, customer, dimension, 1),
    timestamp: Date.parse(LAB_NOON) - hoursAgo * HOUR_MS,
  });
  const recent = DEMO.customers.flatMap((customer) =>
    DEMO.dimensions.flatMap((dimension) => [1, 2, 3, 4, 5].map((hours) => at(hours, customer, dimension))),
  );

  test.each([-48, 0, 48])(
    "nothing is too late but by the lab's own time, with this machine's clock %i hours off",
    async (hours) => {
      const world = { ...quickWorld().world, wallMs: () => Date.now() + hours * HOUR_MS };
      const client = clientOf(lab.endpoint, { world });
      const old = at(30, "demoCustomer1", "seats");
      const other = { ...at(1, "demoCustomer1", "seats"), productCode: "noSuchProduct" };
      // One batch after the other: the first answer tells the time.
      const results = await client
        .meterAll([other, ...recent, old], { productCode: DEMO.productCode, concurrency: 1 })
        .toArray();
      expect(results[0]).toMatchObject({ status: "refused", errorName: "InvalidProductCodeException" });
      expect(new Set(summary(results.slice(1, -1)))).toEqual(new Set(["accepted"]));
      expect(results.at(-1)).toMatchObject({
        status: "expired",
        refusedBy: "client",
        rule: "W4",
        ageSeconds: 108_000,
        lateBySeconds: 21_600,
      });
    },
  );
});

test.each(["yesterday", "2026-03-15", "2026-13-45T99:99:99.000Z"])(
  "a time that is none (%s) is not believed: the service's Date is",
  async (time) => {
    const heard = await listen(({ text }) => {
      const { UsageRecords } = JSON.parse(text) as { readonly UsageRecords: readonly object[] };
      const Results = UsageRecords.map((UsageRecord) => ({ UsageRecord, Status: "Success", MeteringRecordId: "id" }));
      return { headers: { "x-countinghouse-service-time": time }, body: { Results } };
    });
    const records = [usage(0, "c", "d", 1), { ...usage(30, "c", "d", 1), productCode: "other" }];
    const run = clientOf(heard.url).meterAll(records, { productCode: DEMO.productCode, concurrency: 1 });
    const results = (await run.toArray()).map(({ status }) => status);
    expect(results.toSorted()).toEqual(["accepted", "expired"]);
  },
);

test("what is refused is numbered as it was handed in, and not as it stood in its batch", async () => {
  const client = clientOf(server.endpoint);
  const records = [
    ...Array.from({ length: 27 }, (_, i) => usage(0.5 + i / 1_000, "demoCustomer1", "gb_ingested", 1)),
    usage(0, "demoCustomer1", "no_such_dimension", 4),
    usage(0, "stranger", "gb_ingested", 5),
    usage(0, "stranger", "gb_ingested", 6),
  ];
  const results = await client.meterAll(records, { ...options, sameKey: "sum" }).toArray();
  const messages = results.map((result) => (result.status === "refused" ? result.message : ""));
  expect(messages[27]).toMatch(/^UsageDimension 'no_such_dimension' of usage record 28 is invalid for ProductCode/);
  expect(messages.slice(28)).toEqual(
    Array(2).fill(expect.stringMatching(/^CustomerIdentifier 'stranger' of usage record 29, 30 is invalid:/)),
  );
});

/** `/usage`: what was used, added up by whatever is asked for; and the reports of a month, over HTTP. */
import { BatchMeterUsageCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { DEMO, officialClient } from "../support/server.ts";

const FIRST = "444455556666";
const SECOND = "777788889999";
let server: DemoMarket;

const get = (path: string): Promise<OperatorAnswer> => callOperator(server, "GET", path);

async function meter(...records: Partial<UsageRecord>[]): Promise<(string | undefined)[]> {
  const UsageRecords = records.map((record) => ({
    Timestamp: new Date("2026-03-31T23:30:00Z"),
    CustomerIdentifier: "demoCustomer1",
    Dimension: "gb_ingested",
    ...record,
  }));
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords });
  const { Results = [] } = await officialClient(server.endpoint).send(command);
  return Results.map(({ Status }) => Status);
}

beforeAll(async () => {
  server = await demoMarket({ now: "2026-03-31T23:40:00Z" });
  await meter(
    { Quantity: 2_000_000_000 },
    { Quantity: 8, Timestamp: new Date("2026-03-31T20:10:00Z") },
    { Quantity: 3, Dimension: "queries" },
    { Quantity: 4, CustomerIdentifier: "demoCustomer2" },
  );
  await server.operator("PUT", "/clock", { now: "2026-04-01T00:30:00Z" });
  await meter({ Quantity: 5, Timestamp: new Date("2026-04-01T00:10:00Z") });
  // The same again; other usage under its key; and a customer that there is not.
  await meter({ Quantity: 5, Timestamp: new Date("2026-04-01T00:10:00Z") });
  await meter({ Quantity: 6, Timestamp: new Date("2026-04-01T00:10:00Z") });
  await officialClient(server.endpoint)
    .send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: [{ Timestamp: new Date(0), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" }],
      }),
    )
    .catch(() => undefined);
});
afterAll(() => server.stop());

function expectUnfit(answer: OperatorAnswer, why: RegExp): void {
  expectProblem(answer, 422, /does not fit its schema/, [expect.stringMatching(why) as string]);
}

const RANGE = "from=2026-03-01T00:00:00Z&to=2026-05-01T00:00:00Z";

async function items(query: string): Promise<unknown> {
  const { status, json } = await callOperator(server, "GET", `/usage?${RANGE}&${query}`);
  expect(status).toBe(200);
  return (json as { items: unknown }).items;
}

describe("usage is added up", () => {
  test("by product, customer and dimension", async () => {
    const product = DEMO.productCode;
    expect(await items("groupBy=product,customer,dimension")).toEqual([
      { product, customer: FIRST, dimension: "gb_ingested", units: "2000000013" },
      { product, customer: FIRST, dimension: "queries", units: "3" },
      { product, customer: SECOND, dimension: "gb_ingested", units: "4" },
    ]);
  });

  test("by hour, day and month, as in the order that groups are named in", async () => {
    expect(await items("groupBy=hour,customer&dimension=gb_ingested")).toEqual([
      { hour: "2026-03-31T20:00:00Z", customer: FIRST, units: "8" },
      { hour: "2026-03-31T23:00:00Z", customer: FIRST, units: "2000000000" },
      { hour: "2026-03-31T23:00:00Z", customer: SECOND, units: "4" },
      { hour: "2026-04-01T00:00:00Z", customer: FIRST, units: "5" },
    ]);
    expect(await items(`groupBy=day&customerAccountId=${FIRST}`)).toEqual([
      { day: "2026-03-31", units: "2000000011" },
      { day: "2026-04-01", units: "5" },
    ]);
    expect(await items("groupBy=month,region")).toEqual([
      { month: "2026-03", region: "us-east-1", units: "2000000015" },
      { month: "2026-04", region: "us-east-1", units: "5" },
    ]);
  });

  test("with what it is worth, in exact decimals", async () => {
    expect(await items("groupBy=dimension&measure=money")).toEqual([
      { dimension: "gb_ingested", units: "2000000017", money: "500000004.25" },
      { dimension: "queries", units: "3", money: "0.03" },
    ]);
    expect(await items("measure=money&groupBy=")).toEqual([{ units: "2000000020", money: "500000004.28" }]);
  });

  test("of the hours that are asked for; the answer says which, and until when they are final", async () => {
    const { json } = await get("/usage?from=2026-03-31T23:59:00Z&to=2026-04-01T00:00:01Z");
    expect(json).toEqual({
      items: [{ units: "2000000012" }],
      from: "2026-03-31T23:00:00.000Z",
      to: "2026-04-01T01:00:00.000Z",
      finalUntil: "2026-03-31T18:00:00.000Z",
    });
    expect(await items(`productCode=another`)).toEqual([]);
  });

  test("and holds at once what has just been acknowledged", async () => {
    for (let round = 1; round <= 5; round += 1) {
      await meter({
        Quantity: 1,
        CustomerIdentifier: "demoCustomer2",
        Dimension: "seats",
        Timestamp: new Date(Date.UTC(2026, 2, 31, 23 - round, 50)),
      });
      expect(await items("groupBy=dimension&dimension=seats")).toEqual([{ dimension: "seats", units: String(round) }]);
    }
  });
});

test("usage of one customer is that of his account, though in another product somebody else has his identifier", async () => {
  const market = await demoMarket({ now: "2026-04-10T09:30:00Z" });
  onTestFinished(async () => {
    await market.stop();
  });
  const other = { productCode: "8abcdefghijklmnopqrstuvwx", title: "Other", seller: DEMO.seller, type: "saas" };
  await add(market, "/products", { ...other, pricing: "usage", dimensions: [{ name: "gb_ingested", price: "2" }] });
  await add(market, "/agreements", {
    agreementId: "agmt-same-name",
    productCode: other.productCode,
    customerAccountId: SECOND,
    customerIdentifier: "demoCustomer1",
    startsAt: "2020-01-01T00:00:00Z",
  });
  const client = officialClient(market.endpoint);
  for (const [ProductCode, Quantity] of [
    [DEMO.productCode, 5],
    [other.productCode, 7],
  ] as const) {
    const record = { CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity };
    const UsageRecords = [{ ...record, Timestamp: new Date("2026-04-10T09:10:00Z") }];
    await client.send(new BatchMeterUsageCommand({ ProductCode, UsageRecords }));
  }
  client.destroy();
  const of = async (customer: string, more = ""): Promise<unknown> => {
    const path = `/usage?from=2026-04-10T00:00:00Z&to=2026-04-11T00:00:00Z&customerAccountId=${customer}${more}`;
    return ((await callOperator(market, "GET", path)).json as { items: unknown }).items;
  };
  expect(await of(FIRST)).toEqual([{ units: "5" }]);
  expect(await of(SECOND)).toEqual([{ units: "7" }]);
  expect(await of(FIRST, "&groupBy=dimension,day&measure=money")).toEqual([
    { dimension: "gb_ingested", day: "2026-04-10", units: "5", money: "1.25" },
  ]);
  expect(await of(SECOND, "&groupBy=product,customer")).toEqual([
    { product: other.productCode, customer: SECOND, units: "7" },
  ]);
});

describe("what cannot be asked for is refused:", () => {
  test.each([
    ["groupBy=month,day", /groupBy: must be a comma list of product, .* at most one of hour, day, month/],
    ["groupBy=customer,customer", /groupBy: must be a comma list/],
    ["groupBy=seller", /groupBy: must be a comma list/],
    ["measure=euros", /measure: /],
    ["cursor=1", /unknown query member cursor/],
  ])("%s", async (query, why) => {
    expectUnfit(await get(`/usage?${RANGE}&${query}`), why);
  });

  test.each([
    ["from=2026-03-01T00:00:00Z", /to: must be a time/],
    ["from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z", /to: must be later than from/],
    ["from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", /to: must be later than from/],
    ["from=2026-02-30T00:00:00Z&to=2026-03-01T00:00:00Z", /from: must be a time/],
    ["from=0001-01-01T00:00:00Z&to=9999-03-01T00:00:00Z&groupBy=month", /at most 240 months/],
  ])("%s", async (query, why) => {
    expectUnfit(await get(`/usage?${query}`), why);
  });
});

const rows = async (name: string, month = "2026-03"): Promise<unknown> =>
  ((await get(`/reports/${name}?month=${month}&format=json`)).json as { rows: unknown }).rows;

describe("a month's report", () => {
  test("is one of those that are listed", async () => {
    const { json: list } = await callOperator(server, "GET", "/reports");
    const names = (list as { items: { name: string }[] }).items.map(({ name }) => name);
    expect(names).toEqual([
      "usage-by-instance-type",
      "revenue-by-day",
      "refusals-by-rule",
      "lateness",
      "duplicates",
      "silent-customers",
      "agreement-statement",
    ]);
    for (const name of names) {
      const json = await get(`/reports/${name}?month=2026-03&format=json`);
      expect(json, name).toMatchObject({ status: 200, json: { month: "2026-03", rows: expect.any(Array) as unknown } });
    }
    expectProblem(await get("/reports/revenue?month=2026-03"), 404, /there are usage-by-instance-type, revenue-by-day/);
    expectProblem(await get("/reports/constructor?month=2026-03"), 404, /No such report/);
    for (const month of ["", "month=2026-13", "month=2026-02-01", "month=0000-01"]) {
      expectProblem(await get(`/reports/lateness?${month}`), 400, /month must be a month since 1970/);
    }
    expectUnfit(await get("/reports/lateness?month=2026-03&seller=1"), /unknown query member seller/);
  });

  test("revenue-by-day says what each day is worth", async () => {
    expect(await rows("revenue-by-day", "2026-04")).toEqual([
      {
        day: "2026-04-01",
        productCode: DEMO.productCode,
        productTitle: "Acme Logs",
        sellerAccountId: DEMO.seller,
        finalRevenue: "1.25",
        estimatedRevenue: "1.25",
        currency: "USD",
      },
    ]);
    const csv = await fetch(`${server.operatorUrl}/reports/revenue-by-day?month=2026-04`, {
      headers: { authorization: `Bearer ${server.operatorToken}` },
    });
    expect(csv.headers.get("content-disposition")).toContain("revenue-by-day-2026-04.csv");
    expect(await csv.text()).toBe(
      "Day,Product Code,Product Title,Seller AWS Account Number,Final Revenue,Adjustments,Provisional Revenue,Estimated Revenue,Currency\r\n" +
        `2026-04-01,${DEMO.productCode},Acme Logs,${DEMO.seller},1.25,,,1.25,USD\r\n`,
    );
  });

  test("duplicates, lateness and refusals go by the time of the calls", async () => {
    expect(await rows("duplicates", "2026-04")).toMatchObject([
      { customerAccountId: FIRST, dimension: "gb_ingested", refusedDuplicates: 1, refusedUnits: "6", replays: 1 },
    ]);
    expect(await rows("duplicates")).toEqual([]);
    expect(await rows("lateness")).toMatchObject([
      { age: "0 to 1 hours", ageHours: 0, records: 3, units: "2000000007" },
      { age: "3 to 4 hours", ageHours: 3, records: 1, units: "8" },
    ]);
    expect(await rows("refusals-by-rule", "2026-04")).toMatchObject([
      { operation: "BatchMeterUsage", code: "TimestampOutOfBoundsException", rule: "W1", refusedCalls: 1 },
    ]);
  });

  test("silent-customers and agreement-statement name agreements", async () => {
    const licence = { agreementId: "agmt-quiet", productCode: DEMO.productCode, customerAccountId: "222233334444" };
    await add(server, "/agreements", { ...licence, startsAt: "2026-03-20T00:30:00Z" });
    const silent = (await rows("silent-customers", "2026-04")) as { agreementId: string }[];
    expect(silent.find(({ agreementId }) => agreementId === "agmt-quiet")).toEqual({
      agreementId: "agmt-quiet",
      productCode: DEMO.productCode,
      productTitle: "Acme Logs",
      customerAccountId: "222233334444",
      silentHours: 12 * 24,
    });
    expect(silent.some(({ agreementId }) => agreementId === "agmt-demo1")).toBe(false);
    // A contract for numbers of users, of which nobody meters anything.
    expect(silent.some(({ agreementId }) => agreementId === "agmt-demo4")).toBe(false);
    const statement = (await rows("agreement-statement", "2026-04")) as { agreementId: string }[];
    expect(statement.filter(({ agreementId }) => ["agmt-demo1", "agmt-quiet"].includes(agreementId))).toMatchObject([
      {
        agreementId: "agmt-demo1",
        dimension: "gb_ingested",
        usageUnits: "5",
        usageUnitType: "GB",
        estimatedRevenue: "1.25",
      },
      { agreementId: "agmt-quiet", status: "active", startsAt: "2026-03-20T00:30:00.000Z" },
    ]);
  });
});

const marks = async (query: string): Promise<unknown> => {
  const { status, json } = await callOperator(server, "GET", `/usage/marks?${RANGE}&${query}`);
  expect(status).toBe(200);
  return (json as { items: unknown }).items;
};

describe("usage is marked where it did not go as it was meant", () => {
  test("a duplicate, by the hour and the day of its usage; a replay is none", async () => {
    const at = { product: DEMO.productCode, customer: FIRST, dimension: "gb_ingested" };
    expect(await marks("grain=hour")).toEqual([{ ...at, hour: "2026-04-01T00:00:00Z", duplicates: 1 }]);
    expect(await marks("")).toEqual([{ ...at, day: "2026-04-01", duplicates: 1 }]);
    expect(await marks("productCode=another")).toEqual([]);
  });

  test("what was refused, until it is accepted; of customers whom somebody knows", async () => {
    const other = await demoMarket({ now: "2026-04-10T09:30:00Z" });
    onTestFinished(async () => {
      await other.stop();
    });
    const client = officialClient(other.endpoint);
    const record = { CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 1 };
    const send = (...records: readonly Partial<UsageRecord>[]): Promise<unknown> =>
      client
        .send(
          new BatchMeterUsageCommand({
            ProductCode: DEMO.productCode,
            UsageRecords: records.map((one) => ({ ...record, Timestamp: new Date("2026-04-10T09:10:00Z"), ...one })),
          }),
        )
        .catch(() => undefined);
    const old = { Timestamp: new Date("2026-04-08T05:10:00Z") };
    // Refused as a whole, for one of its records: none of its usage is there.
    await send(old, {});
    await send({ CustomerIdentifier: "nobody", Dimension: "queries" });
    const range = "from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z";
    const refused = async (): Promise<unknown> => {
      const { json } = await callOperator(other, "GET", `/usage/marks?${range}&grain=hour`);
      return (json as { items: readonly { hour: string; refused: number }[] }).items.map((mark) => [
        mark.hour,
        mark.refused,
      ]);
    };
    expect(await refused()).toEqual([
      ["2026-04-08T05:00:00Z", 1],
      ["2026-04-10T09:00:00Z", 1],
    ]);
    await other.operator("PUT", "/clock", { now: "2026-04-10T09:31:00Z" });
    await send({});
    expect(await refused()).toEqual([["2026-04-08T05:00:00Z", 1]]);
    client.destroy();
  });

  test("a range that is none is a complaint", async () => {
    const answer = await get("/usage/marks?from=2026-05-01T00:00:00Z&to=2026-04-01T00:00:00Z");
    expectUnfit(answer, /to: must be later than from/);
    expectUnfit(await get(`/usage/marks?${RANGE}&grain=month`), /grain/);
  });
});

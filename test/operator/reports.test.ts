/** The seller report: AWS's columns, one row for each customer, product and dimension, whichever way it was metered. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { DEMO, officialClient } from "../support/server.ts";

const HEADER =
  "Customer Reference ID,User's State,User's Country,Product Title,Product Code,Instance Type,Usage Units,Usage Unit Type," +
  "Offering Description,Estimated Revenue,Currency,Offer ID,Offer Visibility,Customer AWS Account Number,Customer Country," +
  "Customer State,Customer City,Customer Zip Code,Customer Email Domain,Solution Title,Solution ID,Payer Reference ID," +
  "Payer Address ID";
const PATH = "/reports/usage-by-instance-type";
const ODD = "3abcdefghijklmnopqrstuvwx";
let server: DemoMarket;

beforeAll(async () => {
  server = await demoMarket({ now: "2026-03-10T12:00:00Z" });
  await add(server, "/accounts", { id: "999988887777" });
  const dimensions = [{ name: "calls" }];
  const product = { productCode: ODD, title: 'Logs, "the best"', type: "saas", pricing: "free", dimensions };
  await add(server, "/products", { ...product, seller: DEMO.seller });
  const customer = { customerAccountId: "444455556666", startsAt: "2020-01-01T00:00:00Z" };
  await add(server, "/agreements", { agreementId: "agmt-odd", productCode: ODD, ...customer });
  const meter = async (productCode: string | undefined, ...records: object[]): Promise<void> => {
    const UsageRecords = records.map((record) => ({ Timestamp: new Date("2026-03-10T11:30:00Z"), ...record }));
    const command = new BatchMeterUsageCommand({
      ...(productCode === undefined ? {} : { ProductCode: productCode }),
      UsageRecords: UsageRecords as never,
    });
    const { Results = [] } = await officialClient(server.endpoint).send(command);
    expect(Results.map(({ Status }) => Status)).toEqual(records.map(() => "Success"));
  };
  const first = { CustomerIdentifier: "demoCustomer1" };
  await meter(
    DEMO.productCode,
    { ...first, Dimension: "gb_ingested", Quantity: 2_000_000_000 },
    { ...first, Dimension: "gb_ingested", Quantity: 2_000_000_000, Timestamp: new Date("2026-03-10T10:30:00Z") },
    { ...first, Dimension: "queries", Quantity: 7 },
    { CustomerIdentifier: "demoCustomer2", Dimension: "gb_ingested", Quantity: 1 },
  );
  const LicenseArn = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001";
  await meter(undefined, { CustomerAWSAccountId: "444455556666", LicenseArn, Dimension: "queries", Quantity: 5 });
  await meter(ODD, { CustomerAWSAccountId: "444455556666", Dimension: "calls", Quantity: 3 });
});
afterAll(() => server.stop());

const get = async (query: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${server.operatorUrl}${PATH}?${query}`, {
    headers: { authorization: `Bearer ${server.operatorToken}`, ...headers },
  });
const refused = (query: string): Promise<OperatorAnswer> => callOperator(server, "GET", `${PATH}?${query}`);

test("S6: as CSV it has AWS's columns, quoted as RFC 4180 has it, and a row for each customer, product and dimension", async () => {
  const response = await get("month=2026-03");
  expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("content-disposition")).toContain("usage-by-instance-type-2026-03.csv");
  const nothing = ",".repeat(9);
  expect(await response.text()).toBe(
    [
      HEADER,
      // An identifier and a licence of the same customer are one row; other sums than a number holds are exact.
      `demoCustomer1,,,Acme Logs,${DEMO.productCode},gb_ingested,4000000000,GB,Usage,1000000000,USD,,,444455556666${nothing}`,
      `demoCustomer1,,,Acme Logs,${DEMO.productCode},queries,12,Thousand,Usage,0.12,USD,,,444455556666${nothing}`,
      `demoCustomer2,,,Acme Logs,${DEMO.productCode},gb_ingested,1,GB,Usage,0.25,USD,,,777788889999${nothing}`,
      `,,,"Logs, ""the best""",${ODD},calls,3,Units,Free,0,USD,,,444455556666${nothing}`,
      "",
    ].join("\r\n"),
  );
});

test("as JSON, by format or by Accept, it says the same with names", async () => {
  const byFormat = (await (await get("month=2026-03&format=json")).json()) as { rows: object[] };
  const byAccept = (await (await get("month=2026-03", { accept: "application/json" })).json()) as object;
  expect(byAccept).toEqual(byFormat);
  expect(byFormat).toMatchObject({ month: "2026-03", asOf: "2026-03-10T12:00:00.000Z" });
  expect(byFormat.rows[1]).toEqual({
    customerReferenceId: "demoCustomer1",
    customerAccountId: "444455556666",
    productCode: DEMO.productCode,
    productTitle: "Acme Logs",
    sellerAccountId: DEMO.seller,
    pricing: "usage",
    dimension: "queries",
    usageUnits: "12",
    usageUnitType: "Thousand",
    offeringDescription: "Usage",
    estimatedRevenue: "0.12",
    currency: "USD",
  });
  expect((await get("month=2026-03", { accept: "text/csv" })).headers.get("content-type")).toContain("text/csv");
  const forced = await get("month=2026-03&format=csv", { accept: "application/json" });
  expect(forced.headers.get("content-type")).toContain("text/csv");
});

test("a month without usage has a heading only, and so has another seller's", async () => {
  expect(await (await get("month=2026-04")).text()).toBe(`${HEADER}\r\n`);
  expect(await (await get("month=2026-03&sellerAccountId=999988887777")).text()).toBe(`${HEADER}\r\n`);
  const own = await (await get(`month=2026-03&sellerAccountId=${DEMO.seller}`)).text();
  expect(own.trimEnd().split("\r\n")).toHaveLength(5);
});

describe("what is no month is refused with 400:", () => {
  test.each(["", "month=", "month=2026", "month=2026-13", "month=March", "month=2026-03-01"])("%j", async (query) => {
    expectProblem(await refused(query), 400, /month must be a month since 1970, such as 2026-03/);
  });
});

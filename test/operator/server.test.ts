/** `/server` and `/search`: what serves, and whatever has a name in it; and the lists' own filters. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { DEMO, officialClient, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const NOW = "2026-07-20T12:00:00.000Z";
const folder = temporaryFolder();
let server: RunningServer;
beforeAll(async () => {
  const args = ["--store", `sqlite:${folder.path}/data`, "--clock", `manual:${NOW}`, "--rules", "current"];
  server = await startServer([...args, "--quotas", "aws", "--retention-days", "90"]);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

async function jsonOf(path: string): Promise<unknown> {
  const { status, json, text } = await callOperator(server, "GET", path);
  expect(status, text).toBe(200);
  return json;
}

test("the server says what it is, how it was started, and who asks", async () => {
  const found = (await jsonOf("/server")) as Record<string, unknown>;
  expect(found).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    ruleSet: "current",
    lab: true,
    clock: { mode: "manual", now: NOW },
    store: { kind: "sqlite" },
    quotas: "aws",
    retentionDays: 90,
    you: { principal: "operator", role: "operator" },
    node: expect.stringMatching(/^v\d+/) as string,
    ready: true,
    remarks: [],
    activityReaders: 0,
    rawRequests: { held: 0, bytes: 0 },
  });
  expect(Number(found["logBytes"])).toBeGreaterThanOrEqual(0);
  expect(JSON.stringify(found)).not.toContain(server.operatorToken);
});

const search = async (q: string): Promise<unknown[]> =>
  ((await jsonOf(`/search?q=${encodeURIComponent(q)}`)) as { items: unknown[] }).items;

test("names are found by how they begin, and titles by any part of them, in letters of either case", async () => {
  expect(await search("AGMT-DEMO1")).toEqual([
    { kind: "agreement", id: "agmt-demo1", productCode: DEMO.productCode, accountId: "444455556666" },
  ]);
  expect(await search("0abc")).toEqual([
    expect.objectContaining({ kind: "product", id: DEMO.productCode, accountId: DEMO.seller }) as object,
  ]);
  expect(await search("democustomer1")).toEqual([
    { kind: "customer", id: "444455556666", title: "demoCustomer1", accountId: "444455556666" },
  ]);
  expect(await search(DEMO.accessKeyId)).toEqual([
    { kind: "access-key", id: DEMO.accessKeyId, title: expect.any(String) as string, accountId: DEMO.seller },
  ]);
  expect(await search("emoCustomer")).toEqual([]);
  expect(await search("   ")).toEqual([]);
});

test("requests and metering records are found by their whole ids", async () => {
  const client = officialClient(server.endpoint);
  const UsageRecords = [
    { Timestamp: new Date(NOW), CustomerIdentifier: DEMO.customers[0], Dimension: "seats", Quantity: 1 },
  ];
  const { $metadata, Results } = await client.send(
    new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }),
  );
  client.destroy();
  const request = { kind: "request", id: $metadata.requestId };
  expect(await search($metadata.requestId as string)).toEqual([
    { ...request, title: "BatchMeterUsage", accountId: DEMO.seller },
  ]);
  const record = Results?.[0]?.MeteringRecordId as string;
  expect(await search(record.toUpperCase())).toEqual([request, { kind: "metering-record", id: record }]);
  expect(await search(record.slice(0, 30))).toEqual([]);
  // The request made no record of this number.
  expect(await search(`${record.slice(0, 34)}07`)).toEqual([]);
});

test.each([
  ["", "q: Too small: expected string to have >=1 characters"],
  ["x".repeat(201), "q: Too big: expected string to have <=200 characters"],
])("a search for %j does not fit", async (q, complaint) => {
  expectProblem(await callOperator(server, "GET", `/search?q=${q}`), 422, /does not fit/, [complaint]);
});

test.each(["%", "_", "*", ".*", "'; DROP TABLE entry; --", "\u0000", "<img src=x onerror=alert(1)>", "../../etc"])(
  "a search for %j finds nothing, and does no harm",
  async (q) => {
    expect(await search(q)).toEqual([]);
  },
);

const ids = async (path: string, name: string): Promise<unknown[]> =>
  ((await jsonOf(path)) as { items: Record<string, unknown>[] }).items.map((item) => item[name]);

test("agreements are listed by product, customer, state and text; products and accounts by theirs", async () => {
  expect(await ids(`/agreements?productCode=${DEMO.productCode}`, "agreementId")).toEqual(["agmt-demo1", "agmt-demo2"]);
  expect(await ids("/agreements?customerAccountId=222233334444&state=active", "agreementId")).toEqual([
    "agmt-demo3",
    "agmt-demo5",
  ]);
  expect(await ids("/agreements?state=cancelled", "agreementId")).toEqual([]);
  expect(await ids("/agreements?q=DEMO4&limit=1", "agreementId")).toEqual(["agmt-demo4"]);
  expect(await ids("/products?seller=999999999999", "productCode")).toEqual([]);
  expect(await ids("/products?q=0ABC", "productCode")).toEqual([DEMO.productCode]);
  expect(await ids("/accounts?q=111122", "id")).toEqual([DEMO.seller]);
  const wrong = await callOperator(server, "GET", "/agreements?state=gone");
  expectProblem(wrong, 422, /does not fit/, [expect.stringContaining("state: Invalid option") as string]);
});

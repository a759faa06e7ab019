/**
 * What is answered in AWS JSON, byte for byte, as it was recorded before there was another protocol: whatever is added beside
 * it, its callers see nothing of it. Ids, tokens and times differ each time, and stand here as what they are.
 */
import { entitlementService, meteringService, trailService } from "@countinghouse/protocol";
import { afterAll, beforeAll, expect } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { send, signed, wireRequest, withHeaders, type RawAnswer, type RawRequest } from "../support/raw-client.ts";
import { CONTRACT, DEMO } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "its clock stands still" });

const NOW = "2026-03-04T05:06:07.000Z";
const AT = Date.parse(NOW) / 1_000;

let server: DemoMarket;

beforeAll(async () => {
  server = await demoMarket({ now: NOW });
});

afterAll(() => server.stop());

const ask = (operation: string, input: object | string | Buffer, service = meteringService): RawRequest =>
  signed(wireRequest(server.endpoint, operation, input, service), { service: service.signingName });

const usage = { Timestamp: AT - 0.5, CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 7 };
const batch = (...records: object[]): object => ({ ProductCode: DEMO.productCode, UsageRecords: records });
const split = {
  ...usage,
  Dimension: "seats",
  UsageAllocations: [
    { AllocatedUsageQuantity: 3, Tags: [{ Key: "team", Value: "research" }] },
    { AllocatedUsageQuantity: 4 },
  ],
};

/** Made one after the other, each once those before it are answered. */
const REQUESTS: readonly (readonly [string, () => RawRequest])[] = [
  ["usage", () => ask("BatchMeterUsage", batch(usage, split))],
  ["the same, and otherwise", () => ask("BatchMeterUsage", batch(usage, { ...usage, Quantity: 8 }))],
  ["no records", () => ask("BatchMeterUsage", batch())],
  ["violations", () => ask("BatchMeterUsage", { ProductCode: "", UsageRecords: [{ ...usage, Quantity: -1 }, {}] })],
  ["a value of the wrong type", () => ask("BatchMeterUsage", batch({ ...usage, Quantity: "7" }))],
  ["a time in text", () => ask("BatchMeterUsage", batch({ ...usage, Timestamp: NOW }))],
  ["a tag that is none", () => ask("BatchMeterUsage", batch({ ...usage, UsageAllocations: [{ AllocatedUsageQuantity: 7, Tags: [{ Key: "Größe" }] }] }))],
  ["old usage", () => ask("BatchMeterUsage", batch({ ...usage, Timestamp: AT - 21_601 }))],
  ["an unknown dimension", () => ask("BatchMeterUsage", batch({ ...usage, Dimension: "größe" }))],
  ["another seller's operation", () => ask("MeterUsage", { ProductCode: DEMO.productCode, Timestamp: AT, UsageDimension: "seats" })],
  ["no resource", () => ask("RegisterUsage", { ProductCode: DEMO.productCode, PublicKeyVersion: 1 })],
  ["a token that is none", () => ask("ResolveCustomer", { RegistrationToken: "bWFkZSB1cA" })],
  ["entitlements", () => ask("GetEntitlements", { ProductCode: CONTRACT.productCode }, entitlementService)],
  ["a page of them", () => ask("GetEntitlements", { ProductCode: CONTRACT.productCode, MaxResults: 1 }, entitlementService)],
  ["a filter of another kind", () => ask("GetEntitlements", { ProductCode: CONTRACT.productCode, Filter: { COLOUR: [] } }, entitlementService)],
  ["a filter in two ways", () => ask("GetEntitlements", {
    ProductCode: CONTRACT.productCode,
    Filter: { CUSTOMER_IDENTIFIER: ["a"], CUSTOMER_AWS_ACCOUNT_ID: ["b"] },
  }, entitlementService)],
  ["too many events", () => ask("LookupEvents", { MaxResults: 51 }, trailService)],
  ["events of nothing", () => ask("LookupEvents", { EndTime: 1 }, trailService)],
  ["an unknown operation", () => ask("MeterEverything", {})],
  ["an operation of another service", () => ask("GetEntitlements", {})],
  ["no body", () => ask("BatchMeterUsage", "")],
  ["no body, and no operation", () => ask("MeterEverything", "")],
  ["no JSON", () => ask("BatchMeterUsage", "{")],
  ["no object", () => ask("BatchMeterUsage", "7")],
  ["no UTF-8", () => ask("BatchMeterUsage", Buffer.from([0x22, 0xff, 0x22]))],
  ["another media type", () => signed(withHeaders(wireRequest(server.endpoint, "BatchMeterUsage", {}), { "content-type": "text/plain" }))],
  ["plain JSON", () => signed(withHeaders(wireRequest(server.endpoint, "BatchMeterUsage", {}), { "content-type": "application/json" }))],
  ["no target", () => signed(withHeaders(wireRequest(server.endpoint, "BatchMeterUsage", {}), { "x-amz-target": undefined }))],
  ["neither target nor media type", () => signed(withHeaders(wireRequest(server.endpoint, "x", {}), { "x-amz-target": undefined, "content-type": undefined }))],
  ["no signature", () => wireRequest(server.endpoint, "BatchMeterUsage", {})],
  ["a wrong secret", () => signed(wireRequest(server.endpoint, "BatchMeterUsage", {}), { secretAccessKey: "wrong" })],
  ["an unknown key", () => signed(wireRequest(server.endpoint, "BatchMeterUsage", {}), { accessKeyId: "AKIAUNKNOWN000000000" })],
  ["another service's signature", () => signed(wireRequest(server.endpoint, "BatchMeterUsage", {}), { service: "sts" })],
  ["no permission", () => signed(wireRequest(server.endpoint, "BatchMeterUsage", {}), { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" })],
  ["another method", () => ({ ...wireRequest(server.endpoint, "BatchMeterUsage", ""), method: "PUT" })],
  ["a preflight", () => ({ ...withHeaders(wireRequest(server.endpoint, "x", ""), { origin: "http://page.example", "x-amz-target": undefined }), method: "OPTIONS" })],
  ["a page's request", () => withHeaders(wireRequest(server.endpoint, "BatchMeterUsage", {}), { origin: "http://page.example" })],
  ["a megabyte", () => ask("BatchMeterUsage", " ".repeat(1_048_576))],
]; // prettier-ignore

/** One answer, but for what is never the same twice, and for Node's own headers. */
function written({ status, headers, text }: RawAnswer): string {
  const { date: _date, connection: _connection, "keep-alive": _keepAlive, ...own } = headers;
  const lines = Object.entries(own).map(([name, value]) => `${name}: ${String(value)}`);
  return [`HTTP ${status}`, ...lines, "", text]
    .join("\n")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replaceAll(/"NextToken":"[^"]+"/g, '"NextToken":"<token>"');
}

test("AWS JSON is answered as it always was, whatever other protocols there are", async () => {
  const answers: string[] = [];
  for (const [what, request] of REQUESTS) {
    answers.push(`# ${what}\n${written(await send(server.endpoint, request()))}`);
  }
  await expect(`${answers.join("\n\n")}\n`).toMatchFileSnapshot("../fixtures/recorded-json-answers.txt");
});

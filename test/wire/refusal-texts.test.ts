/**
 * The texts of refusals, over the wire: each names what was sent, by the wire's own name of the member, and where programs
 * were seen to look for the service's words, those are in it. A token is in none.
 */
import { entitlementService, meteringService, operations, trailService, type RuleId } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect } from "vitest";
import { BUYER, PRODUCTS, ROLE, openMarket, taskArn } from "../resources/market.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest, withHeaders } from "../support/raw-client.ts";
import { sessionOf, type SessionCredentials } from "../support/resource-session.ts";
import { CONTRACT, DEMO } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it has two of them, with manual clocks" });

const NOW = Date.parse("2026-08-01T07:00:00Z");
const SECONDS = NOW / 1_000;
const OTHER_SELLER = { id: "999900001111", accessKeyId: "AKIAOTHERSELLER00001", secretAccessKey: "other-secret" };
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last.padStart(32, "0")}`;

let classic: DemoMarket;
let current: DemoMarket;
let task: SessionCredentials;
let instance: SessionCredentials;

beforeAll(async () => {
  const now = new Date(NOW);
  [classic, current] = await Promise.all([demoMarket({ now }), demoMarket({ now, rules: "current" })]);
  const { id, ...key } = OTHER_SELLER;
  await add(classic, "/accounts", { id, users: [{ name: "metering", ...key }] });
  const product = { title: "A product", pricing: "usage", dimensions: [{ name: "seats" }], seller: DEMO.seller };
  await add(classic, "/products", { ...product, productCode: "image", type: "ami" });
  const agreement = { customerAccountId: "444455556666", startsAt: "2020-01-01T00:00:00Z" };
  await add(classic, "/agreements", { ...agreement, agreementId: "a", productCode: "image", licenseArn: licence("a") });
  const ended = { agreementId: "e", productCode: DEMO.productCode, endsAt: "2026-07-01T00:00:00Z" };
  await add(classic, "/agreements", { ...agreement, ...ended, licenseArn: licence("e") });
  await openMarket(classic);
  const resource = { accountId: BUYER, roleName: ROLE };
  const sessions = [
    sessionOf(classic, { ...resource, platform: "ecs", externalId: taskArn(1) }),
    sessionOf(classic, { ...resource, platform: "ec2", externalId: "i-0123456789abcdef0" }),
  ];
  [task, instance] = (await Promise.all(sessions)).map(({ credentials }) => credentials) as [typeof task, typeof task];
  await refused("MeterUsage", METERED, task);
});

afterAll(() => Promise.all([classic.stop(), current.stop()]));

const SERVICES = { GetEntitlements: entitlementService, LookupEvents: trailService } as const;

/** The text of the refusal; empty where there was none. */
async function refused(
  operation: string,
  input: object,
  by: Partial<SessionCredentials> = {},
  { server = classic, region = "us-east-1" } = {},
): Promise<string> {
  const service = SERVICES[operation as keyof typeof SERVICES] ?? meteringService;
  const request = withHeaders(wireRequest(server.endpoint, operation, input, service), {
    "x-amz-security-token": by.sessionToken,
  });
  const { sessionToken: _, ...key } = by;
  const answer = await send(server.endpoint, signed(request, { ...key, region, service: service.signingName }));
  const { message = "" } = jsonOf(answer) as { readonly message?: string };
  return message;
}

const record = (over: object = {}): object => ({
  Timestamp: SECONDS,
  CustomerIdentifier: "demoCustomer1",
  Dimension: "seats",
  Quantity: 10,
  ...over,
});
const batch = (over: object = {}, ProductCode: string | undefined = DEMO.productCode): object => ({
  ProductCode,
  UsageRecords: [record(), record(over)],
});
const licensed = (...records: readonly object[]): object => ({
  UsageRecords: records.map((over) => record({ CustomerIdentifier: undefined, ...over })),
});
const buyer = { CustomerAWSAccountId: "444455556666" };
const team = { Key: "team", Value: "red" };
const bucket = { AllocatedUsageQuantity: 5, Tags: [team] };
const METERED = { ProductCode: PRODUCTS.container, Timestamp: SECONDS, UsageDimension: "gb", UsageQuantity: 3 };
const metered = (over: object = {}): object => ({ ...METERED, UsageDimension: "calls", ...over });
const registered = (over: object = {}): object => ({ ProductCode: PRODUCTS.hourly, PublicKeyVersion: 1, ...over });
const lookUp = (AttributeKey: string, AttributeValue: string): object => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});

type Row = readonly [rule: RuleId, what: string, text: () => Promise<string>, ...holds: readonly string[]];

const rows: readonly Row[] = [
  ["R1", "region", () => refused("BatchMeterUsage", batch(), {}, { region: "us-gov-west-1" }), "us-gov-west-1"],
  ["I1", "both identities", () => refused("BatchMeterUsage", batch(buyer)), "CustomerIdentifier 'demoCustomer1'", "CustomerAWSAccountId '444455556666'", "sage record 2"],
  ["I1", "neither identity", () => refused("BatchMeterUsage", batch({ CustomerIdentifier: undefined })), "CustomerIdentifier", "CustomerAWSAccountId", "neither"],
  ["I3", "product code and licence", () => refused("BatchMeterUsage", { ProductCode: "p", ...licensed({ ...buyer, LicenseArn: licence("1") }) }), "ProductCode 'p'", `LicenseArn '${licence("1")}'`],
  ["I3", "identifier and licence", () => refused("BatchMeterUsage", licensed({ CustomerIdentifier: "c", LicenseArn: licence("1") })), "CustomerIdentifier 'c'", `LicenseArn '${licence("1")}'`, "CustomerAWSAccountId"],
  ["I2", "neither product code nor licence", () => refused("BatchMeterUsage", licensed(buyer)), "ProductCode", "LicenseArn"],
  ["P1", "product code", () => refused("BatchMeterUsage", batch({}, "nothing")), "ProductCode 'nothing'"],
  ["I5", "licence", () => refused("BatchMeterUsage", licensed({ ...buyer, LicenseArn: licence("9") })), `LicenseArn '${licence("9")}'`, "CustomerAWSAccountId '444455556666'"],
  ["I5", "licence of another product", () => refused("BatchMeterUsage", licensed({ ...buyer, LicenseArn: licence("e") }, { ...buyer, LicenseArn: licence("a") })), `LicenseArn '${licence("a")}'`, "sage record 2"],
  ["P2", "product of another type", () => refused("BatchMeterUsage", batch({}, "image")), "ProductCode 'image'", "an AMI product", "SaaS"],
  ["P2", "licence of another type", () => refused("BatchMeterUsage", licensed({ ...buyer, LicenseArn: licence("a") })), `LicenseArn '${licence("a")}'`],
  ["I4", "identifier", () => refused("BatchMeterUsage", batch({ CustomerIdentifier: "nobody" })), "CustomerIdentifier 'nobody'", "sage record 2"],
  ["I4", "account", () => refused("BatchMeterUsage", batch({ CustomerIdentifier: undefined, CustomerAWSAccountId: "1" })), "CustomerAWSAccountId '1'"],
  ["U1", "dimension", () => refused("BatchMeterUsage", batch({ Dimension: "nothing" })), "UsageDimension 'nothing'", `invalid for ProductCode '${DEMO.productCode}'`, "sage record 2"],
  ["W3", "time ahead", () => refused("BatchMeterUsage", batch({ Timestamp: SECONDS + 3_600 })), "Timestamp 2026-08-01T08:00:00.000Z", "sage record 2"],
  ["W1", "time past", () => refused("BatchMeterUsage", batch({ Timestamp: SECONDS - 25_200 })), "Timestamp 2026-08-01T00:00:00.000Z"],
  ["W4", "time past", () => refused("BatchMeterUsage", batch({ Timestamp: SECONDS - 86_400 }), {}, { server: current }), "Timestamp 2026-07-31T07:00:00.000Z"],
  ["W2", "the month before", () => refused("BatchMeterUsage", batch({ Timestamp: SECONDS - 28_800 }), {}, { server: current }), "Timestamp 2026-07-31T23:00:00.000Z"],
  ["A5", "a key twice", () => refused("BatchMeterUsage", batch({ UsageAllocations: [{ AllocatedUsageQuantity: 10, Tags: [team, team] }] })), "Key 'team'", "UsageAllocations 1", "sage record 2"],
  ["A2", "tags twice", () => refused("BatchMeterUsage", batch({ UsageAllocations: [bucket, bucket] })), "Tags 'team=red'", "UsageAllocations 2"],
  ["A1", "a sum", () => refused("BatchMeterUsage", batch({ UsageAllocations: [bucket] })), "AllocatedUsageQuantity", "5", "and Quantity is 10"],
  ["I6", "a licence that has ended", () => refused("BatchMeterUsage", licensed({ ...buyer, LicenseArn: licence("e") })), `LicenseArn '${licence("e")}'`, "Timestamp, 2026-08-01T07:00:00.000Z"],

  ["X1", "no resource", () => refused("MeterUsage", metered()), "MeterUsage", DEMO.seller],
  ["M1", "region", () => refused("MeterUsage", metered(), task, { region: "eu-west-1" }), "eu-west-1", "us-east-1"],
  ["M2", "product code", () => refused("MeterUsage", metered({ ProductCode: "nothing" }), task), "ProductCode 'nothing'"],
  ["P2", "product", () => refused("MeterUsage", metered({ ProductCode: DEMO.productCode }), task), `ProductCode '${DEMO.productCode}'`, "MeterUsage"],
  ["M3", "platform", () => refused("MeterUsage", metered({ ProductCode: PRODUCTS.image }), task), `ProductCode '${PRODUCTS.image}'`, "ECS tasks"],
  ["U1", "dimension", () => refused("MeterUsage", metered({ UsageDimension: "none" }), task), "UsageDimension 'none'", `invalid for ProductCode '${PRODUCTS.container}'`],
  ["W3", "time ahead", () => refused("MeterUsage", metered({ Timestamp: SECONDS + 3_600 }), task), "Timestamp 2026-08-01T08:00:00.000Z"],
  ["W1", "time past", () => refused("MeterUsage", metered({ Timestamp: SECONDS - 25_200 }), task), "Timestamp 2026-08-01T00:00:00.000Z"],
  ["A5", "a key twice", () => refused("MeterUsage", metered({ UsageAllocations: [{ AllocatedUsageQuantity: 3, Tags: [team, team] }] }), task), "Key 'team'"],
  ["A2", "tags twice", () => refused("MeterUsage", metered({ UsageAllocations: [{ AllocatedUsageQuantity: 3 }, { AllocatedUsageQuantity: 3 }] }), task), "no Tags", "UsageAllocations 2"],
  ["A1", "a sum", () => refused("MeterUsage", metered({ UsageAllocations: [bucket] }), task), "AllocatedUsageQuantity", "UsageQuantity is 3"],
  ["M4", "a client token", async () => {
    await refused("MeterUsage", metered({ ClientToken: "used" }), task);
    return refused("MeterUsage", metered({ ClientToken: "used", UsageQuantity: 4 }), task);
  }, "ClientToken 'used'", "UsageDimension 'calls'", "UsageQuantity 3"],
  ["M5", "a quantity", () => refused("MeterUsage", { ...METERED, UsageQuantity: 4 }, task), "UsageDimension 'gb'", `ProductCode '${PRODUCTS.container}'`, "UsageQuantity 3", "4"],
  ["M5", "a split", () => refused("MeterUsage", { ...METERED, UsageAllocations: [{ AllocatedUsageQuantity: 3 }] }, task), "UsageAllocations"],
  ["M6", "no agreement", () => refused("MeterUsage", metered({ ProductCode: PRODUCTS.unsoldContainer }), task), `ProductCode '${PRODUCTS.unsoldContainer}'`, BUYER],

  ["X2", "an instance", () => refused("RegisterUsage", registered(), instance), "This operation can only be called from within an ECS task or an EKS pod", "EC2 instance", BUYER],
  ["X2", "no resource", () => refused("RegisterUsage", registered()), "This operation can only be called from within an ECS task or an EKS pod", DEMO.seller],
  ["Y1", "region", () => refused("RegisterUsage", registered(), task, { region: "eu-west-1" }), "eu-west-1", "us-east-1"],
  ["Y2", "product code", () => refused("RegisterUsage", registered({ ProductCode: "nothing" }), task), "ProductCode 'nothing'"],
  ["P2", "product", () => refused("RegisterUsage", registered({ ProductCode: PRODUCTS.container }), task), `ProductCode '${PRODUCTS.container}'`, "RegisterUsage"],
  ["Y3", "key version", () => refused("RegisterUsage", registered({ PublicKeyVersion: 99 }), task), "PublicKeyVersion 99"],
  ["Y4", "no agreement", () => refused("RegisterUsage", registered({ ProductCode: PRODUCTS.unsoldHourly }), task), `ProductCode '${PRODUCTS.unsoldHourly}'`, BUYER],

  ["T2", "no token of ours", () => refused("ResolveCustomer", { RegistrationToken: "made-up" }), "Registration token is invalid", "RegistrationToken"],
  ["T3", "another seller's", async () => refused("ResolveCustomer", { RegistrationToken: await registrationToken(classic, "agmt-demo1") }, OTHER_SELLER), "Registration token is invalid", "RegistrationToken"],
  ["P2", "a product of another type", async () => refused("ResolveCustomer", { RegistrationToken: await registrationToken(classic, "a") }), "Registration token is invalid", "ProductCode 'image'"],
  ["T1", "an old token", async () => {
    const RegistrationToken = await registrationToken(current, "agmt-demo1");
    await moveClock(current, { advanceSeconds: 14_400 });
    return refused("ResolveCustomer", { RegistrationToken }, {}, { server: current });
  }, "RegistrationToken", "2026-08-01T11:00:00.000Z"],

  ["E3", "two kinds of customers", () => refused("GetEntitlements", { ProductCode: CONTRACT.productCode, Filter: { CUSTOMER_IDENTIFIER: ["c"], CUSTOMER_AWS_ACCOUNT_ID: ["1"] } }), "CUSTOMER_IDENTIFIER", "CUSTOMER_AWS_ACCOUNT_ID", "'c'", "'1'"],
  ["E5", "a page token", () => refused("GetEntitlements", { ProductCode: CONTRACT.productCode, NextToken: "made-up" }), "NextToken"],

  ["V2", "two attributes", () => refused("LookupEvents", { LookupAttributes: [{ AttributeKey: "EventId", AttributeValue: "1" }, { AttributeKey: "Username", AttributeValue: "2" }] }), "LookupAttributes", "2", "EventId, Username"],
  ["V2", "a key", () => refused("LookupEvents", lookUp("Colour", "red")), "AttributeKey 'Colour'"],
  ["V2", "a long value", () => refused("LookupEvents", lookUp("EventId", "x".repeat(2_001))), "AttributeValue of EventId", "2001"],
  ["V2", "a value of ReadOnly", () => refused("LookupEvents", lookUp("ReadOnly", "yes")), "AttributeValue 'yes' of ReadOnly"],
  ["V6", "a category", () => refused("LookupEvents", { EventCategory: "data" }), "EventCategory 'data'"],
  ["V4", "a number", () => refused("LookupEvents", { MaxResults: 51 }), "MaxResults 51"],
  ["V3", "times", () => refused("LookupEvents", { StartTime: SECONDS, EndTime: SECONDS - 60 }), "StartTime 2026-08-01T07:00:00.000Z", "EndTime 2026-08-01T06:59:00.000Z"],
  ["V5", "a page token", () => refused("LookupEvents", { NextToken: "made-up" }), "NextToken"],
]; // prettier-ignore

const table = rows.map(([rule, what, text, ...holds]) => ({ rule, what, text, holds }));

test.each(table)("Rule $rule: $what", async ({ text, holds }) => {
  const message = await text();
  for (const part of holds) expect(message).toContain(part);
  expect(message, "a token").not.toContain("made-up");
});

test("and no rule of an operation's own is left out", () => {
  const told = new Set(rows.map(([rule]) => rule));
  for (const { refuses } of operations) expect(refuses.filter((rule) => !told.has(rule))).toEqual([]);
});

test("whatever a value is, the text that names it is bounded, and can be printed", async () => {
  const unit = fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code));
  const odd = fc.string({ unit, minLength: 1, maxLength: 255 });
  await fc.assert(
    fc.asyncProperty(odd, odd, async (Dimension, CustomerIdentifier) => {
      for (const message of [
        await refused("BatchMeterUsage", batch({ Dimension })),
        await refused("BatchMeterUsage", batch({ CustomerIdentifier })),
        await refused("MeterUsage", metered({ UsageDimension: Dimension }), task),
      ]) {
        expect(message).not.toBe("");
        expect(message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(message.length).toBeLessThan(2_000);
      }
    }),
    { numRuns: 20 },
  );
});

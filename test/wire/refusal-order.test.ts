/**
 * The order of refusals, over the wire: a request with everything wrong is refused for the first reason of the rule
 * book's list, that reason is mended, the next one is met, to the end of the list, and then it succeeds.
 */
import {
  batchMeterUsage,
  getEntitlements,
  lookupEvents,
  meterUsage,
  refusalOrderOf,
  registerUsage,
  resolveCustomer,
} from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { BUYER as RESOURCE_OWNER, PRODUCTS, ROLE, openMarket, taskArn } from "../resources/market.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, registrationToken } from "../support/operator-api.ts";
import { addDeniedUser, attempt, fromTheFirstByte, walk, type Draft, type Reason } from "../support/refusal-walk.ts";
import { sessionOf } from "../support/resource-session.ts";
import { DEMO, type Served } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock, under both rule sets" });

/** Shortly after the turn of a month, so that all windows can be met. */
const NOW = Date.parse("2026-08-01T07:00:00Z");
const OTHER_SELLER = "999900001111";
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last.padStart(32, "0")}`;

let classic: DemoMarket;
let current: DemoMarket;

beforeAll(async () => {
  const now = new Date(NOW);
  [classic, current] = await Promise.all([demoMarket({ now }), demoMarket({ now, rules: "current" })]);
  await Promise.all([classic, current].map(prepare));
});

afterAll(() => Promise.all([classic.stop(), current.stop()]));

/** Beside the demo: a foreign product, one that is no SaaS product, a licence that has run out, a user who may do nothing. */
async function prepare(server: Served): Promise<void> {
  await add(server, "/accounts", { id: OTHER_SELLER });
  const product = { title: "A product", type: "saas", pricing: "usage", dimensions: [{ name: "seats" }] };
  await add(server, "/products", { ...product, productCode: "foreign", seller: OTHER_SELLER });
  await add(server, "/products", { ...product, productCode: "image", seller: DEMO.seller, type: "ami" });
  const agreement = { customerAccountId: "444455556666", startsAt: "2020-01-01T00:00:00Z" };
  await add(server, "/agreements", {
    ...agreement,
    agreementId: "f",
    productCode: "foreign",
    licenseArn: licence("f"),
  });
  await add(server, "/agreements", { ...agreement, agreementId: "a", productCode: "image", licenseArn: licence("a") });
  const ended = { agreementId: "e", productCode: DEMO.productCode, endsAt: "2026-07-01T00:00:00Z" };
  await add(server, "/agreements", { ...agreement, ...ended, licenseArn: licence("e") });
  await openMarket(server);
  await addDeniedUser(server);
}

const seconds = (offsetHours: number): number => NOW / 1000 + offsetHours * 3_600;
const batch = (record: object, ProductCode?: string): Draft["input"] => ({ ProductCode, UsageRecords: [record] });
const tokenInput = (RegistrationToken: unknown): Draft["input"] => ({ RegistrationToken });

describe("BatchMeterUsage refuses in the order of the rule book,", () => {
  const twice = { Key: "team", Value: "a" };
  const bucket = { AllocatedUsageQuantity: 1, Tags: [twice] };
  const BUYER = { CustomerAWSAccountId: "444455556666" };
  const hopeless = {
    Timestamp: seconds(24),
    Dimension: "nothing",
    Quantity: 3,
    UsageAllocations: [{ AllocatedUsageQuantity: 1, Tags: [twice, twice] }, bucket, bucket],
  };

  /** From the dimension on, for a record that is right up to there. */
  function perRecord(record: object, rule: "W1" | "W4", ProductCode?: string): Reason[] {
    const at = (over: object): Partial<Draft> => ({ input: batch({ ...record, ...over }, ProductCode) });
    const known = { Dimension: "seats" };
    const late = rule === "W1" ? 6.01 : 24;
    const inTime = { ...known, Timestamp: seconds(0) };
    const unequal = { ...inTime, UsageAllocations: [bucket, { AllocatedUsageQuantity: 1 }] };
    const monthEnd: Reason[] = rule === "W1" ? [] : [["W2", "TimestampOutOfBoundsException", at(inTime)]];
    return [
      ["U1", "InvalidUsageDimensionException", at(known)],
      ["W3", "TimestampOutOfBoundsException", at({ ...known, Timestamp: seconds(-late) })],
      [rule, "TimestampOutOfBoundsException", at(rule === "W1" ? inTime : { ...known, Timestamp: seconds(-12) })],
      ...monthEnd,
      ["A5", "InvalidTagException", at({ ...inTime, UsageAllocations: [bucket, bucket] })],
      ["A2", "InvalidUsageAllocationsException", at(unequal)],
      ["A1", "InvalidUsageAllocationsException", at({ ...unequal, Quantity: 2 })],
    ];
  }

  test.each([
    ["W1", () => classic],
    ["W4", () => current],
  ] as const)(
    "by product code (%s; Rules L1, D4, N2, N1, N3, D3, L5, R1, I1, I3, I2, P1, P2, I4, U1, …)",
    async (rule, of) => {
      const server = of();
      const first = batch({ ...hopeless, ...BUYER, CustomerIdentifier: "nobody" }, "nothing");
      const [start, common] = fromTheFirstByte(first, { UsageRecords: "none" }, batch({ Dimension: "" }));
      const named = { ...hopeless, CustomerIdentifier: "nobody" };
      const customer = { ...hopeless, CustomerIdentifier: "demoCustomer1" };
      await walk(server, batchMeterUsage, { ...start, region: "us-gov-west-1" }, [
        ...common,
        ["R1", "DisabledApiException", { region: "us-east-1" }],
        [
          "I1",
          "InvalidCustomerIdentifierException",
          { input: batch({ ...named, LicenseArn: licence("1") }, "nothing") },
        ],
        ["I3", "InvalidProductCodeException", { input: batch(named) }],
        ["I2", "InvalidProductCodeException", { input: batch(named, "nothing") }],
        ["P1", "InvalidProductCodeException", { input: batch(named, "foreign") }],
        ["P1", "InvalidProductCodeException", { input: batch(named, "image") }],
        ["P2", "InvalidProductCodeException", { input: batch(named, DEMO.productCode) }],
        ["I4", "InvalidCustomerIdentifierException", { input: batch(customer, DEMO.productCode) }],
        ...perRecord(customer, rule, DEMO.productCode),
      ]);
    },
  );

  test("by licence (Rules I3, I5, P2, U1, W3, W1, A5, A2, A1, I6)", async () => {
    const of = (last: string): object => ({ ...hopeless, ...BUYER, LicenseArn: licence(last) });
    const identified = { ...hopeless, CustomerIdentifier: "demoCustomer1", LicenseArn: licence("1") };
    const reasons = perRecord(of("e"), "W1");
    const mended = reasons.at(-1)?.[2].input as { UsageRecords: object[] } | undefined;
    await walk(classic, batchMeterUsage, { input: batch(identified) }, [
      ["I3", "InvalidCustomerIdentifierException", { input: batch(of("99")) }],
      ["I5", "InvalidLicenseException", { input: batch(of("f")) }],
      ["I5", "InvalidLicenseException", { input: batch(of("2")) }],
      ["I5", "InvalidLicenseException", { input: { UsageRecords: [of("e"), of("a")] } }],
      ["I5", "InvalidLicenseException", { input: batch(of("a")) }],
      ["P2", "InvalidLicenseException", { input: batch(of("e")) }],
      ...reasons,
      ["I6", "InvalidLicenseException", { input: batch({ ...mended?.UsageRecords[0], LicenseArn: licence("1") }) }],
    ]);
  });

  test("and the walks leave nothing of the list out", () => {
    // The quota (Rule Q2) has a suite of its own, `quotas.test.ts`.
    const walked = ["L1", "D4", "N2", "N1", "Q2", "N3", "D3", "L5", "R1", "I1", "I3", "I2", "P1", "I5", "P2", "I4"];
    const records = ["U1", "W3", "W1", "W4", "W2", "A5", "A2", "A1", "I6"];
    expect(refusalOrderOf(batchMeterUsage)).toEqual([...walked, ...records]);
  });
});

describe("calls of resources are refused in the order of the rule book:", () => {
  const task = { platform: "ecs", accountId: RESOURCE_OWNER, roleName: ROLE } as const;

  test("MeterUsage (Rules L1, D4, N2, N1, N3, D3, L5, X1, M1, M2, P2, M3, U1, W3, W1, A5, A2, A1, M4, …)", async () => {
    const { credentials } = await sessionOf(classic, { ...task, externalId: taskArn(1) });
    const kept = { ProductCode: PRODUCTS.container, Timestamp: seconds(0), UsageDimension: "gb", UsageQuantity: 9 };
    const before = await attempt(classic, meterUsage, { ...credentials, input: { ...kept, ClientToken: "used" } });
    expect(before.status, before.text).toBe(200);

    const tag = { Key: "team", Value: "a" };
    const bucket = { AllocatedUsageQuantity: 1, Tags: [tag] };
    const wrong = {
      ProductCode: "nothing",
      Timestamp: seconds(24),
      UsageDimension: "nothing",
      UsageQuantity: 3,
      UsageAllocations: [{ AllocatedUsageQuantity: 1, Tags: [tag, tag] }, bucket, bucket],
      ClientToken: "used",
      DryRun: true,
    };
    const container = { ...wrong, ProductCode: PRODUCTS.container };
    const known = { ...container, UsageDimension: "gb" };
    const inTime = { ...known, Timestamp: seconds(0) };
    const unequal = { ...inTime, UsageAllocations: [bucket, { AllocatedUsageQuantity: 1 }] };
    const equal = { ...unequal, UsageQuantity: 2 };
    const fresh = { ...equal, ClientToken: "fresh" };
    const good = { ...fresh, UsageDimension: "calls" };
    const [start, common] = fromTheFirstByte(wrong, { ProductCode: 1 }, { ...wrong, UsageDimension: "" });
    const walked: Reason[] = [
      ...common,
      ["X1", "CustomerNotEntitledException", credentials],
      ["M1", "InvalidEndpointRegionException", { region: "us-east-1" }],
      ["M2", "InvalidProductCodeException", { input: { ...wrong, ProductCode: DEMO.productCode } }],
      ["P2", "InvalidProductCodeException", { input: { ...wrong, ProductCode: PRODUCTS.image } }],
      ["M3", "InvalidProductCodeException", { input: container }],
      ["U1", "InvalidUsageDimensionException", { input: known }],
      ["W3", "TimestampOutOfBoundsException", { input: { ...known, Timestamp: seconds(-6.01) } }],
      ["W1", "TimestampOutOfBoundsException", { input: inTime }],
      ["A5", "InvalidTagException", { input: { ...inTime, UsageAllocations: [bucket, bucket] } }],
      ["A2", "InvalidUsageAllocationsException", { input: unequal }],
      ["A1", "InvalidUsageAllocationsException", { input: equal }],
      ["M4", "IdempotencyConflictException", { input: fresh }],
      ["M5", "DuplicateRequestException", { input: { ...fresh, ProductCode: PRODUCTS.unsoldContainer } }],
      ["M6", "CustomerNotEntitledException", { input: good }],
    ];
    await walk(classic, meterUsage, { ...start, region: "eu-west-1" }, walked);
    // The quota (Rule Q2) has a suite of its own, `quotas.test.ts`.
    expect(walked.map(([rule]) => rule)).toEqual(refusalOrderOf(meterUsage).filter((rule) => rule !== "Q2"));
  });

  test("RegisterUsage (Rules L1, D4, N2, N1, N3, D3, L5, X2, Y1, Y2, P2, Y3, Y4)", async () => {
    const { credentials } = await sessionOf(classic, { ...task, externalId: taskArn(2) });
    const wrong = { ProductCode: "nothing", PublicKeyVersion: 99 };
    const unsold = { ...wrong, ProductCode: PRODUCTS.unsoldHourly };
    const [start, common] = fromTheFirstByte(wrong, { ProductCode: 1 }, { ...wrong, PublicKeyVersion: 0 });
    const walked: Reason[] = [
      ...common,
      ["X2", "PlatformNotSupportedException", credentials],
      ["Y1", "InvalidRegionException", { region: "us-east-1" }],
      ["Y2", "InvalidProductCodeException", { input: { ...wrong, ProductCode: PRODUCTS.container } }],
      ["P2", "InvalidProductCodeException", { input: unsold }],
      ["Y3", "InvalidPublicKeyVersionException", { input: { ...unsold, PublicKeyVersion: 1 } }],
      ["Y4", "CustomerNotEntitledException", { input: { ProductCode: PRODUCTS.hourly, PublicKeyVersion: 1 } }],
    ];
    await walk(classic, registerUsage, { ...start, region: "eu-west-1" }, walked);
    // The quota (Rule Q3) has a suite of its own, `quotas.test.ts`.
    expect(walked.map(([rule]) => rule)).toEqual(refusalOrderOf(registerUsage).filter((rule) => rule !== "Q3"));
  });
});

test("ResolveCustomer refuses in the order of the rule book (Rules L1, D4, N2, N1, N3, D3, L5, T2, T3, P2, T1)", async () => {
  const server = current;
  const foreign = await registrationToken(server, "f");
  const ofImage = await registrationToken(server, "a");
  const expired = await registrationToken(server, "agmt-demo1");
  await server.operator("PUT", "/clock", { advanceSeconds: 4 * 3_600 });
  const good = await registrationToken(server, "agmt-demo1");
  const [start, common] = fromTheFirstByte(tokenInput(`${good}A`), tokenInput(1), tokenInput(""));
  const walked: Reason[] = [
    ...common,
    ["T2", "InvalidTokenException", { input: tokenInput(foreign) }],
    ["T3", "InvalidTokenException", { input: tokenInput(ofImage) }],
    ["P2", "InvalidTokenException", { input: tokenInput(expired) }],
    ["T1", "ExpiredTokenException", { input: tokenInput(good) }],
  ];
  await walk(server, resolveCustomer, start, walked);
  expect(walked.map(([rule]) => rule)).toEqual(refusalOrderOf(resolveCustomer));
});

test("GetEntitlements refuses in the order of the rule book (Rules L1, D4, N2, N1, N3, D3, L5, E3, E5)", async () => {
  const query = { ProductCode: "2abcdefghijklmnopqrstuvwx", NextToken: "altered" };
  const twice = { CUSTOMER_IDENTIFIER: ["a"], CUSTOMER_AWS_ACCOUNT_ID: ["1"] };
  const [start, common] = fromTheFirstByte({ ...query, Filter: twice }, { ProductCode: 1 }, { ProductCode: "" });
  const walked: Reason[] = [
    ...common,
    ["E3", "InvalidParameterException", { input: query }],
    ["E5", "InvalidParameterException", { input: { ProductCode: query.ProductCode } }],
  ];
  await walk(classic, getEntitlements, start, walked);
  expect(walked.map(([rule]) => rule)).toEqual(refusalOrderOf(getEntitlements));
});

test("LookupEvents refuses in the order of the rule book (Rules L1, D4, N2, N1, N3, D3, L5, V2, V6, V4, V3, V5)", async () => {
  const attribute = { AttributeKey: "EventName", AttributeValue: "BatchMeterUsage" };
  const query = { LookupAttributes: [attribute], NextToken: "altered" };
  const backwards = { ...query, StartTime: 2, EndTime: 1 };
  const tooMany = { ...backwards, MaxResults: 51 };
  const category = { ...tooMany, EventCategory: "management" };
  const twice = { ...category, LookupAttributes: [attribute, attribute] };
  const [start, common] = fromTheFirstByte(twice, { MaxResults: "1" }, { LookupAttributes: [{}] });
  const walked: Reason[] = [
    ...common,
    ["V2", "InvalidLookupAttributesException", { input: category }],
    ["V6", "InvalidEventCategoryException", { input: tooMany }],
    ["V4", "InvalidMaxResultsException", { input: backwards }],
    ["V3", "InvalidTimeRangeException", { input: query }],
    ["V5", "InvalidNextTokenException", { input: { LookupAttributes: [attribute] } }],
  ];
  await walk(classic, lookupEvents, start, walked);
  // The quota (Rule Q4) has a suite of its own, `quotas.test.ts`.
  expect(walked.map(([rule]) => rule)).toEqual(refusalOrderOf(lookupEvents).filter((rule) => rule !== "Q4"));
});

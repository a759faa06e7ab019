/** The main job as one scenario, and what any SDK must be told of it. */
import { expect } from "vitest";
import { ENTITLED, type Market } from "./market.ts";
import { meter, type Answer, type Call } from "./program.ts";
import type { Sdk } from "./sdks.ts";

const HOUR_MS = 3_600_000;
/** All that a tag may hold. */
export const TAG = "A9 +-=._:/@";

interface Expected {
  readonly what: string;
  readonly call: Call;
  /** As `toMatchObject` takes it; or what is held against the answers before it. */
  readonly answer: object | ((earlier: readonly Answer[]) => object);
}

const refused = (name: string): object => ({ error: { name } });
const results = (...of: readonly object[]): object => ({ output: { Results: of, UnprocessedRecords: [] } });
const resultOf = (answer: Answer | undefined, i: number): object =>
  (answer?.output?.["Results"] as readonly object[] | undefined)?.[i] ?? { none: "there was no result" };

/** One for all, so that no test sees the hour turn; no parts of a second, which some leave out. */
const NOW_MS = Math.floor(Date.now() / 1_000) * 1_000;

export const timeOf = (hoursAgo: number): string => new Date(NOW_MS - hoursAgo * HOUR_MS).toISOString();

const bucket = (AllocatedUsageQuantity: number, ...Tags: readonly object[]): object =>
  Tags.length === 0 ? { AllocatedUsageQuantity } : { AllocatedUsageQuantity, Tags };

export function mainJob(sdk: Sdk, market: Market, registrationToken: string): readonly Expected[] {
  const { customer, stranger, products } = market;
  const record = (over: object = {}): object => ({
    Timestamp: timeOf(1),
    CustomerIdentifier: customer,
    Dimension: "gb",
    Quantity: 5,
    ...over,
  });
  const batch = (UsageRecords: readonly object[], ProductCode: string = products.saas): Call =>
    meter("BatchMeterUsage", { ProductCode, UsageRecords });
  const allocated = record({ UsageAllocations: [bucket(2, { Key: "team", Value: TAG }), bucket(3)] });
  const calls = record({ Dimension: "calls" });
  return [
    {
      what: "S5, Rule T1: a registration token is resolved",
      call: meter("ResolveCustomer", { RegistrationToken: registrationToken }),
      answer: {
        output: { CustomerIdentifier: customer, ProductCode: products.saas, ...licenceIfKnown(sdk, market) },
      },
    },
    {
      what: "V1: one that is made up is refused",
      call: meter("ResolveCustomer", { RegistrationToken: "made-up" }),
      answer: refused("InvalidTokenException"),
    },
    {
      what: "S1, S4, B5: two records, one with allocations",
      call: batch([allocated, calls]),
      answer: results(
        { Status: "Success", UsageRecord: { Quantity: 5, UsageAllocations: [{ AllocatedUsageQuantity: 2 }, {}] } },
        { Status: "Success", UsageRecord: { Dimension: "calls" } },
      ),
    },
    {
      what: "B1: one of them again",
      call: batch([allocated]),
      answer: (earlier) => results(resultOf(earlier[2], 0)),
    },
    {
      what: "B1: other usage under its key",
      call: batch([record({ Dimension: "calls", Quantity: 6 })]),
      answer: (earlier) => results({ ...resultOf(earlier[2], 1), Status: "DuplicateRecord", UsageRecord: {} }),
    },
    {
      what: "B4: 26 records",
      call: batch(Array.from({ length: 26 }, (_, i) => record({ Quantity: i }))),
      answer: refused("ValidationException"),
    },
    {
      what: "B3: of seven hours ago",
      call: batch([record({ Timestamp: timeOf(7) })]),
      answer: refused("TimestampOutOfBoundsException"),
    },
    {
      what: "B3: of tomorrow",
      call: batch([record({ Timestamp: timeOf(-24) })]),
      answer: refused("TimestampOutOfBoundsException"),
    },
    {
      what: "B6: of a customer who has not subscribed",
      call: batch([record({ CustomerIdentifier: stranger })]),
      answer: results({ Status: "CustomerNotSubscribed" }),
    },
    {
      what: "of a dimension that the product has not, in letters beyond ASCII",
      call: batch([record({ Dimension: "made-up ü 漢 😀" })]),
      answer: {
        error: { name: "InvalidUsageDimensionException", message: expect.stringContaining("ü 漢 😀") as unknown },
      },
    },
    {
      what: "of a product that is not the seller's",
      call: batch([record()], "made-up"),
      answer: refused("InvalidProductCodeException"),
    },
    {
      what: "B5: of allocations that do not add up",
      call: batch([record({ UsageAllocations: [bucket(2, { Key: "a", Value: "b" }), bucket(2)] })]),
      answer: refused("InvalidUsageAllocationsException"),
    },
    {
      what: "S5: by account and licence, or not at all",
      call: meter("BatchMeterUsage", { UsageRecords: [byLicence(market)] }),
      answer: sdk.cannot.licences === undefined ? results({ Status: "Success" }) : { error: {} },
    },
    {
      what: "Rule E3: entitlements of a customer, of every kind, the first page",
      call: entitlements(market, { MaxResults: 3 }),
      answer: entitled(ENTITLED.slice(0, 3)),
    },
    {
      what: "Rule E3: entitlements by two filters",
      call: entitlements(market, {}, { DIMENSION: ["users", "edition"] }),
      answer: entitled([ENTITLED[0], ENTITLED[3]]),
    },
    {
      what: "S7: the newest two calls of a name in the trail",
      call: lookUp({ MaxResults: 2 }),
      answer: {
        output: {
          Events: [
            { EventName: "BatchMeterUsage", Username: "all", ReadOnly: "false" },
            { EventName: "BatchMeterUsage" },
          ],
        },
      },
    },
  ];
}

const licenceIfKnown = (sdk: Sdk, { buyer, licence }: Market): object =>
  sdk.cannot.licences === undefined ? { CustomerAWSAccountId: buyer, LicenseArn: licence } : {};

const byLicence = ({ buyer, licence }: Market): object => ({
  Timestamp: timeOf(1),
  CustomerAWSAccountId: buyer,
  LicenseArn: licence,
  Dimension: "seats",
  Quantity: 1,
});

export const entitled = (Entitlements: readonly object[]): object => ({ output: { Entitlements } });

export const entitlements = ({ products, customer }: Market, page: object, filter: object = {}): Call => ({
  service: "entitlement",
  operation: "GetEntitlements",
  input: { ProductCode: products.contract, Filter: { CUSTOMER_IDENTIFIER: [customer], ...filter }, ...page },
});

export const lookUp = (page: object): Call => ({
  service: "cloudtrail",
  operation: "LookupEvents",
  input: { LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "BatchMeterUsage" }], ...page },
});

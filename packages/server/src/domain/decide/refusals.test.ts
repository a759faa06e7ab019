/**
 * Which refusal comes first: requests in which everything is wrong are corrected one reason at a time. The refusals must come
 * in the rule book's order. `test/wire/refusal-order.test.ts` makes the same walk over the wire, from the first byte on.
 */
import {
  batchMeterUsage,
  ruleSets,
  type BatchMeterUsageInput,
  type RuleId,
  type UsageRecord,
} from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import {
  ANNA,
  ANNAS_ACCOUNT,
  BERTS_ACCOUNT,
  DAY_MS,
  FOREIGN,
  IMAGE,
  LOGS,
  REGION,
  SELLER,
} from "../../../testing/market.ts";
import { AGREEMENTS, agreement, factsOf, licence, market } from "../../../testing/market.ts";
import { decideBatchMeterUsage, keysOf, type BatchMeterUsageDecision } from "./batch-meter-usage.ts";

/** Shortly after the turn of a month, so that W1 and W2 can both occur. */
const NOW_MS = Date.UTC(2026, 7, 1, 7);
const MARKET = market([...AGREEMENTS, agreement("anna-ended", { endsAtMs: NOW_MS - 30 * DAY_MS })]);

function decide(input: BatchMeterUsageInput, region = REGION): BatchMeterUsageDecision {
  const request = { callerAccountId: SELLER, region, input };
  return decideBatchMeterUsage(
    request,
    keysOf(request),
    factsOf({ catalogue: MARKET, nowMs: NOW_MS, ruleSet: ruleSets.current }),
  );
}

/** What corrects a reason: these members replace those of the request, or of its first or second record. */
interface Mend {
  readonly productCode?: string | undefined;
  readonly first?: Partial<{ [K in keyof UsageRecord]: UsageRecord[K] | undefined }>;
  readonly second?: Partial<{ [K in keyof UsageRecord]: UsageRecord[K] | undefined }>;
}

/** A reason for a refusal, and what corrects it. */
type Reason = readonly [rule: string, code: string, mend: Mend];

function walk(start: BatchMeterUsageInput, reasons: readonly Reason[]): void {
  expect(isInOrder(reasons.map(([rule]) => rule))).toBe(true);
  let input = start;
  for (const [rule, code, mend] of reasons) {
    expect(decide(input).rejected).toMatchObject({ rule, code });
    const [first, second] = input.usageRecords as [UsageRecord, UsageRecord];
    const mended = { productCode: input.productCode, ...("productCode" in mend ? mend : {}) };
    input = withoutAbsent({
      productCode: mended.productCode,
      usageRecords: [withoutAbsent({ ...first, ...mend.first }), withoutAbsent({ ...second, ...mend.second })],
    }) as BatchMeterUsageInput;
  }
  const decision = decide(input);
  expect(decision).toMatchObject({ results: [{ status: "Success" }, { status: "Success" }] });
}

/** Whether rules occur in the order of the rule book; the same rule may occur several times. */
function isInOrder(rules: readonly string[]): boolean {
  const places = rules.map((rule) => batchMeterUsage.refuses.indexOf(rule as RuleId));
  return places.every((place, i) => place !== -1 && place >= (places[i - 1] ?? 0));
}

/** On the wire a member is absent, never undefined. */
function withoutAbsent(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** A record that is wrong in every way, whether the product is named by code or by licence. */
const HOPELESS: UsageRecord = {
  timestampMs: NOW_MS + DAY_MS,
  dimension: "no such dimension",
  quantity: 5,
  usageAllocations: [
    { allocatedUsageQuantity: 1, tags: [{ key: "a", value: "x" }, { key: "a", value: "y" }] },
    { allocatedUsageQuantity: 1, tags: [{ key: "b", value: "x" }] },
    { allocatedUsageQuantity: 1, tags: [{ key: "b", value: "x" }] },
  ],
}; // prettier-ignore

const onceTags = [{ allocatedUsageQuantity: 1 }, ...(HOPELESS.usageAllocations ?? []).slice(1)];
const onceBuckets = onceTags.slice(0, 2);

/** The checks of each record, in this order, after the product is found. */
const PER_RECORD: readonly Reason[] = [
  ["U1", "InvalidUsageDimensionException", { first: { dimension: "gb" } }],
  ["U1", "InvalidUsageDimensionException", { second: { dimension: "calls" } }],
  ["W3", "TimestampOutOfBoundsException", { first: { timestampMs: NOW_MS - 2 * DAY_MS }, second: { timestampMs: NOW_MS } }],
  ["W4", "TimestampOutOfBoundsException", { first: { timestampMs: NOW_MS - DAY_MS / 2 } }],
  ["W2", "TimestampOutOfBoundsException", { first: { timestampMs: NOW_MS } }],
  ["A5", "InvalidTagException", { first: { usageAllocations: onceTags }, second: { usageAllocations: undefined } }],
  ["A2", "InvalidUsageAllocationsException", { first: { usageAllocations: onceBuckets } }],
  ["A1", "InvalidUsageAllocationsException", { first: { quantity: 2 } }],
]; // prettier-ignore

describe("a batch with everything wrong is refused for the first reason, and mended for the next, to the end:", () => {
  test("with a product code (Rules I1, I3, I2, P1, P2, I4, U1, W3, W4, W2, A5, A2, A1)", () => {
    const licensed = { ...HOPELESS, ...ANNA, licenseArn: licence("nobody") };
    walk({ productCode: "no such product", usageRecords: [HOPELESS, licensed] }, [
      ["I1", "InvalidCustomerIdentifierException", { first: { customerIdentifier: "nobody", customerAccountId: "1" } }],
      ["I1", "InvalidCustomerIdentifierException", { first: { customerAccountId: undefined } }],
      ["I3", "InvalidProductCodeException", { productCode: undefined }],
      ["I3", "InvalidCustomerIdentifierException", { second: { licenseArn: undefined } }],
      ["I2", "InvalidProductCodeException", { productCode: "no such product" }],
      ["P1", "InvalidProductCodeException", { productCode: FOREIGN }],
      ["P1", "InvalidProductCodeException", { productCode: IMAGE }],
      ["P2", "InvalidProductCodeException", { productCode: LOGS }],
      ["I4", "InvalidCustomerIdentifierException", { first: ANNA }],
      ...PER_RECORD,
    ]);
  });

  test("with licences (Rules I3, I2, I5, P2, U1, W3, W4, W2, A5, A2, A1, I6)", () => {
    const anna = { ...HOPELESS, customerAccountId: ANNAS_ACCOUNT };
    walk({ usageRecords: [{ ...HOPELESS, ...ANNA, licenseArn: licence("nobody") }, anna] }, [
      ["I3", "InvalidCustomerIdentifierException", { first: { customerIdentifier: undefined, customerAccountId: BERTS_ACCOUNT } }],
      ["I2", "InvalidProductCodeException", { second: { licenseArn: licence("image") } }],
      ["I5", "InvalidLicenseException", { first: { licenseArn: licence("foreign"), customerAccountId: ANNAS_ACCOUNT } }],
      ["I5", "InvalidLicenseException", { first: { licenseArn: licence("bert-logs") } }],
      ["I5", "InvalidLicenseException", { first: { licenseArn: licence("anna-ended") } }],
      ["I5", "InvalidLicenseException", { first: { licenseArn: licence("image") } }],
      ["P2", "InvalidLicenseException", { first: { licenseArn: licence("anna-ended") }, second: { licenseArn: licence("anna-logs") } }],
      ...PER_RECORD,
      ["I6", "InvalidLicenseException", { first: { licenseArn: licence("anna-logs") } }],
    ]);
  }); // prettier-ignore
});

test("a region where the operation is not served comes before everything (Rule R1)", () => {
  for (const region of ["us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "cn-north-1"]) {
    expect(decide({ usageRecords: [HOPELESS] }, region).rejected).toMatchObject({
      rule: "R1",
      code: "DisabledApiException",
      compared: { region },
    });
  }
  for (const region of ["us-east-1", "eu-central-2", "cn-northwest-1", "ap-southeast-9", "xx-own-1"]) {
    expect(decide({ usageRecords: [HOPELESS] }, region).rejected).toMatchObject({ rule: "I1" });
  }
});

test("every record passes one check before any record meets the next (Rules I4, U1, A5, A2, A1)", () => {
  const first = { timestampMs: NOW_MS, ...ANNA, dimension: "no such dimension" };
  const second = { timestampMs: NOW_MS, customerIdentifier: "nobody", dimension: "gb" };
  expect(decide({ productCode: LOGS, usageRecords: [first, second] }).rejected).toMatchObject({
    rule: "I4",
    compared: { record: 2 },
  });
  const tag = { key: "team", value: "a" };
  const part = { allocatedUsageQuantity: 1 };
  const wrong: UsageRecord[] = [[part], [part, part], [{ ...part, tags: [tag, tag] }, part]].map(
    (usageAllocations) => ({ timestampMs: NOW_MS, ...ANNA, dimension: "gb", quantity: 2, usageAllocations }),
  );
  for (const rule of ["A5", "A2", "A1"]) {
    const rejected = decide({ productCode: LOGS, usageRecords: wrong }).rejected;
    expect(rejected).toMatchObject({ rule, compared: { record: wrong.length } });
    wrong.pop();
  }
});

test("one record that is refused refuses the whole batch (Rules W4, I4, U1, A1)", () => {
  const good: UsageRecord = { timestampMs: NOW_MS, ...ANNA, dimension: "gb", quantity: 1 };
  const bad: readonly [string, Partial<UsageRecord>][] = [
    ["W4", { timestampMs: NOW_MS - DAY_MS }],
    ["I4", { customerIdentifier: "nobody" }],
    ["U1", { dimension: "GB" }],
    ["A1", { usageAllocations: [{ allocatedUsageQuantity: 2 }] }],
  ];
  for (const [rule, over] of bad) {
    const usageRecords = [good, { ...good, dimension: "calls" }, { ...good, ...over }];
    const { rejected } = decide({ productCode: LOGS, usageRecords });
    expect(rejected).toMatchObject({ rule, compared: { record: 3 } });
  }
});

import {
  HOUR_MS,
  ruleSets,
  type BatchMeterUsageInput,
  type RuleSetName,
  type UsageRecord,
} from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import {
  ANNA,
  ANNAS_ACCOUNT,
  BERT,
  BERTS_ACCOUNT,
  DAY_MS,
  FOREIGN,
  IMAGE,
  LOGS,
  NOW_MS,
  REGION,
} from "../../../testing/market.ts";
import { SELLER, agreement, factsOf, licence, market, usage } from "../../../testing/market.ts";
import type { MeteringRecord } from "../metering/metering-record.ts";
import type { BatchMeterUsageFacts } from "./batch-checks.ts";
import { decideBatchMeterUsage, keysOf, type BatchMeterUsageDecision } from "./batch-meter-usage.ts";

type Accepting = Exclude<BatchMeterUsageDecision, { rejected: object }>;

function decide(input: BatchMeterUsageInput, over: Partial<BatchMeterUsageFacts> = {}): BatchMeterUsageDecision {
  const request = { callerAccountId: SELLER, region: REGION, input };
  return decideBatchMeterUsage(request, keysOf(request), factsOf(over));
}

/** Sends usage of one product, and expects no refusal. */
function meter(usageRecords: readonly UsageRecord[], over: Partial<BatchMeterUsageFacts> = {}): Accepting {
  const decision = decide({ productCode: LOGS, usageRecords }, over);
  expect(decision.rejected).toBeUndefined();
  return decision as Accepting;
}

const statuses = (decision: Accepting): string[] => decision.results.map(({ status }) => status);

describe("a batch is refused", () => {
  const anna = usage(ANNA);
  const annas = usage({ customerAccountId: ANNAS_ACCOUNT });
  const neither = usage();
  const licensed = { ...annas, licenseArn: licence("anna-logs") };
  const table: readonly [string, string, string, BatchMeterUsageInput, object][] = [
    ["I1", "InvalidCustomerIdentifierException", "for a record that names no customer",
      { productCode: LOGS, usageRecords: [anna, neither] }, { record: 2 }],
    ["I1", "InvalidCustomerIdentifierException", "for a record that names its customer twice",
      { productCode: LOGS, usageRecords: [{ ...anna, ...annas }] }, { record: 1 }],
    ["I2", "InvalidProductCodeException", "without a product code",
      { usageRecords: [anna] }, { record: 1 }],
    ["I2", "InvalidProductCodeException", "without a product code, where only some records have a licence",
      { usageRecords: [licensed, annas] }, { record: 2 }],
    ["I3", "InvalidProductCodeException", "for a product code beside a licence",
      { productCode: LOGS, usageRecords: [annas, licensed] }, { record: 2 }],
    ["I3", "InvalidCustomerIdentifierException", "for a customer identifier beside a licence",
      { usageRecords: [{ ...anna, licenseArn: licence("anna-logs") }] }, { record: 1 }],
    ["I4", "InvalidCustomerIdentifierException", "for a customer identifier that no agreement names",
      { productCode: LOGS, usageRecords: [anna, usage({ customerIdentifier: "nobody" })] }, { record: 2 }],
    ["I4", "InvalidCustomerIdentifierException", "for an account that no agreement names",
      { productCode: LOGS, usageRecords: [usage({ customerAccountId: "000000000000" })] }, { record: 1 }],
    ["I4", "InvalidCustomerIdentifierException", "for a customer of another seller",
      { productCode: LOGS, usageRecords: [usage({ customerIdentifier: "of-another-seller" })] }, { record: 1 }],
    ["I5", "InvalidLicenseException", "for a licence that nobody has",
      { usageRecords: [{ ...annas, licenseArn: licence("nobody") }] }, { record: 1 }],
    ["I5", "InvalidLicenseException", "for another customer's licence",
      { usageRecords: [{ ...annas, licenseArn: licence("bert-logs") }] }, { record: 1 }],
    ["I5", "InvalidLicenseException", "for a licence of another seller's product",
      { usageRecords: [{ ...annas, licenseArn: licence("foreign") }] }, { record: 1 }],
    ["I5", "InvalidLicenseException", "for licences of two products",
      { usageRecords: [licensed, { ...annas, licenseArn: licence("anna-traces") }] }, { record: 2 }],
    ["P1", "InvalidProductCodeException", "for a product that does not exist",
      { productCode: "none", usageRecords: [anna] }, { productCode: "none", callerAccountId: SELLER }],
    ["P1", "InvalidProductCodeException", "for an empty product code",
      { productCode: "", usageRecords: [anna] }, { productCode: "", callerAccountId: SELLER }],
    ["P1", "InvalidProductCodeException", "for another seller's product",
      { productCode: FOREIGN, usageRecords: [anna] }, { productCode: FOREIGN, callerAccountId: SELLER }],
    ["P2", "InvalidProductCodeException", "for a product that is not SaaS",
      { productCode: IMAGE, usageRecords: [anna] }, { productCode: IMAGE, type: "ami" }],
    ["P2", "InvalidLicenseException", "for a licence of a product that is not SaaS",
      { usageRecords: [{ ...annas, licenseArn: licence("image") }] }, { productCode: IMAGE, type: "ami" }],
    ["U1", "InvalidUsageDimensionException", "for a dimension that the product has not",
      { productCode: LOGS, usageRecords: [usage({ ...ANNA, dimension: "Gb" })] }, { record: 1, dimension: "Gb", productCode: LOGS }],
    ["U1", "InvalidUsageDimensionException", "for a dimension that is sold and not metered",
      { productCode: LOGS, usageRecords: [usage({ ...ANNA, dimension: "seats" })] }, { record: 1, dimension: "seats", productCode: LOGS }],
    ["U1", "InvalidUsageDimensionException", "for a dimension that is metered by the hour of a machine",
      { productCode: LOGS, usageRecords: [usage({ ...ANNA, dimension: "uptime" })] }, { record: 1, dimension: "uptime", productCode: LOGS }],
    ["A1", "InvalidUsageAllocationsException", "for a split that does not add up",
      { productCode: LOGS, usageRecords: [usage({ ...ANNA, usageAllocations: [{ allocatedUsageQuantity: 2 }] })] }, { record: 1, quantity: 1, sum: 2 }],
  ]; // prettier-ignore
  test.each(table.map(([rule, code, what, input, compared]) => ({ rule, code, what, input, compared })))(
    "$what (Rule $rule)",
    ({ rule, code, input, compared }) => {
      const { rejected } = decide(input);
      expect(rejected).toMatchObject({ rule, code });
      expect(rejected?.compared).toEqual(compared);
      if ("record" in compared) expect(rejected?.message).toContain(`sage record ${String(compared.record)} `);
    },
  );

  test("for usage of before its licence began, with the record and the times that were compared (Rule I6)", () => {
    const startsAtMs = NOW_MS - HOUR_MS;
    const agreements = [agreement("began"), agreement("begins", { startsAtMs, endsAtMs: NOW_MS + HOUR_MS })];
    const usageRecords = [licence("began"), licence("begins")].map((licenseArn) =>
      usage({ customerAccountId: ANNAS_ACCOUNT, licenseArn, timestampMs: startsAtMs - 1 }),
    );
    const { rejected } = decide({ usageRecords }, { catalogue: market(agreements) });
    expect(rejected?.message).toBe(
      `LicenseArn '${licence("begins")}' of usage record 2 is not valid for its Timestamp, 2026-07-14T11:29:59.999Z.`,
    );
    expect(rejected?.compared).toEqual({
      record: 2,
      timestamp: "2026-07-14T11:29:59.999Z",
      now: "2026-07-14T12:30:00.000Z",
      startsAt: "2026-07-14T11:30:00.000Z",
      endsAt: "2026-07-14T13:30:00.000Z",
    });
  });

  const edges: readonly [RuleSetName, number, string | undefined][] = [
    ["classic", 6 * HOUR_MS, undefined],
    ["classic", 6 * HOUR_MS + 1, "W1"],
    ["current", DAY_MS - 1, undefined],
    ["current", DAY_MS, "W4"],
    ["classic", -900_000, undefined],
    ["current", -900_001, "W3"],
  ];
  test.each(edges)("or not, under `%s`, for usage of %d ms ago (Rules W1, W4, W3)", (name, ageMs, rule) => {
    const usageRecords = [usage(ANNA), usage({ ...ANNA, timestampMs: NOW_MS - ageMs })];
    const { rejected } = decide({ productCode: LOGS, usageRecords }, { ruleSet: ruleSets[name] });
    expect(rejected?.rule).toBe(rule);
  });
});

describe("an empty batch", () => {
  test("is accepted, with or without a product code (Rules L2, I2)", () => {
    const nothing = { results: [], accepted: [], notSubscribed: new Map() };
    expect(decide({ usageRecords: [] })).toEqual({ productCode: undefined, ...nothing });
    expect(decide({ productCode: LOGS, usageRecords: [] })).toEqual({ productCode: LOGS, ...nothing });
  });

  test("is refused where its product is not the caller's (Rule P1)", () => {
    expect(decide({ productCode: FOREIGN, usageRecords: [] }).rejected).toMatchObject({ rule: "P1" });
  });
});

describe("a record", () => {
  test("is accepted with a new id, and kept under its key with its quantity (Rule K1)", () => {
    const usageRecords = [
      usage({ ...ANNA, quantity: 7 }),
      usage({ customerAccountId: ANNAS_ACCOUNT, dimension: "calls" }),
    ];
    const decision = meter(usageRecords);
    const key = { hour: Math.floor(NOW_MS / HOUR_MS), region: REGION, offering: LOGS, discriminator: "" };
    expect(decision).toEqual({
      productCode: LOGS,
      results: usageRecords.map((usageRecord, i) => ({ usageRecord, meteringRecordId: `new-${i}`, status: "Success" })),
      accepted: [
        { position: 0, key: { ...key, customer: "identifier:anna", dimension: "gb" }, quantity: 7 },
        { position: 1, key: { ...key, customer: `account:${ANNAS_ACCOUNT}`, dimension: "calls" }, quantity: 1 },
      ],
      notSubscribed: new Map(),
    });
  });

  test("with a licence is kept under the licence, and metered for its product (Rules I5, K1)", () => {
    const licenseArn = licence("anna-logs");
    const decision = decide({ usageRecords: [usage({ customerAccountId: ANNAS_ACCOUNT, licenseArn })] });
    expect(decision).toMatchObject({ productCode: LOGS, accepted: [{ key: { offering: licenseArn } }] });
  });

  test("without a quantity has a quantity of nought (Rule L3)", () => {
    const { quantity: _none, ...bare } = usage(ANNA);
    expect(meter([bare]).accepted).toMatchObject([{ quantity: 0 }]);
  });

  test("of a customer without an agreement for this product is not accepted, and those beside it are (Rule G1)", () => {
    const decision = meter([usage(BERT), usage(ANNA), usage({ customerAccountId: BERTS_ACCOUNT })]);
    expect(statuses(decision)).toEqual(["CustomerNotSubscribed", "Success", "CustomerNotSubscribed"]);
    expect(decision.accepted.map(({ position }) => position)).toEqual([1]);
    expect([...decision.notSubscribed]).toEqual([
      [0, "G3"],
      [2, "G3"],
    ]);
  });
});

describe("a record whose key is kept", () => {
  const split = [{ allocatedUsageQuantity: 1, tags: [{ key: "a", value: "x" }] }, { allocatedUsageQuantity: 2 }];
  const one: MeteringRecord = { meteringRecordId: "first", timestampMs: NOW_MS, dimension: "gb", quantity: 3 };
  const { quantity: _none, ...withoutQuantity } = usage(ANNA);
  const table: readonly [string, MeteringRecord, UsageRecord, string][] = [
    ["is a replay where it is the same (Rule K2)", one, usage({ ...ANNA, quantity: 3 }), "Success"],
    ["is a replay at another minute of the hour (Rule K2)", one, usage({ ...ANNA, quantity: 3, timestampMs: NOW_MS - 1_800_000 }), "Success"],
    ["is a replay with the same split in another order (Rule K2)", { ...one, usageAllocations: split }, usage({ ...ANNA, quantity: 3, usageAllocations: split.toReversed() }), "Success"],
    ["is a replay where one has no quantity and the other nought (Rule K2)", { ...one, quantity: 0 }, withoutQuantity, "Success"],
    ["is a duplicate with another quantity (Rule K3)", one, usage({ ...ANNA, quantity: 4 }), "DuplicateRecord"],
    ["is a duplicate with a split where there was none (Rules K2, K3)", one, usage({ ...ANNA, quantity: 3, usageAllocations: split }), "DuplicateRecord"],
    ["is a duplicate without the split that there was (Rules K2, K3)", { ...one, usageAllocations: split }, usage({ ...ANNA, quantity: 3 }), "DuplicateRecord"],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, kept, sent, status) => {
    const decision = meter([sent], { kept: [kept] });
    expect(decision.results).toEqual([{ usageRecord: sent, meteringRecordId: "first", status }]);
    expect(decision.accepted).toEqual([]);
  });

  test("is a replay even when its agreement has ended since (Rules K2, K5)", () => {
    const decision = meter([usage({ ...BERT, quantity: 3 })], { kept: [one] });
    expect(decision.results).toMatchObject([{ status: "Success", meteringRecordId: "first" }]);
  });

  test("is refused all the same when it has become too old (Rules K5, W1)", () => {
    const sent = usage({ ...ANNA, quantity: 3, timestampMs: NOW_MS - 7 * HOUR_MS });
    expect(decide({ productCode: LOGS, usageRecords: [sent] }, { kept: [one] }).rejected).toMatchObject({ rule: "W1" });
  });
});

describe("records of one request", () => {
  test("are decided as if sent one after the other (Rules K2, K3, K4)", () => {
    const decision = meter([
      usage({ ...ANNA, quantity: 3 }),
      usage({ ...ANNA, quantity: 4 }),
      usage({ ...ANNA, quantity: 3, timestampMs: NOW_MS - 60_000 }),
      usage({ ...ANNA, quantity: 3, dimension: "calls" }),
    ]);
    expect(statuses(decision)).toEqual(["Success", "DuplicateRecord", "Success", "Success"]);
    expect(decision.results.map((result) => result.meteringRecordId)).toEqual(["new-0", "new-0", "new-0", "new-3"]);
    expect(decision.accepted.map(({ position }) => position)).toEqual([0, 3]);
  });

  test("with one key, all replays of what is kept, are all told its id (Rules K2, K4)", () => {
    const kept = { meteringRecordId: "first", timestampMs: NOW_MS, dimension: "gb", quantity: 1 };
    const decision = meter([usage(ANNA), usage(ANNA)], { kept: [kept, kept] });
    expect(decision.results.map((result) => result.meteringRecordId)).toEqual(["first", "first"]);
    expect(decision.accepted).toEqual([]);
  });

  test("with one key, of a customer without an agreement, are all refused (Rules G1, K4)", () => {
    expect(statuses(meter([usage(BERT), usage(BERT)]))).toEqual(["CustomerNotSubscribed", "CustomerNotSubscribed"]);
  });
});

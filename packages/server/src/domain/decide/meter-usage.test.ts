import { HOUR_MS, meterUsage, ruleSets, type MeterUsageInput, type RuleSetName } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import type { Agreement } from "../catalogue/agreement.ts";
import { Catalogue } from "../catalogue/catalogue.ts";
import { ANNAS_ACCOUNT, BERTS_ACCOUNT, DAY_MS, NOW_MS, REGION, agreement } from "../../../testing/market.ts";
import type { MeteredResource } from "../resources/metered-resource.ts";
import { clientTokenKey, keyText, type MeteringRecord } from "../metering/metering-record.ts";
import {
  AGREEMENTS,
  HOURLY_CONTAINER,
  METERED_CONTAINER,
  METERED_IMAGE,
  OTHER_CONTAINER,
  SAAS,
  callerOf,
  knownOf,
  resource,
  resourceMarket,
} from "../../../testing/container-market.ts";
import { decideMeterUsage, meterUsageKeys, type MeterUsageDecision } from "./meter-usage.ts";
import type { ResourceCaller } from "./resource-checks.ts";

const TASK = resource("ecs");

function sent(over: Partial<MeterUsageInput> = {}): MeterUsageInput {
  return { productCode: METERED_CONTAINER, timestampMs: NOW_MS, usageDimension: "gb", usageQuantity: 3, ...over };
}

interface Situation {
  readonly caller?: ResourceCaller;
  readonly resource?: MeteredResource;
  readonly agreements?: readonly Agreement[];
  readonly nowMs?: number;
  readonly rules?: RuleSetName;
  /** Records that earlier calls made, by this key only. */
  readonly made?: ReadonlyMap<string, MeteringRecord>;
}

function decide(input: MeterUsageInput, situation: Situation = {}): MeterUsageDecision {
  const { resource: calling = TASK, caller = callerOf(calling), rules = "classic" } = situation;
  const request = { ...caller, input };
  const keys = meterUsageKeys(request);
  return decideMeterUsage(request, keys, {
    catalogue: new Catalogue(resourceMarket(situation.agreements)),
    resource: knownOf(caller, calling),
    nowMs: situation.nowMs ?? NOW_MS,
    ruleSet: ruleSets[rules],
    kept: keys.map((key) => situation.made?.get(keyText(key))),
    meteringRecordId: "new",
  });
}

/** The records kept after an accepted call, under the keys that the decision gave. */
function madeBy(input: MeterUsageInput): Map<string, MeteringRecord> {
  const decision = decide(input);
  if (decision.rejected !== undefined || decision.dryRun) throw new Error("nothing was kept");
  const { timestampMs, usageDimension: dimension, usageQuantity: quantity = 0, usageAllocations } = input;
  const record = { meteringRecordId: "kept", timestampMs, dimension, quantity, usageAllocations };
  return new Map(decision.accepted.map(({ key }) => [keyText(key), record]));
}

/** The code and the rule of a refusal, or the answered id. */
function answerOf(decision: MeterUsageDecision): string {
  if (decision.dryRun) return "a dry run";
  return decision.rejected === undefined
    ? decision.meteringRecordId
    : `${decision.rejected.code} ${decision.rejected.rule}`;
}

const PLAIN_CALLER = { callerAccountId: ANNAS_ACCOUNT, region: REGION };

describe("MeterUsage is refused", () => {
  const allocation = { allocatedUsageQuantity: 3, tags: [{ key: "team", value: "a" }] };
  const table: readonly [string, string, string, Partial<MeterUsageInput>, Situation][] = [
    ["X1", "CustomerNotEntitledException", "to whoever has long-term credentials", {}, { caller: PLAIN_CALLER }],
    ["X1", "CustomerNotEntitledException", "to a resource that nobody knows", {},
      { caller: { ...PLAIN_CALLER, session: { resourceId: "none", platform: "ecs" } } }],
    ["X1", "CustomerNotEntitledException", "to a resource that has stopped", {},
      { resource: { ...TASK, stoppedAtMs: NOW_MS } }],
    ["X1", "CustomerNotEntitledException", "to another account's credentials for a resource", {},
      { caller: { ...callerOf(TASK), callerAccountId: BERTS_ACCOUNT } }],
    ["M1", "InvalidEndpointRegionException", "in another region than the resource's", {},
      { caller: { ...callerOf(TASK), region: "eu-west-1" } }],
    ["M1", "InvalidEndpointRegionException", "in China", {}, { resource: { ...TASK, region: "cn-north-1" } }],
    ["M1", "InvalidEndpointRegionException", "to a task in GovCloud", {}, { resource: { ...TASK, region: "us-gov-west-1" } }],
    ["M1", "InvalidEndpointRegionException", "to a pod where EKS is not served", {},
      { resource: resource("eks", { region: "af-south-1" }) }],
    ["M2", "InvalidProductCodeException", "for a product that there is not", { productCode: "none" }, {}],
    ["M2", "InvalidProductCodeException", "for an empty product code", { productCode: "" }, {}],
    ["P2", "InvalidProductCodeException", "for a SaaS product", { productCode: SAAS }, {}],
    ["P2", "InvalidProductCodeException", "for a product that is paid by the hour", { productCode: HOURLY_CONTAINER }, {}],
    ["M3", "InvalidProductCodeException", "for an image, to a task", { productCode: METERED_IMAGE }, {}],
    ["M3", "InvalidProductCodeException", "for a container, to an instance", {}, { resource: resource("ec2") }],
    ["U1", "InvalidUsageDimensionException", "for a dimension that there is not", { usageDimension: "Gb" }, {}],
    ["U1", "InvalidUsageDimensionException", "for a dimension that is not metered", { usageDimension: "seats" }, {}],
    ["W3", "TimestampOutOfBoundsException", "for use to come", { timestampMs: NOW_MS + 900_001 }, {}],
    ["W1", "TimestampOutOfBoundsException", "after 6 hours", { timestampMs: NOW_MS - 6 * HOUR_MS - 1 }, {}],
    ["W1", "TimestampOutOfBoundsException", "after 6 hours under the current rules, too",
      { timestampMs: NOW_MS - 6 * HOUR_MS - 1 }, { rules: "current" }],
    ["A5", "InvalidTagException", "for two tags of one key",
      { usageAllocations: [{ ...allocation, tags: [{ key: "team", value: "a" }, { key: "team", value: "b" }] }] }, {}],
    ["A2", "InvalidUsageAllocationsException", "for two buckets of the same tags",
      { usageQuantity: 6, usageAllocations: [allocation, allocation] }, {}],
    ["A1", "InvalidUsageAllocationsException", "for parts that are not the whole",
      { usageQuantity: 4, usageAllocations: [allocation] }, {}],
    ["M6", "CustomerNotEntitledException", "to an account that has agreed to nothing", {},
      { resource: resource("ecs", { resourceId: "ecs-of-bert", accountId: BERTS_ACCOUNT }) }],
  ]; // prettier-ignore

  test.each(table)("Rule %s: with %s, %s", (rule, code, _what, over, situation) => {
    expect(answerOf(decide(sent(over), situation))).toBe(`${code} ${rule}`);
  });

  test.each(table)(
    "Rule %s: without a word of a list of usage records (%s, %s)",
    (_rule, _code, _what, over, situation) => {
      const { rejected } = decide(sent(over), situation);
      expect(rejected?.message).not.toMatch(/usage record \d/);
      expect(rejected?.compared).not.toHaveProperty("record");
    },
  );

  test("with figures that say why", () => {
    const stopped = decide(sent(), { resource: { ...TASK, stoppedAtMs: NOW_MS - 1 } });
    expect(stopped.rejected?.compared).toEqual({
      productCode: METERED_CONTAINER,
      resourceId: TASK.resourceId,
      platform: "ecs",
      stoppedAt: new Date(NOW_MS - 1).toISOString(),
      now: new Date(NOW_MS).toISOString(),
    });
  });

  test("for the rules of the rule book's list (Rules M2 and M3 among them), and for no others", () => {
    const kept = ["M4", "M5"];
    expect(new Set([...table.map(([rule]) => rule), ...kept])).toEqual(new Set(meterUsage.refuses));
  });
});

describe("MeterUsage is accepted", () => {
  test.each([
    ["an instance", resource("ec2"), METERED_IMAGE],
    ["an instance in GovCloud", resource("ec2", { region: "us-gov-east-1" }), METERED_IMAGE],
    ["a task", resource("ecs"), METERED_CONTAINER],
    ["a task in a region that is new", resource("ecs", { region: "mx-central-1" }), METERED_CONTAINER],
    ["a pod", resource("eks"), METERED_CONTAINER],
  ])("of %s (Rules X1, M1, M3)", (_what, calling, productCode) => {
    expect(answerOf(decide(sent({ productCode }), { resource: calling }))).toBe("new");
  });

  test("at the edges of the window, and without a quantity (Rules W1, W3)", () => {
    for (const timestampMs of [NOW_MS - 6 * HOUR_MS, NOW_MS + 900_000]) {
      const { productCode, usageDimension } = sent();
      expect(answerOf(decide({ productCode, usageDimension, timestampMs }))).toBe("new");
    }
  });

  test("under the key of the resource, and found by its token, whatever it is about", () => {
    const decision = decide(sent({ clientToken: "t" }));
    if (decision.rejected !== undefined || decision.dryRun) throw new Error("refused");
    const [record, alias, ...more] = decision.accepted;
    expect(more).toEqual([]);
    expect(record).toMatchObject({ position: 0, quantity: 3 });
    expect(record?.key).toEqual({
      hour: Math.floor(NOW_MS / HOUR_MS),
      region: REGION,
      offering: METERED_CONTAINER,
      customer: `account:${ANNAS_ACCOUNT}`,
      dimension: "gb",
      discriminator: `resource:${TASK.resourceId}`,
    });
    expect(alias?.key).toEqual(record && clientTokenKey(record.key, "t"));
    expect(alias?.key).toMatchObject({ offering: "", dimension: "" });
  });
});

describe("the hour (Rule M5)", () => {
  const made = madeBy(sent());
  const inAnotherMinute = NOW_MS + 900_000;

  test("is answered with its id when the same is sent again, in any minute and with any token", () => {
    for (const over of [{}, { timestampMs: inAnotherMinute }, { clientToken: "new" }]) {
      const decision = decide(sent(over), { made });
      expect(decision).toMatchObject({ meteringRecordId: "kept", accepted: [] });
    }
  });

  test("takes no other quantity and no other split", () => {
    const split = { usageAllocations: [{ allocatedUsageQuantity: 3 }] };
    for (const over of [{ usageQuantity: 4 }, { usageQuantity: 0 }, split, { usageQuantity: 4, clientToken: "t" }]) {
      expect(answerOf(decide(sent(over), { made }))).toBe("DuplicateRequestException M5");
    }
  });

  test("is each dimension's, each product's and each resource's own", () => {
    expect(answerOf(decide(sent({ usageDimension: "calls" }), { made }))).toBe("new");
    expect(answerOf(decide(sent({ productCode: OTHER_CONTAINER }), { made }))).toBe("new");
    expect(answerOf(decide(sent({ timestampMs: NOW_MS - HOUR_MS }), { made }))).toBe("new");
    expect(answerOf(decide(sent(), { made, resource: resource("ecs", { resourceId: "another" }) }))).toBe("new");
  });

  test("is answered from what is kept once the agreement has ended, or the product is the customer's no more", () => {
    expect(answerOf(decide(sent(), { made, agreements: [] }))).toBe("kept");
    expect(answerOf(decide(sent({ usageQuantity: 9 }), { made, agreements: [] }))).toBe("DuplicateRequestException M5");
  });
});

describe("a ClientToken (Rule M4)", () => {
  const made = madeBy(sent({ clientToken: "t" }));

  test("with the same request again is answered with its id", () => {
    expect(answerOf(decide(sent({ clientToken: "t" }), { made }))).toBe("kept");
    expect(answerOf(decide(sent({ clientToken: "t", timestampMs: NOW_MS + 60_000 }), { made }))).toBe("kept");
  });

  test.each<[string, Partial<MeterUsageInput>]>([
    ["product", { productCode: OTHER_CONTAINER }],
    ["quantity", { usageQuantity: 4 }],
    ["split", { usageAllocations: [{ allocatedUsageQuantity: 3 }] }],
    ["dimension", { usageDimension: "calls" }],
    ["hour", { timestampMs: NOW_MS - HOUR_MS }],
    ["hour, as far as one can be", { timestampMs: NOW_MS - 6 * HOUR_MS }],
  ])("with another %s is refused", (_what, over) => {
    expect(answerOf(decide(sent({ ...over, clientToken: "t" }), { made }))).toBe("IdempotencyConflictException M4");
  });

  test("is another resource's own", () => {
    const another = resource("ecs", { resourceId: "another" });
    expect(answerOf(decide(sent({ clientToken: "t", usageQuantity: 4 }), { made, resource: another }))).toBe("new");
  });

  test("is free again once no use of its hour is accepted any more, and not before", () => {
    const endOfHourMs = (Math.floor(NOW_MS / HOUR_MS) + 1) * HOUR_MS;
    const last = endOfHourMs + 6 * HOUR_MS;
    const answers = [last, last + 1].map((nowMs) =>
      answerOf(decide(sent({ clientToken: "t", usageQuantity: 4, timestampMs: nowMs }), { made, nowMs })),
    );
    expect(answers).toEqual(["IdempotencyConflictException M4", "new"]);
  });

  test("comes before the hour's own rule, and the hour's before the agreement", () => {
    const conflict = sent({ clientToken: "t", usageQuantity: 4 });
    expect(answerOf(decide(conflict, { made, agreements: [] }))).toBe("IdempotencyConflictException M4");
  });
});

const of = (over: Partial<Agreement>): Agreement[] => [
  agreement("a", { productCode: METERED_CONTAINER, customerIdentifier: undefined, ...over }),
];

describe("the agreement (Rule M6)", () => {
  test.each<[string, readonly Agreement[], Partial<MeterUsageInput>]>([
    ["a free trial", of({ freeTrial: true }), {}],
    ["its final hour", of({ cancelledAtMs: NOW_MS - 60_000 }), { timestampMs: NOW_MS - 120_000 }],
    ["one that followed another", [
      ...of({ endsAtMs: NOW_MS - DAY_MS }),
      ...of({ agreementId: "b", startsAtMs: NOW_MS - DAY_MS }),
    ], {}],
  ])("lets use in during %s", (_what, agreements, over) => {
    expect(answerOf(decide(sent(over), { agreements }))).toBe("new");
  }); // prettier-ignore

  test.each<[string, string, readonly Agreement[], Partial<MeterUsageInput>]>([
    ["G1", "has not begun", of({ startsAtMs: NOW_MS + 1 }), {}],
    ["G2", "began after the use", of({ startsAtMs: NOW_MS - 1 }), { timestampMs: NOW_MS - 2 }],
    ["G3", "has ended an hour ago", of({ endsAtMs: NOW_MS - HOUR_MS }), { timestampMs: NOW_MS - 2 * HOUR_MS }],
    ["G4", "is suspended", of({ suspendedAtMs: NOW_MS - 1 }), {}],
    ["G1", "is for other products", AGREEMENTS.filter(({ productCode }) => productCode !== METERED_CONTAINER), {}],
  ])("lets nothing in, by Rule %s, where it %s", (because, _what, agreements, over) => {
    const { rejected } = decide(sent(over), { agreements });
    expect(rejected).toMatchObject({ code: "CustomerNotEntitledException", rule: "M6", compared: { because } });
  });
});

describe("a dry run (Rule M7)", () => {
  const made = madeBy(sent({ clientToken: "t" }));

  test("gets the refusal that the request would get, or says that there would be none, of a replay, too", () => {
    const dry = (over: Partial<MeterUsageInput>, situation?: Situation): string =>
      answerOf(decide(sent({ dryRun: true, ...over }), situation));
    expect(dry({ usageDimension: "none" })).toBe("InvalidUsageDimensionException U1");
    expect(dry({}, { agreements: [] })).toBe("CustomerNotEntitledException M6");
    expect(dry({ usageQuantity: 4 }, { made })).toBe("DuplicateRequestException M5");
    expect(dry({ usageQuantity: 4, clientToken: "t" }, { made })).toBe("IdempotencyConflictException M4");
    expect(decide(sent({ dryRun: true }), { made })).toEqual({ dryRun: true, resource: TASK });
    expect(decide(sent({ dryRun: true }))).toEqual({ dryRun: true, resource: TASK });
    expect(decide(sent({ dryRun: false }))).toMatchObject({ accepted: [{ position: 0 }] });
  });
});

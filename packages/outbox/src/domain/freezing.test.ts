import { allocationFault, answerReaderOf, usageRecordShape, type UsageRecord } from "@countinghouse/protocol";
import { array, assert, bigInt, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { apportion } from "./apportion.ts";
import { closesAt, windowEndOf } from "./deadline.ts";
import { freeze, type FreezingFacts } from "./freezing.ts";
import { ONE } from "./quantity.ts";
import { tagsText } from "./tags.ts";

const HOUR_MS = 3_600_000;
const AT = Date.UTC(2026, 10, 10, 10, 59, 59, 999);
const meter = { name: "gb", productCode: "prod1", dimension: "gb", per: "1000", aggregate: "sum" } as const;
const facts: FreezingFacts = {
  identity: '["account","prod1","444455556666"]',
  meter,
  closesMs: AT + 24 * HOUR_MS,
  parts: [],
  latestAtMs: AT,
  balance: 0n,
  ruleSet: "current",
  restTag: { key: "usage", value: "rest" },
};
const tagged = (value: string): string => tagsText([{ key: "team", value }]);
const read = answerReaderOf<UsageRecord>(usageRecordShape);
const recordOf = (body: string | undefined): Partial<UsageRecord> => read(JSON.parse(body ?? "{}"));

describe("an hour", () => {
  test.each([
    ["2500", "0", 2n, "500", "frozen"],
    ["999", "0", 0n, "999", "empty"],
    ["999", "1", 1n, "0", "frozen"],
    ["-5", "0", 0n, "-5", "empty"],
    ["5000", "-4500", 0n, "500", "empty"],
    ["0", "1999", 1n, "999", "frozen"],
    ["2147483647999", "0", 2_147_483_647n, "999", "frozen"],
    ["2147483648000", "0", 2_147_483_648n, "0", "held"],
  ])("of %s, with %s from before, is %s units, and %s stays: %s", (sum, balance, units, leftOver, state) => {
    const frozen = freeze({
      ...facts,
      parts: [{ tags: "[]", sum: BigInt(sum) * ONE }],
      balance: BigInt(balance) * ONE,
    });
    expect(frozen).toMatchObject({ units, leftOver: BigInt(leftOver) * ONE, state });
    expect(frozen.body === undefined).toBe(state !== "frozen");
  });

  test("O10: is stamped with the second of its latest reading, and expires by that", () => {
    const { body, deadlineMs } = freeze({ ...facts, parts: [{ tags: "[]", sum: 1000n * ONE }] });
    expect(body).toBe('{"Timestamp":1794308399,"Dimension":"gb","Quantity":1,"CustomerAWSAccountId":"444455556666"}');
    expect(deadlineMs).toBe(AT - 999 + 24 * HOUR_MS);
    expect(freeze({ ...facts, closesMs: AT + 5 }).deadlineMs).toBe(AT + 5);
  });

  test("split by tags has parts that add up, whatever they are; the service would take them", () => {
    const part = record({ team: integer({ min: 0, max: 30 }), sum: bigInt(-3000n * ONE, 9_000n * ONE) });
    assert(
      property(array(part, { maxLength: 40 }), bigInt(-2000n * ONE, 2000n * ONE), (list, balance) => {
        const byTeam = new Map(list.map(({ team, sum }) => [tagged(String(team)), sum]));
        const parts = [...byTeam].map(([tags, sum]) => ({ tags, sum }));
        const { body, units } = freeze({ ...facts, parts, balance });
        if (body === undefined) return;
        const usage = recordOf(body);
        expect(usage.quantity).toBe(Number(units));
        if (usage.usageAllocations !== undefined) expect(allocationFault(usage as UsageRecord)).toBeUndefined();
      }),
    );
  });

  test("of more than 2,500 sets of tags has the smallest under one name, and fits a request", () => {
    const parts = Array.from({ length: 2_501 }, (_, n) => ({
      tags: tagged(`${n}`.padStart(256, "x")),
      sum: BigInt(n + 1) * 1000n * ONE,
    }));
    const { body = "", units } = freeze({ ...facts, parts });
    const { usageAllocations = [], quantity } = recordOf(body);
    expect(usageAllocations.length).toBeLessThanOrEqual(2_500);
    expect(usageAllocations.at(-1)?.tags).toEqual([{ key: "usage", value: "rest" }]);
    expect(allocationFault({ quantity: Number(units), usageAllocations })).toBeUndefined();
    expect(quantity).toBe((2_501 * 2_502) / 2);
    expect(body.length).toBeLessThan(1_000_000);
  });

  test("the same parts give the same split, in whatever order they come: ties go by the tags", () => {
    const parts = ["c", "a", "b"].map((tags) => ({ tags, sum: 1n }));
    expect(apportion(4n, parts)).toEqual([
      { tags: "a", units: 2n },
      { tags: "b", units: 1n },
      { tags: "c", units: 1n },
    ]);
    assert(
      property(
        array(record({ tags: constantFrom("a", "b", "c", "d"), sum: bigInt(-5n, 50n) })),
        bigInt(0n, 1000n),
        (list, units) => {
          const own = [...new Map(list.map((part) => [part.tags, part])).values()];
          expect(apportion(units, own.toReversed())).toEqual(apportion(units, own));
        },
      ),
    );
  });
});

describe("closing", () => {
  const rules = { ruleSet: "current", holdOpenSeconds: 21_600, requestsPerSecond: 10 } as const;

  test.each([
    ["2026-11-10T10:00:00Z", 0, "2026-11-10T17:00:00Z"],
    ["2026-11-30T20:00:00Z", 0, "2026-12-01T03:00:00Z"],
    ["2026-11-30T23:00:00Z", 0, "2026-12-01T03:00:00Z"],
    ["2026-11-30T23:00:00Z", 2_250_000, "2026-12-01T01:00:00Z"],
    ["2026-11-30T23:00:00Z", 9_000_000, "2026-12-01T00:00:00Z"],
  ])("the hour %s with %s records to be sent closes at %s", (start, waiting, closes) => {
    expect(new Date(closesAt(Date.parse(start), rules, waiting)).toISOString()).toBe(new Date(closes).toISOString());
  });

  test("by the windows of the protocol", () => {
    expect(windowEndOf(Date.parse("2026-11-10T10:00:00Z"), "classic")).toBe(Date.parse("2026-11-10T16:00:00Z"));
    expect(windowEndOf(Date.parse("2026-11-10T10:00:00Z"), "current")).toBe(Date.parse("2026-11-11T10:00:00Z"));
    expect(windowEndOf(Date.parse("2026-11-30T10:00:00Z"), "current")).toBe(Date.parse("2026-12-01T06:00:00Z"));
    expect(
      closesAt(Date.parse("2026-11-30T20:00:00Z"), { ...rules, ruleSet: "classic", holdOpenSeconds: 3_600 }, 0),
    ).toBe(Date.parse("2026-11-30T22:00:00Z"));
  });
});

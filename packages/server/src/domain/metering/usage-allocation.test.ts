import type { Tag, UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usage } from "../../../testing/market.ts";
import type { Rejection } from "../rejection.ts";
import { allocationChecks, sameAllocations } from "./usage-allocation.ts";

/** A usage allocation: its quantity, and its tags as `key=value`. */
function part(allocatedUsageQuantity: number, ...tags: string[]): UsageAllocation {
  if (tags.length === 0) return { allocatedUsageQuantity };
  return {
    allocatedUsageQuantity,
    tags: tags.map((text) => ({ key: text.split("=")[0] ?? "", value: text.split("=")[1] ?? "" })),
  };
}

function checkAllocations(record: UsageRecord, position: number): Rejection | undefined {
  return allocationChecks.map((check) => check(record, position)).find((found) => found !== undefined);
}

describe("a record's split is accepted", () => {
  const table: readonly [string, number | undefined, UsageAllocation[] | undefined][] = [
    ["where there is none", 5, undefined],
    ["where it adds up (Rule A1)", 5, [part(2, "team=red"), part(3, "team=blue")]],
    ["where one bucket has no tags (Rule A2)", 5, [part(2), part(3, "team=blue")]],
    ["where it is the whole in one bucket (Rule A1)", 5, [part(5)]],
    ["where both it and the quantity are nought (Rule A1)", 0, [part(0, "team=red")]],
    ["where it is nought and no quantity is given (Rule A1)", undefined, [part(0, "team=red")]],
    ["where buckets share a key, and where they share a value (Rule A2)", 3, [part(1, "a=x"), part(1, "a=y"), part(1, "b=x")]],
    ["where one bucket's tags are some of another's (Rule A2)", 2, [part(1, "a=x"), part(1, "a=x", "b=y")]],
    ["where keys differ in case only (Rule A5)", 1, [part(1, "a=x", "A=x")]],
    ["up to the largest sum there is (Rule A1)", 2_147_483_647, [part(2_147_483_646, "a=x"), part(1)]],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, quantity, usageAllocations) => {
    const record = { timestampMs: 0, dimension: "gb" };
    const given = quantity === undefined ? record : { ...record, quantity };
    expect(
      checkAllocations(usageAllocations === undefined ? given : { ...given, usageAllocations }, 0),
    ).toBeUndefined();
  });
});

describe("a record's split is refused", () => {
  const table: readonly [string, UsageAllocation[], object][] = [
    [
      "where it falls short (Rule A1)",
      [part(2, "team=red"), part(2)],
      { code: "InvalidUsageAllocationsException", rule: "A1", compared: { record: 3, quantity: 5, sum: 4 } },
    ],
    [
      "where it is too much (Rule A1)",
      [part(2_147_483_647), part(2_147_483_647, "team=red")],
      {
        code: "InvalidUsageAllocationsException",
        rule: "A1",
        compared: { record: 3, quantity: 5, sum: 4_294_967_294 },
      },
    ],
    [
      "where two buckets have the same tags, in whatever order (Rule A2)",
      [part(1, "a=x", "b=y"), part(1), part(3, "b=y", "a=x")],
      { code: "InvalidUsageAllocationsException", rule: "A2", compared: { record: 3, allocation: 3 } },
    ],
    [
      "where two buckets have no tags (Rule A2)",
      [part(1), part(4)],
      { code: "InvalidUsageAllocationsException", rule: "A2", compared: { record: 3, allocation: 2 } },
    ],
    [
      "where two tags of a bucket have the same key (Rule A5)",
      [part(1), part(4, "a=x", "a=y")],
      { code: "InvalidTagException", rule: "A5", compared: { record: 3, allocation: 2 } },
    ],
  ];
  test.each(table)("%s", (_what, usageAllocations, expected) => {
    expect(checkAllocations(usage({ quantity: 5, usageAllocations }), 2)).toMatchObject(expected);
  });
});

const textOf = ({ tags = [] }: UsageAllocation): string =>
  JSON.stringify(tags.map((one) => JSON.stringify(one)).toSorted());
const plain = (all: readonly UsageAllocation[]): string[] =>
  all.map((one) => `${one.allocatedUsageQuantity} ${textOf(one)}`).toSorted();
const shuffled = <T>(all: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
const tag: fc.Arbitrary<Tag> = fc.record({
  key: fc.constantFrom("a", "b", "a=b", 'a"', ""),
  value: fc.constantFrom("x", "y", "b=x", '"x', ""),
});
const allocation: fc.Arbitrary<UsageAllocation> = fc.record(
  {
    allocatedUsageQuantity: fc.nat({ max: 3 }),
    tags: fc.uniqueArray(tag, { selector: ({ key }) => key, minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ["allocatedUsageQuantity"] },
);
const allocations = fc.uniqueArray(allocation, { selector: textOf, minLength: 1, maxLength: 5 });
const reordered = (all: readonly UsageAllocation[]): fc.Arbitrary<UsageAllocation[]> =>
  shuffled(all).chain((some) =>
    fc.tuple(
      ...some.map((one) =>
        one.tags === undefined ? fc.constant(one) : shuffled(one.tags).map((tags) => ({ ...one, tags })),
      ),
    ),
  );

describe("two splits", () => {
  test("are the same whatever the order of their buckets and of the tags in them (Rule K2)", () => {
    const pair = allocations.chain((all) => fc.tuple(fc.constant(all), reordered(all)));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const quantity = a.reduce((sum, one) => sum + one.allocatedUsageQuantity, 0);
        expect(sameAllocations(a, b)).toBe(true);
        expect(sameAllocations(b, a)).toBe(true);
        expect(checkAllocations(usage({ quantity, usageAllocations: a }), 0)).toBeUndefined();
        expect(checkAllocations(usage({ quantity, usageAllocations: b }), 0)).toBeUndefined();
      }),
    );
  });

  test("differ where any bucket does, or is missing (Rule K2)", () => {
    const related = allocations.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all)));
    fc.assert(
      fc.property(fc.oneof(related, fc.tuple(allocations, allocations)), ([a, b]) => {
        expect(sameAllocations(b, a)).toBe(sameAllocations(a, b));
        expect(sameAllocations(a, b)).toBe(JSON.stringify(plain(a)) === JSON.stringify(plain(b)));
      }),
    );
  });

  test("differ where only one of them is there (Rule K2)", () => {
    expect(sameAllocations(undefined, undefined)).toBe(true);
    expect(sameAllocations([part(1)], undefined)).toBe(false);
    expect(sameAllocations(undefined, [part(1)])).toBe(false);
  });
});

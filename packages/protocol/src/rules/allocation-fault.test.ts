import { expect, test } from "vitest";
import { allocationFault } from "./allocation-fault.ts";

const split = (quantity: number, ...parts: readonly (readonly [number, ...string[]])[]) => ({
  quantity,
  usageAllocations: parts.map(([allocatedUsageQuantity, ...keys]) => ({
    allocatedUsageQuantity,
    tags: keys.map((key) => ({ key, value: "v" })),
  })),
});

test.each([
  ["nothing is split", { quantity: 3 }, undefined],
  ["the parts add up", split(3, [1, "a"], [2, "b"]), undefined],
  [
    "a key stands twice in a part (Rule A5), before all else",
    split(9, [1, "a"], [1, "a"], [1, "b", "b"]),
    { rule: "A5", allocation: 3 },
  ],
  [
    "two parts have the same tags (Rule A2), before their sum",
    split(9, [1, "a", "b"], [1, "b", "a"]),
    { rule: "A2", allocation: 2 },
  ],
  ["the parts do not add up (Rule A1)", split(9, [1, "a"], [2, "b"]), { rule: "A1", quantity: 9, sum: 3 }],
] as const)("where %s", (_, record, fault) => {
  expect(allocationFault(record)).toEqual(fault);
});

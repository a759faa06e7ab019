import { expect, test } from "vitest";
import { LEASE_MS, isLeased } from "./lease.ts";

const NOW = Date.UTC(2026, 10, 29, 12);

test.each([
  ["none", undefined, false],
  ["one that is over", NOW, false],
  ["one that has just begun", NOW + LEASE_MS, true],
  ["one that is nearly over", NOW + 1, true],
  ["one of a clock that went ahead", NOW + LEASE_MS + 1, false],
])("%s", (_name, leasedUntilMs, expected) => {
  expect(isLeased(leasedUntilMs, NOW)).toBe(expected);
});

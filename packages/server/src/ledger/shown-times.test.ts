import * as fc from "fast-check";
import { expect, test } from "vitest";
import { withShownTimes } from "./shown-times.ts";

test("times are dates however deep they lie, and nothing else is", () => {
  const members = {
    productCode: "p",
    beforeMs: 0,
    fault: { delayMs: 1_500, count: 2 },
    uses: [{ hour: 492_636, seconds: 3_600 }, "text", 7, null],
    request: { timestampMs: 1_773_491_400_000, usageQuantity: 3, nothing: null },
  };
  expect(withShownTimes(members)).toEqual({
    productCode: "p",
    before: "1970-01-01T00:00:00.000Z",
    fault: { delayMs: 1_500, count: 2 },
    uses: [{ hour: "2026-03-14T12:00:00.000Z", seconds: 3_600 }, "text", 7, null],
    request: { timestamp: "2026-03-14T12:30:00.000Z", usageQuantity: 3, nothing: null },
  });
});

test("a number that is no time, though its name says so, stays as it is", () => {
  expect(withShownTimes({ startedAtMs: 8.64e15 + 1, hour: 1e300 })).toEqual({ startedAtMs: 8.64e15 + 1, hour: 1e300 });
});

test("anything can be shown", () => {
  fc.assert(
    fc.property(fc.object(), (members) => {
      expect(Object.keys(withShownTimes(members)).length).toBeLessThanOrEqual(Object.keys(members).length);
    }),
  );
});

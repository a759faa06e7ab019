import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { epochMsOf, startOfHour, wireMsOf, type Time } from "./time.ts";

const ms = Date.parse("2026-07-01T05:59:59.999Z");

describe("a time is taken as", () => {
  const forms: readonly (readonly [string, Time])[] = [
    ["a Date", new Date(ms)],
    ["milliseconds since the epoch", ms],
    ["a Temporal.Instant, or whatever else has epochMilliseconds", { epochMilliseconds: ms }],
    ["seconds since the epoch, said to be so", { epochSeconds: ms / 1000 }],
  ];
  test.each(forms)("%s", (_form, time) => {
    expect(epochMsOf(time)).toBe(ms);
    expect(wireMsOf(time)).toBe(Date.parse("2026-07-01T05:59:59Z"));
    expect(startOfHour(time)).toEqual(new Date("2026-07-01T05:00:00Z"));
  });
});

describe("what is no time is refused:", () => {
  test.each([
    ["seconds without a word", ms / 1000],
    ["microseconds without a word", ms * 1000],
    ["a Date that is none", new Date("soon")],
    ["a number that is none", Number.NaN],
    ["a text", "2026-07-01T05:00:00Z"],
    ["nothing", undefined],
    ["null", null],
    ["an object without a time", {}],
    ["an object with a text", { epochMilliseconds: "now" }],
  ])("%s", (_what, time) => {
    expect(() => epochMsOf(time as Time)).toThrow(expect.objectContaining({ name: "InvalidInputError" }) as Error);
  });
});

const isTaken = (time: Time): boolean => {
  try {
    return epochMsOf(time) !== undefined;
  } catch {
    return false;
  }
};

test("a bare number is of our time, in milliseconds; other forms reach as far as a Date", () => {
  expect([99_999_999_999, 100_000_000_000, 9_999_999_999_999, 10_000_000_000_000].map(isTaken)).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const furthest = 8_640_000_000_000_000;
  expect([furthest, -furthest, furthest + 1].map((epochMilliseconds) => isTaken({ epochMilliseconds }))).toEqual([
    true,
    true,
    false,
  ]);
});

test("a fraction of a second never moves usage into another hour", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8_640_000_000_000_000 }), (epochMilliseconds) => {
      const time = { epochMilliseconds };
      expect(startOfHour({ epochMilliseconds: wireMsOf(time) })).toEqual(startOfHour(time));
      expect(epochMilliseconds - wireMsOf(time)).toBeLessThan(1_000);
    }),
  );
});

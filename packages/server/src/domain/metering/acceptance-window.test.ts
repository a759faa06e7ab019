import { HOUR_MS, ruleSets, type RuleSet } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { checkWindow } from "./acceptance-window.ts";
import { DAY_MS, NOW_MS, usage } from "../../../testing/market.ts";
import type { Rejection } from "../rejection.ts";

const { classic, current } = ruleSets;

function check(ruleSet: RuleSet, timestampMs: number, nowMs = NOW_MS): Rejection | undefined {
  return checkWindow(usage({ timestampMs }), 2, ruleSet.batchMeterUsageWindow, ruleSet, nowMs);
}

describe("usage that is", () => {
  const table: readonly [string, RuleSet, number, string | undefined][] = [
    ["of now", classic, 0, undefined],
    ["6 h old to the millisecond", classic, 6 * HOUR_MS, undefined],
    ["a millisecond more than 6 h old", classic, 6 * HOUR_MS + 1, "W1"],
    ["years old", classic, NOW_MS, "W1"],
    ["15 min ahead to the millisecond", classic, -900_000, undefined],
    ["a millisecond more than 15 min ahead", classic, -900_001, "W3"],
    ["years ahead", classic, -8.6e15 + NOW_MS, "W3"],
    ["a millisecond less than 24 h old", current, DAY_MS - 1, undefined],
    ["24 h old to the millisecond", current, DAY_MS, "W4"],
    ["15 min ahead to the millisecond", current, -900_000, undefined],
    ["a millisecond more than 15 min ahead", current, -900_001, "W3"],
  ];
  test.each(table.map(([what, ruleSet, ageMs, rule]) => ({ what, ruleSet, ageMs, rule, outcome: rule ?? "accepted" })))(
    "$what, under $ruleSet.name: $outcome (Rules W1, W4, W3)",
    ({ ruleSet, ageMs, rule }) => {
      const rejected = check(ruleSet, NOW_MS - ageMs);
      expect(rejected?.rule).toBe(rule);
      if (rejected !== undefined) expect(rejected.code).toBe("TimestampOutOfBoundsException");
    },
  );

  test("judged by its own time and not by its hour (Rule W1)", () => {
    const nowMs = Date.UTC(2026, 6, 14, 12, 59, 59, 999);
    expect(check(classic, Date.UTC(2026, 6, 14, 6, 59, 59, 999), nowMs)).toBeUndefined();
    expect(check(classic, Date.UTC(2026, 6, 14, 6, 59, 59, 998), nowMs)).toMatchObject({ rule: "W1" });
  });
});

describe("at the turn of a month, under `current`,", () => {
  const table: readonly [string, string, string, string | undefined][] = [
    ["July's last usage is accepted until just before 06:00", "2026-07-31T23:59:59.999Z", "2026-08-01T05:59:59.999Z", undefined],
    ["… and no more from 06:00:00.000 on", "2026-07-31T23:59:59.999Z", "2026-08-01T06:00:00.000Z", "W2"],
    ["August's first usage is accepted after that", "2026-08-01T00:00:00.000Z", "2026-08-01T06:00:00.000Z", undefined],
    ["… until it is 24 h old", "2026-08-01T00:00:00.000Z", "2026-08-01T23:59:59.999Z", undefined],
    ["usage of 24 h and of the month before is refused for its age", "2026-07-31T07:00:00Z", "2026-08-01T07:00:00Z", "W4"],
    ["a year has turns too", "2025-12-31T20:00:00Z", "2026-01-01T06:00:00Z", "W2"],
    ["a February of 29 days as well", "2028-02-29T12:00:00Z", "2028-03-01T06:00:00Z", "W2"],
    ["usage slightly ahead, of the month to come, is accepted", "2026-08-01T00:05:00Z", "2026-07-31T23:55:00Z", undefined],
  ]; // prettier-ignore
  test.each(table)("%s (Rule W2)", (_what, timestamp, now, rule) => {
    expect(check(current, Date.parse(timestamp), Date.parse(now))?.rule).toBe(rule);
  });

  test("`classic` knows no such grace: only age counts (Rule W2)", () => {
    const now = Date.parse("2026-08-01T05:59:59.999Z");
    expect(check(classic, now - 6 * HOUR_MS, now)).toBeUndefined();
    expect(check(classic, Date.parse("2026-07-31T23:59:59.998Z"), now)?.rule).toBe("W1");
    expect(check(classic, Date.parse("2026-08-01T00:00:00Z"), Date.parse("2026-08-01T06:00:00Z"))).toBeUndefined();
  });
});

describe("a refusal says what was compared:", () => {
  const compared = { record: 3, now: "2026-07-14T12:30:00.000Z" };

  test("age and limit (Rule W1)", () => {
    expect(check(classic, NOW_MS - 7 * HOUR_MS)).toEqual({
      code: "TimestampOutOfBoundsException",
      rule: "W1",
      message:
        "Timestamp 2026-07-14T05:30:00.000Z of usage record 3 is out of bounds: it is older than 21600 s (rule W1, rule set classic; the service clock says 2026-07-14T12:30:00.000Z).",
      compared: {
        ...compared,
        timestamp: "2026-07-14T05:30:00.000Z",
        ageSeconds: 25_200,
        ageSecondsLimit: 21_600,
        ruleSet: "classic",
      },
    });
  });

  test("an age to the millisecond, whatever the clock says beyond that", () => {
    for (const beyond of [0.000_533_691_4, 0.1 + 0.2, 0.49]) {
      const { ageSeconds } = check(classic, NOW_MS - 7 * HOUR_MS, NOW_MS + beyond)?.compared ?? {};
      expect(ageSeconds).toBe(25_200);
    }
    expect(check(classic, NOW_MS - 7 * HOUR_MS - 1)?.compared["ageSeconds"]).toBe(25_200.001);
  });

  test("when the month was closed (Rule W2)", () => {
    const now = Date.parse("2026-08-01T06:00:00Z");
    expect(check(current, Date.parse("2026-07-31T23:00:00Z"), now)).toMatchObject({
      message: expect.stringContaining("until 2026-08-01T06:00:00.000Z") as string,
      compared: { record: 3, ageSeconds: 25_200, closedAt: "2026-08-01T06:00:00.000Z", ruleSet: "current" },
    });
  });

  test("how far ahead it may lie (Rule W3)", () => {
    expect(check(current, NOW_MS + HOUR_MS)).toMatchObject({
      message: expect.stringContaining("more than 900 s in the future") as string,
      compared: { ...compared, ageSeconds: -3_600, aheadSecondsMax: 900, ruleSet: "current" },
    });
  });
});

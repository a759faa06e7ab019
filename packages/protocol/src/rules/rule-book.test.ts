import { describe, expect, test } from "vitest";
import {
  ALLOCATIONS_MAX,
  BATCH_RECORDS_MAX,
  EVENTS_PAGE_MAX,
  FINAL_METERING_SECONDS,
  QUANTITY_MAX,
  REQUEST_BYTES_LIMIT,
  TAGS_MAX,
} from "../limits.ts";
import { awsRequestQuotas } from "../operations/operations.ts";
import { ruleBook, type RuleId } from "./rule-book.ts";
import type { Rule } from "./rule.ts";
import { ruleSets } from "./rule-sets.ts";

const figure = (value: number): string => value.toLocaleString("en-US");
const { classic, current } = ruleSets;

describe("every rule has a text and a source:", () => {
  test.each(Object.entries<Rule>(ruleBook))("Rule %s", (id, rule) => {
    expect(id).toMatch(/^[A-Z][1-9]$/);
    expect(rule.text).toMatch(/^[A-Z].*\.$/s);
    expect(rule.source).toMatch(/\S/);
    for (const day of [rule.inForce.from, rule.inForce.until])
      expect(day ?? "2026").toMatch(/^20\d\d(-\d\d){0,2}( |$)/);
    if (rule.reading !== undefined) expect(rule.reading).toMatch(/^[A-Z].*\.$/s);
  });

  test("no two of them say the same", () => {
    const texts = Object.values(ruleBook).map((rule) => rule.text);
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe("the figures in the texts are the ones that the code uses:", () => {
  const table: readonly [RuleId, string][] = [
    ["L1", `${figure(REQUEST_BYTES_LIMIT)} bytes`],
    ["L2", `${figure(BATCH_RECORDS_MAX)} usage records`],
    ["L3", `between 0 and ${figure(QUANTITY_MAX)}`],
    ["A3", `${figure(ALLOCATIONS_MAX)} allocations`],
    ["A4", `${figure(TAGS_MAX)} tags`],
    ["W1", `older than ${figure(classic.batchMeterUsageWindow.ageSecondsLimit)} s`],
    ["W4", `at ${figure(current.batchMeterUsageWindow.ageSecondsLimit)} s and older`],
    ["W2", `0${(current.batchMeterUsageWindow.monthEndGraceSeconds ?? 0) / 3_600}:00 UTC on the 1st`],
    ["W3", `${figure(classic.batchMeterUsageWindow.aheadSecondsMax)} s ahead`],
    ["G3", `accepted for ${FINAL_METERING_SECONDS === 3_600 ? "one hour" : "?"}`],
    ["V4", `A page holds ${EVENTS_PAGE_MAX} events`],
    ["V4", `above ${EVENTS_PAGE_MAX} `],
    ["T1", `${classic.registrationTokenSeconds / 3_600} hours`],
    ...Object.entries(awsRequestQuotas).flatMap(([operation, { requestsPerSecond, rule }]): [RuleId, string][] => [
      [rule, `${requestsPerSecond} `],
      [rule, operation],
    ]),
  ];
  test.each(table)("Rule %s says %j", (id, words) => {
    expect(ruleBook[id].text).toContain(words);
  });
});

test("Rule W1: `classic` accepts a record of exactly 21,600 s, by either operation", () => {
  const window = { ageSecondsLimit: 21_600, limitAccepted: true };
  expect(classic.batchMeterUsageWindow).toMatchObject(window);
  expect(classic.meterUsageWindow).toMatchObject(window);
});

test("Rule W4: `current` refuses a record of exactly 86,400 s in a batch, and leaves MeterUsage as it was", () => {
  expect(current.batchMeterUsageWindow).toMatchObject({ ageSecondsLimit: 86_400, limitAccepted: false });
  expect(current.meterUsageWindow).toEqual(classic.meterUsageWindow);
});

test("Rule W2: the month-end grace is of `current` batches only", () => {
  expect(current.batchMeterUsageWindow.monthEndGraceSeconds).toBe(21_600);
  expect(classic.batchMeterUsageWindow.monthEndGraceSeconds).toBeUndefined();
});

test("rule sets are found under their own names and differ in windows only", () => {
  for (const [name, ruleSet] of Object.entries(ruleSets)) expect(ruleSet.name).toBe(name);
  const { name: _name, inForce: _inForce, batchMeterUsageWindow: _window, ...rest } = current;
  expect(classic).toMatchObject(rest);
});

import { lookupAttributeKeys, type LookupEventsInput } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { decideLookupEvents, lookupQuery } from "./lookup-events.ts";

const attribute = (attributeKey: string, attributeValue = "x"): LookupEventsInput => ({
  lookupAttributes: [{ attributeKey, attributeValue }],
});
const refusalOf = (input: LookupEventsInput, isTokenGood = true): string | undefined => {
  const { rejected } = decideLookupEvents(input, isTokenGood);
  return rejected && `${rejected.rule} ${rejected.code}`;
};

test("a question without anything is for the newest 50 events", () => {
  expect(decideLookupEvents({}, true)).toEqual({
    wanted: { attribute: undefined, fromMs: undefined, toMs: undefined, limit: 50, isInsight: false },
  });
});

describe("Rule V2: an attribute", () => {
  test.each(lookupAttributeKeys.filter((key) => key !== "ReadOnly"))("%s is one", (key) => {
    expect(decideLookupEvents(attribute(key), true)).toMatchObject({ wanted: { attribute: { key, value: "x" } } });
    expect(refusalOf(attribute(key, "x".repeat(2_000)))).toBeUndefined();
  });

  const refused: readonly [string, LookupEventsInput][] = [
    ["of another name", attribute("Region")],
    ["in other capitals", attribute("eventname")],
    ["of a name that every object has", attribute("constructor")],
    ["without a value", attribute("EventName", "")],
    ["of 2,001 characters", attribute("EventName", "x".repeat(2_001))],
    ["ReadOnly that is neither true nor false", attribute("ReadOnly", "TRUE")],
    ["beside another", { lookupAttributes: [1, 2].map(() => ({ attributeKey: "EventName", attributeValue: "x" })) }],
  ];
  test.each(refused)("%s is refused", (_what, input) => {
    expect(refusalOf(input)).toBe("V2 InvalidLookupAttributesException");
  });

  test.each([
    [
      "Region",
      "x",
      `AttributeKey 'Region' is invalid: events are looked up by one of ${lookupAttributeKeys.join(", ")}.`,
    ],
    ["EventName", "", "AttributeValue of EventName has 0 characters; it must have 1 to 2000."],
    ["ReadOnly", "TRUE", "AttributeValue 'TRUE' of ReadOnly is invalid: it is true or false."],
  ])("%s that is %j is refused with what it may be", (key, value, message) => {
    expect(decideLookupEvents(attribute(key, value), true).rejected?.message).toBe(message);
  });

  test.each(["true", "false"])("ReadOnly may be %s", (value) => {
    expect(refusalOf(attribute("ReadOnly", value))).toBeUndefined();
  });

  test("may be left out, or be none in a list", () => {
    expect(refusalOf({ lookupAttributes: [] })).toBeUndefined();
  });
});

const wanted = (startTimeMs: number, endTimeMs: number): unknown =>
  decideLookupEvents({ startTimeMs, endTimeMs }, true);
expect(wanted(5_000, 5_000)).toMatchObject({ wanted: { fromMs: 5_000, toMs: 6_000 } });

test("Rule V3: both ends are included, to the second that events show", () => {
  expect(wanted(5_001, 6_999)).toMatchObject({ wanted: { fromMs: 6_000, toMs: 7_000 } });
  expect(refusalOf({ startTimeMs: 5_001, endTimeMs: 5_000 })).toBe("V3 InvalidTimeRangeException");
  expect(refusalOf({ startTimeMs: 5_001 })).toBeUndefined();
});

test.each([
  [-1, "V4 InvalidMaxResultsException"],
  [0, "V4 InvalidMaxResultsException"],
  [1, undefined],
  [50, undefined],
  [51, "V4 InvalidMaxResultsException"],
])("Rule V4: a page of %i", (maxResults, refusal) => {
  expect(refusalOf({ maxResults })).toBe(refusal);
});

test("Rule V5: a token that is not good for the query is refused", () => {
  expect(refusalOf({ nextToken: "x" }, false)).toBe("V5 InvalidNextTokenException");
});

test("Rule V5: a query is who asks for what, and not how much of it", () => {
  const base: LookupEventsInput = { ...attribute("EventName"), startTimeMs: 1, endTimeMs: 2 };
  const same = [base, { ...base, maxResults: 3 }, { ...base, nextToken: "t" }];
  expect(new Set(same.map((input) => lookupQuery("1", input))).size).toBe(1);
  const others = [attribute("EventId"), attribute("EventName", "y"), { startTimeMs: 2 }, { eventCategory: "insight" }];
  const queries = [base, ...others.map((other) => ({ ...base, ...other }))].map((input) => lookupQuery("1", input));
  expect(new Set([...queries, lookupQuery("2", base)]).size).toBe(queries.length + 1);
});

test("Rule V6: of categories there is insight, of which nothing is kept, and no other", () => {
  expect(decideLookupEvents({ eventCategory: "insight" }, true)).toMatchObject({ wanted: { isInsight: true } });
  expect(refusalOf({ eventCategory: "management" })).toBe("V6 InvalidEventCategoryException");
});

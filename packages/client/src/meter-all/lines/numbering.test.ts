import { expect, test } from "vitest";
import { lineOf } from "../../batch/line.ts";
import type { InputLine } from "./input-line.ts";
import { numberedAsGiven, numbersText } from "./numbering.ts";

/** Twelve lines of a batch; the line at place `i` stands for the input's record at place `100 + i`. */
const lines: readonly InputLine[] = Array.from({ length: 12 }, (_, i) => {
  const record = { timestamp: new Date(0), customerIdentifier: "c", dimension: "d" };
  const { line, verdict } = lineOf(record, "p");
  if (line === undefined) throw new Error(verdict.status);
  return { ...line, entry: { record, index: 100 + i }, others: undefined, same: undefined };
});

test("a message counts records as the caller handed them in, also where a batch has ten or more", () => {
  expect(numberedAsGiven("The usage record 2 is late.", lines)).toBe("The usage record 102 is late.");
  expect(numberedAsGiven("usageRecords.12.quantity", lines)).toBe("usageRecords.112.quantity");
});

test("a number that no line has, or that numbers something else, stays as it is", () => {
  expect(numberedAsGiven("The usage record 13 and the tag 2", lines)).toBe("The usage record 13 and the tag 2");
});

test("of many places ten are written out", () => {
  expect(numbersText([0, 2])).toBe("1, 3");
  expect(numbersText(Array.from({ length: 11 }, (_, i) => i))).toBe("1, 2, 3, 4, 5, 6, 7, 8, 9, 10 … (11 in all)");
});

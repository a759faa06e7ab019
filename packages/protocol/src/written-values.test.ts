import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isoSecond, readDay, readDuration, readMonth, readTime, readWhole, timeOf } from "./written-values.ts";

/** Times in years of four digits. */
const moment = fc.date({
  min: new Date("0000-01-01T00:00:00.000Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const offsetMinutes = fc.integer({ min: -1_439, max: 1_439 });

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function part(max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max });
}

describe("a time", () => {
  test("is read from the text of any date, and from that in any zone", () => {
    fc.assert(
      fc.property(moment, offsetMinutes, (date, offset) => {
        expect(readTime(date.toISOString())).toBe(date.getTime());
        const local = new Date(date.getTime() + offset * 60_000);
        const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
        const text = local.toISOString().replace("Z", zone);
        // A year below 0 or above 9999 is not written with four digits.
        if (/^\d{4}-/.test(text)) expect(readTime(text)).toBe(date.getTime());
      }),
    );
  });

  test("may leave out what is nought of it, and say more than is kept", () => {
    expect(readTime("2026-03-14T12:30Z")).toBe(Date.UTC(2026, 2, 14, 12, 30));
    expect(readTime("2026-03-14T12:30:05Z")).toBe(Date.UTC(2026, 2, 14, 12, 30, 5));
    expect(readTime("2026-03-14T12:30:05.5Z")).toBe(Date.UTC(2026, 2, 14, 12, 30, 5, 500));
    expect(readTime("2026-03-14T12:30:05.999999999Z")).toBe(Date.UTC(2026, 2, 14, 12, 30, 5, 999));
    expect(readTime("2024-02-29T00:00:00-00:00")).toBe(Date.UTC(2024, 1, 29));
  });

  test("lies in the years of four digits, the first and the last moment of them included", () => {
    const first = "0000-01-01T00:00:00.000Z";
    const last = "9999-12-31T23:59:59.999Z";
    expect(readTime(first)).toBe(Date.parse(first));
    expect(readTime(last)).toBe(Date.parse(last));
    expect(readTime("0000-01-01T00:00:00.000+00:01")).toBeUndefined();
    expect(readTime("9999-12-31T23:59:59.999-00:01")).toBeUndefined();
  });

  test("is written to the second without its fraction", () => {
    expect(isoSecond(Date.UTC(2026, 2, 14, 12, 30, 5, 678))).toBe("2026-03-14T12:30:05Z");
  });

  test("has a day that is in the calendar, whatever day, month and year are written", () => {
    fc.assert(
      fc.property(part(9_999), part(99), part(99), (year, month, day) => {
        const text = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
        const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
        const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
        const isInCalendar = day >= 1 && day <= days;
        expect(readDay(text) !== undefined).toBe(isInCalendar);
        expect(readTime(`${text}T12:00:00Z`) !== undefined).toBe(isInCalendar);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(noTimes())("is not read from %j", (text) => {
    expect(readTime(text)).toBeUndefined();
    expect(() => timeOf(text)).toThrow(RangeError);
  });

  test("is read from no text but those that are written so", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from("0123456789-:T.Z+ ")) })),
        (text) => {
          fc.pre(!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[-+]\d\d:\d\d)$/.test(text));
          expect(readTime(text)).toBeUndefined();
        },
      ),
    );
  });
});

function noTimes(): readonly string[] {
  return [
    "",
    "5",
    "now",
    "2026",
    "2026-03-14",
    "2026-03-14T12:30:00",
    "2026-03-14 12:30:00Z",
    "2026-03-14t12:30:00z",
    "2026-02-31T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-03-14T24:00:00Z",
    "2026-03-14T23:60:00Z",
    "2026-03-14T23:59:60Z",
    "2026-03-14T12:30:00.Z",
    "2026-03-14T12:30:00.0000000000Z",
    "2026-03-14T12:30:00+0530",
    "2026-03-14T12:30:00+05",
    "2026-03-14T12:30:00+24:00",
    "2026-03-14T12:30:00+05:60",
    "2026-03-14T12:30:00 Z",
    " 2026-03-14T12:30:00Z",
    "2026-03-14T12:30:00Z\n",
    "+002026-03-14T12:30:00Z",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "Sat, 14 Mar 2026 12:30:00 GMT",
  ];
}

test("a month is one since 1970, written with its year first", () => {
  expect(readMonth("2026-03")).toEqual({ year: 2026, month: 3 });
  expect(readMonth("1970-01")).toEqual({ year: 1970, month: 1 });
  for (const text of ["1969-12", "2026-00", "2026-13", "2026-3", "26-03", "2026-03-01", "2026-03 ", ""]) {
    expect(readMonth(text)).toBeUndefined();
  }
});

test("a duration is a number and a unit, of a hundred years at most", () => {
  expect(["90", "90s", "15m", "6h", "2d", "0"].map(readDuration)).toEqual([90, 90, 900, 21_600, 172_800, 0]);
  expect(readDuration("3155760000")).toBe(3_155_760_000);
  for (const text of ["", "s", "-1", "1.5h", "1e3", "1w", "1 h", "3155760001", "999999999999d"]) {
    expect(readDuration(text)).toBeUndefined();
  }
});

test("a whole number is digits, and nothing that JavaScript would take for them", () => {
  expect(readWhole("0", 0, 5)).toBe(0);
  expect(readWhole("005", 0, 5)).toBe(5);
  for (const text of ["", " 5", "5 ", "+5", "-0", "5.0", "5e0", "0x5", "0b1", "٥", "6", "1".repeat(400)]) {
    expect(readWhole(text, 0, 5)).toBeUndefined();
  }
});

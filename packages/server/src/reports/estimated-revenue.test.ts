import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "./csv.ts";
import { hoursOf, revenueOfSeconds, revenueOfUnits } from "./estimated-revenue.ts";
import { monthOf } from "./month.ts";

describe("an amount is exact, and rounded once, half to even, to eight places", () => {
  const cases: readonly [string, bigint, string][] = [
    ["0.36", 3_600n, "0.36"],
    ["0.36", 1n, "0.0001"],
    ["0.10", 3_601n, "0.10002778"],
    // Exactly half of the last place is rounded to the even neighbour, up or down.
    ["0.000018", 1n, "0"],
    ["0.000054", 1n, "0.00000002"],
    ["0.000054", -1n, "-0.00000002"],
    ["0", 3_600n, "0"],
    ["1000000.01", 3_600n * 10n ** 12n, "1000000010000000000"],
  ];
  test.each(cases)("%s an hour for %s seconds is %s", (price, seconds, amount) => {
    expect(revenueOfSeconds(new Map([[price, seconds]]))).toBe(amount);
  });

  test("a price a unit, for more units than a number can hold exactly", () => {
    expect(revenueOfUnits(new Map([["0.1", 9_007_199_254_740_993n]]))).toBe("900719925474099.3");
    expect(revenueOfUnits(new Map([["0.000000015", 1n]]))).toBe("0.00000002");
    expect(revenueOfUnits(new Map([["0.000000025", 1n]]))).toBe("0.00000002");
  });

  test("several prices are added up before that", () => {
    expect(
      revenueOfUnits(
        new Map([
          ["0.000000004", 1n],
          ["0.000000002", 1n],
        ]),
      ),
    ).toBe("0.00000001");
    expect(
      revenueOfSeconds(
        new Map([
          ["0.000018", 1n],
          ["0.000036", 1n],
          ["1", -3_600n],
        ]),
      ),
    ).toBe("-0.99999998");
  });

  test("hours that seconds make", () => {
    expect([0n, 1n, 60n, 5_400n, -1_800n].map(hoursOf)).toEqual(["0", "0.00027778", "0.01666667", "1.5", "-0.5"]);
  });

  test("for any price and any time it is off by half of the last place at most", () => {
    const prices = fc.tuple(fc.nat(9_999), fc.nat(999_999)).map(([whole, part]) => [whole, part] as const);
    fc.assert(
      fc.property(prices, fc.bigInt(0n, 10n ** 10n), ([whole, part], seconds) => {
        const price = `${whole}.${String(part).padStart(6, "0")}`;
        const [units = "", places = ""] = revenueOfSeconds(new Map([[price, seconds]])).split(".");
        const got = BigInt(units + places.padEnd(8, "0")) * 3_600n;
        // In millionths of a dollar an hour, times a hundred: one unit is the last place.
        const exact = (BigInt(whole) * 1_000_000n + BigInt(part)) * 100n * seconds;
        const off = got > exact ? got - exact : exact - got;
        expect(off <= 1_800n).toBe(true);
      }),
    );
  });
});

test("a value with a comma, a quote or a line break is quoted, as RFC 4180 has it", () => {
  expect(csvLine(["a", 'say "hi"', "b,c", "line\nbreak", ""])).toBe('a,"say ""hi""","b,c","line\nbreak",\r\n');
});

function hoursIn(text: string): number {
  const { fromHour = 0, toHour = 0 } = monthOf(text) ?? {};
  return toHour - fromHour;
}

test("a month has its hours, of February in a leap year too; anything else is none", () => {
  expect(["2026-03", "2028-02", "2026-12"].map(hoursIn)).toEqual([744, 696, 744]);
  for (const text of ["", "2026", "2026-00", "2026-13", "2026-1", "1969-12", "March 2026", "2026-03-01", " 2026-03"]) {
    expect(monthOf(text), text).toBeUndefined();
  }
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine } from "./csv.ts";

/** The cells of one record, by the grammar of RFC 4180; throws where the text does not follow it. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const [whole, quoted, plain = ""] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?=,|\r\n$)/.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`This is no record: ${JSON.stringify(rest)}`);
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length);
    if (rest === "\r\n") return cells;
    rest = rest.slice(1);
  }
}

const START = "=+-@\t\r\n＝＋－＠";
const cell = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...Array.from(START), '"', ",", "'", "0", "1", ".", "a", ";") }),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toFixed(8)),
);

describe("a line", () => {
  test("is read again as it was written, but for an apostrophe before what looks like a formula", () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
        const read = cellsOf(csvLine(cells));
        expect(read).toHaveLength(cells.length);
        for (const [i, text] of read.entries()) {
          const written = cells[i] as string;
          if (text !== written) expect(text).toBe(`'${written}`);
          const isNumber = text !== "" && !/\s/.test(text) && Number.isFinite(Number(text));
          if (!isNumber) expect(START.includes(text.charAt(0)) && text !== "").toBe(false);
          else expect(text).not.toMatch(/^\+/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(["-1", "-0.5", "0", "12.00000001", "-900719925474099.3"])("leaves the number %s a number", (number) => {
    expect(csvLine([number, number])).toBe(`${number},${number}\r\n`);
  });

  test.each([
    ["=1+1", "'=1+1"],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ["+1", "'+1"],
    ["-1+1", "'-1+1"],
    ["-", "'-"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["\r=1", '"\'\r=1"'],
    ["-1e5", "'-1e5"],
    ["＝1", "'＝1"],
  ])("makes %j harmless", (text, field) => {
    expect(csvLine([text])).toBe(`${field}\r\n`);
  });

  test("leaves what is no formula as it is", () => {
    expect(csvLine(["a=b", "", "'x", "Größe"])).toBe("a=b,,'x,Größe\r\n");
  });
});

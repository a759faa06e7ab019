import * as fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { describe as described, table } from "./output.ts";
import { layOut } from "./table-layout.ts";

interface Row {
  readonly id: string;
  readonly title: string;
  readonly count: number;
}

const COLUMNS = {
  id: ({ id }: Row) => id,
  title: ({ title }: Row) => title,
  count: ({ count }: Row) => count,
};
const ROWS: readonly Row[] = [
  { id: "0abcdefghij", title: "Logs of all machines there are", count: 3 },
  { id: "1abcdefghij", title: "大きさ 🦉", count: 12 },
];

describe("a table", () => {
  test("is whole where there is no terminal, whatever its width", () => {
    expect(table(COLUMNS, ROWS, undefined)).toBe(
      [
        "id           title                           count",
        "0abcdefghij  Logs of all machines there are      3",
        "1abcdefghij  大きさ 🦉                          12",
      ].join("\n"),
    );
  });

  test("that is too wide goes on below itself, from word to word", () => {
    expect(table(COLUMNS, ROWS, 34)).toBe(
      [
        "id           title           count",
        "0abcdefghij  Logs of all         3",
        "             machines there",
        "             are",
        "1abcdefghij  大きさ 🦉          12",
      ].join("\n"),
    );
  });

  test("whose words are too wide has a line for every member", () => {
    expect(table(COLUMNS, ROWS, 20)).toBe(
      [
        "id     0abcdefghij",
        "title  Logs of all machines there are",
        "count  3",
        "",
        "id     1abcdefghij",
        "title  大きさ 🦉",
        "count  12",
      ].join("\n"),
    );
  });

  test("without rows keeps its heading", () => {
    expect(table(COLUMNS, [], 5)).toBe("id  title  count");
  });

  test("inside of a description has so much less room", () => {
    expect(described({ name: "x", rows: ROWS }, 36)).toBe(
      `name  x\nrows\n${table(COLUMNS, ROWS, 34).replaceAll(/^/gm, "  ")}`,
    );
  });
});

function wordsOf(lines: readonly string[]): string[] {
  const words = lines.flatMap((line) => line.split(" "));
  return words.filter((word) => word !== "").toSorted();
}

test("whatever stands in it, no line is wider than the room, and no word is lost or broken", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "Z", "9", "-", "é", "大", "🦉"), minLength: 1, maxLength: 6 });
  const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));
  const rows = fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 120 }), (cells, room) => {
      const columns = [0, 1, 2].map((i) => ({
        heading: `h${i}`,
        cells: cells.map((row) => row[i] as string),
        isNumeric: false,
      }));
      const { head, body } = layOut(columns, room);
      if (head.length > 0) for (const line of body) expect(stringWidth(line)).toBeLessThanOrEqual(room);
      const named = head.length > 0 ? [] : cells.flatMap(() => ["h0", "h1", "h2"]);
      expect(wordsOf(body)).toEqual(wordsOf([...cells.flat(), ...named]));
    }),
  );
});

import { expect, test } from "vitest";
import { isHole, levelOf, mapOf, markText } from "./map-of.ts";

const FRAME = { from: "2026-07-01T00:00:00Z", to: "2026-08-01T00:00:00Z", measure: "units" } as const;
const cell = (day: string, units: string): object => ({ product: "p", customer: "c", dimension: "d", day, units });

function mapFrom(items: readonly object[]): ReturnType<typeof mapOf> {
  const { from, to } = FRAME;
  return mapOf({ items, from, to, finalUntil: from } as Parameters<typeof mapOf>[0], { ...FRAME, grain: "day" });
}

test("cells stand in the columns of their days; those of another month are left out", () => {
  const { rows, columns } = mapFrom([cell("2026-07-01", "4"), cell("2026-07-31", "8"), cell("2026-06-30", "9")]);
  expect(columns).toHaveLength(31);
  expect([...(rows[0]?.cells ?? [])].map(([column, { text }]) => [column, text])).toEqual([
    [0, "4"],
    [30, "8"],
  ]);
});

test("colours go by the greatest of the row, and what is used is never without one", () => {
  const [row] = mapFrom([cell("2026-07-01", "1000"), cell("2026-07-02", "1"), cell("2026-07-03", "500")]).rows;
  if (row === undefined) throw new Error("There is a row.");
  expect([0, 1, 2, 3].map((column) => levelOf(row, column))).toEqual([6, 1, 3, 0]);
});

test("a day that is skipped is a hole; days before, after, and of what is used now and then, are none", () => {
  const [often] = mapFrom(["01", "02", "04", "05"].map((day) => cell(`2026-07-${day}`, "1"))).rows;
  const [seldom] = mapFrom(["01", "11", "21"].map((day) => cell(`2026-07-${day}`, "1"))).rows;
  if (often === undefined || seldom === undefined) throw new Error("There are rows.");
  expect([0, 1, 2, 3, 4, 5].map((column) => isHole(often, column))).toEqual([false, false, true, false, false, false]);
  expect([1, 5, 15].map((column) => isHole(seldom, column))).toEqual([false, false, false]);
});

test("marks stand in their columns, in rows of their own where nothing was accepted", () => {
  const { from, to } = FRAME;
  const mark = { product: "p", dimension: "d", day: "2026-07-03" };
  const marks = [
    { ...mark, customer: "c", duplicates: 2 },
    { ...mark, customer: "e", refused: 1, adjusted: true as const },
  ];
  const usage = { items: [cell("2026-07-01", "4")], from, to, finalUntil: from } as Parameters<typeof mapOf>[0];
  const { rows } = mapOf(usage, { ...FRAME, grain: "day" }, { marks });
  expect(rows.map(({ customer, cells, marks: of }) => [customer, cells.size, [...of.keys()]])).toEqual([
    ["c", 1, [2]],
    ["e", 0, [2]],
  ]);
  expect(rows.map(({ marks: of }) => markText(of.get(2) ?? {}))).toEqual(["2 duplicates", "1 refused, adjusted"]);
});

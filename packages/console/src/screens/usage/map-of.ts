/** Cells of usage as rows and columns: which colour each has, and which are missing. */
import type { AnswerTo, UsageMark } from "countinghouse/operator";

type Usage = AnswerTo<"GET /usage">;

export type Grain = "hour" | "day";
export type Measure = "units" | "money";

interface MapCell {
  readonly value: number;
  /** As the server says it. */
  readonly text: string;
}

/** What did not go as its sender meant it. */
export type MapMark = Pick<UsageMark, "duplicates" | "refused" | "adjusted">;

export interface MapRow {
  readonly key: string;
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  /** By the number of the column. */
  readonly cells: ReadonlyMap<number, MapCell>;
  readonly marks: ReadonlyMap<number, MapMark>;
  /** The greatest of the row, or of all rows where they can be compared. */
  readonly greatest: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
}

export interface UsageMapData {
  readonly rows: readonly MapRow[];
  /** Moments at which the columns begin: `2026-11-01T05:00:00Z`, or `2026-11-01`. */
  readonly columns: readonly string[];
  readonly grain: Grain;
  readonly measure: Measure;
  readonly finalUntil: string;
}

interface Frame {
  readonly from: string;
  readonly to: string;
  readonly grain: Grain;
  readonly measure: Measure;
}

const HOUR_MS = 3_600_000;

interface FoundRow {
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly cells: Map<number, MapCell>;
  readonly marks: Map<number, MapMark>;
}

type Named = Readonly<Partial<Record<"product" | "customer" | "dimension", string | undefined>>>;

interface Beside {
  readonly marks?: readonly UsageMark[];
  /** Rows that are there though nothing of them is among the cells. */
  readonly outline?: readonly MapRow[];
}

const greatestOf = (cells: ReadonlyMap<number, MapCell>): number =>
  Math.max(0, ...[...cells.values()].map(({ value }) => value));

export function mapOf(
  usage: Usage,
  { from, to, grain, measure }: Frame,
  { marks = [], outline = [] }: Beside = {},
): UsageMapData {
  const stepMs = grain === "hour" ? HOUR_MS : 24 * HOUR_MS;
  const fromMs = Date.parse(from);
  const count = Math.max(0, Math.round((Date.parse(to) - fromMs) / stepMs));
  const columns = Array.from({ length: count }, (_, i) => {
    const text = new Date(fromMs + i * stepMs).toISOString();
    return grain === "hour" ? `${text.slice(0, 19)}Z` : text.slice(0, 10);
  });
  const found = new Map<string, FoundRow>();
  const rowOf = ({ product = "", customer = "", dimension = "" }: Named): FoundRow => {
    const key = `${product} ${customer} ${dimension}`;
    const row = found.get(key) ?? { product, customer, dimension, cells: new Map(), marks: new Map() };
    found.set(key, row);
    return row;
  };
  const columnOf = (at: string | undefined): number | undefined => {
    const column = at === undefined ? -1 : Math.floor((Date.parse(at) - fromMs) / stepMs);
    return column < 0 || column >= count ? undefined : column;
  };
  for (const { product, customer, dimension } of outline) rowOf({ product, customer, dimension });
  for (const { product, customer, dimension, units, money, ...times } of usage.items) {
    const column = columnOf(times[grain]);
    if (column === undefined) continue;
    const text = measure === "money" ? (money ?? "0") : units;
    rowOf({ product, customer, dimension }).cells.set(column, { value: Number(text), text });
  }
  for (const { product, customer, dimension, duplicates, refused, adjusted, ...times } of marks) {
    const column = columnOf(times[grain]);
    if (column !== undefined)
      rowOf({ product, customer, dimension }).marks.set(column, { duplicates, refused, adjusted });
  }
  const all = [...found].map(([key, row]) => ({ key, ...row, own: greatestOf(row.cells) }));
  const greatest = Math.max(0, ...all.map(({ own }) => own));
  const rows = all
    .map(({ own, ...row }) => ({
      ...row,
      greatest: measure === "money" ? greatest : own,
      firstColumn: Math.min(...row.cells.keys()),
      lastColumn: Math.max(...row.cells.keys()),
    }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return { rows, columns, grain, measure, finalUntil: usage.finalUntil };
}

/** A gap between two cells that were used, in a row that has more of them than gaps: what is used once a day skips nothing. */
export function isHole(row: MapRow, column: number): boolean {
  const isBetween = column > row.firstColumn && column < row.lastColumn && !row.cells.has(column);
  return isBetween && row.cells.size * 2 > row.lastColumn - row.firstColumn;
}

/** From 0, nothing, to 6. */
export function levelOf(row: MapRow, column: number): number {
  const value = row.cells.get(column)?.value ?? 0;
  if (value === 0 || row.greatest === 0) return 0;
  return Math.max(1, Math.ceil((Math.abs(value) / row.greatest) * 6));
}

/** A column's beginning, short enough for a heading. */
export function columnText(column: string, grain: Grain): string {
  return grain === "day" ? column.slice(8) : column.slice(11, 13);
}

/** `2026-11-01 05:00` or `2026-11-01`. */
export function columnName(column: string): string {
  return column.slice(0, 16).replace("T", " ");
}

/** `2 refused, 1 duplicate, adjusted`. */
export function markText({ duplicates = 0, refused = 0, adjusted }: MapMark): string {
  return [
    refused === 0 ? "" : `${refused} refused`,
    duplicates === 0 ? "" : duplicates === 1 ? "1 duplicate" : `${duplicates} duplicates`,
    adjusted === true ? "adjusted" : "",
  ]
    .filter((text) => text !== "")
    .join(", ");
}

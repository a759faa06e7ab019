/**
 * How sums of usage lie in tables, and how they are asked for in SQL: a row for each day, product, customer, dimension, region and
 * kind, with a column for each hour of the day, which is empty where nothing was used. What differs between databases is told.
 */
import { MergedSums } from "../ledger/sums/memory-sums.ts";
import { DAY_HOURS, SUM_COLUMNS, SUMS_MAX, type UsageSpan, type UsageSum } from "../ledger/sums/sums.ts";
import { HOUR_COLUMNS, kindOf, textIn, type SumRow } from "./rows.ts";

/** What is written differently in one database and in another. */
export interface Dialect {
  /** What is read from. It has the columns of `usage_sum`. */
  readonly table: string;
  /** The n-th value of a statement, from 1. */
  readonly place: (n: number) => string;
  /** Whether a column is among the texts of the n-th value. */
  readonly isAmong: (column: string, n: number) => string;
  /** Texts as the value that `isAmong` takes. */
  readonly texts: (values: readonly string[]) => unknown;
}

export interface UsageStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether each row has an amount for each hour of its day. */
  readonly byHour: boolean;
  /** The hours of a day that are meant, the last one not included. */
  readonly hours: DayHours;
}

type DayHours = readonly [from: number, to: number];

/** The statements that a span comes to: for whole days, and for parts of the first and the last. */
export function usageStatements(span: UsageSpan, dialect: Dialect): UsageStatement[] {
  return partsOf(span).map(([fromDay, toDay, hours]) => statementOf(span, dialect, fromDay, toDay, hours));
}

type Part = readonly [fromDay: number, toDay: number, hours: DayHours];

function partsOf({ fromHour, toHour }: UsageSpan): Part[] {
  if (fromHour >= toHour) return [];
  const firstDay = Math.floor(fromHour / DAY_HOURS);
  const lastDay = Math.floor(toHour / DAY_HOURS);
  const from = fromHour - firstDay * DAY_HOURS;
  const to = toHour - lastDay * DAY_HOURS;
  if (firstDay === lastDay) return [[firstDay, firstDay + 1, [from, to]]];
  const firstWhole = from === 0 ? firstDay : firstDay + 1;
  const parts: Part[] = [
    [firstDay, firstWhole, [from, DAY_HOURS]],
    [firstWhole, lastDay, [0, DAY_HOURS]],
    [lastDay, lastDay + 1, [0, to]],
  ];
  return parts.filter(([fromDay, toDay, hours]) => fromDay < toDay && hours[0] < hours[1]);
}

function statementOf(
  span: UsageSpan,
  { table, place, isAmong, texts }: Dialect,
  fromDay: number,
  toDay: number,
  hours: DayHours,
): UsageStatement {
  const { by, grain, products, notProducts, customers, dimensions } = span;
  const columns = HOUR_COLUMNS.slice(...hours);
  const values: unknown[] = [fromDay, toDay];
  const conditions = [`day >= ${place(1)}`, `day < ${place(2)}`];
  const among = (column: string, names: readonly string[] | undefined, no = ""): void => {
    if (names === undefined) return;
    values.push(texts(names));
    conditions.push(`${no}${isAmong(column, values.length)}`);
  };
  among("product", products);
  among("product", notProducts, "NOT ");
  among("customer", customers);
  among("dimension", dimensions);
  // Whole days have some hour in each row.
  if (columns.length < DAY_HOURS) conditions.push(`coalesce(${columns.join(", ")}, NULL) IS NOT NULL`);
  const group = [...SUM_COLUMNS.filter((name) => by.includes(name)), "kind", ...(grain === undefined ? [] : ["day"])];
  const byHour = grain === "hour";
  const amounts = byHour
    ? columns.map((column) => `sum(${column}) AS ${column}`)
    : [`sum(${columns.map((column) => `coalesce(${column}, 0)`).join(" + ")}) AS amount`];
  values.push(SUMS_MAX + 1);
  const text = `SELECT ${[...group, "max(last_ms) AS last_ms", ...amounts].join(", ")} FROM ${table}
    WHERE ${conditions.join(" AND ")} GROUP BY ${group.join(", ")} LIMIT ${place(values.length)}`;
  return { text, values, byHour, hours };
}

/** What the statements of a span answer. Rows are taken one by one, so that no more is held than the sums are. */
export class SumsOfSpan {
  readonly #span: UsageSpan;
  readonly #sums: MergedSums;

  /** `max`: so many sums there may be. */
  constructor(span: UsageSpan, max: number) {
    this.#span = span;
    this.#sums = new MergedSums(max);
  }

  /** Throws TooManySumsError. */
  add({ byHour, hours }: UsageStatement, row: SumRow): void {
    const { grain, fromHour } = this.#span;
    const dayHour = grain === undefined ? fromHour : Number(row["day"]) * DAY_HOURS;
    if (!byHour) {
      this.#sums.add(sumOf(row, Math.max(fromHour, dayHour), row["amount"]));
      return;
    }
    for (let hour = hours[0]; hour < hours[1]; hour += 1) {
      const amount = row[`h${hour}`] ?? undefined;
      if (amount !== undefined) this.#sums.add(sumOf(row, dayHour + hour, amount));
    }
  }

  all(): readonly UsageSum[] {
    return this.#sums.all();
  }
}

function sumOf(row: SumRow, hour: number, amount: unknown): UsageSum {
  return {
    product: textIn(row, "product"),
    customer: textIn(row, "customer"),
    dimension: textIn(row, "dimension"),
    region: textIn(row, "region"),
    hour,
    kind: kindOf(row),
    amount: BigInt(amount as string | bigint),
    lastMs: Number(row["last_ms"]),
  };
}

/**
 * How sums of usage lie in tables, and how they are asked for in SQL: a row for each day, product, customer, dimension, region and
 * kind, with a column for each hour of the day, which is empty where nothing was used. What differs between databases is told.
 */
import { MergedSums } from "../ledger/sums/memory-sums.ts";
import {
  DAY_HOURS,
  SUM_COLUMNS,
  SUMS_MAX,
  TooManySumsError,
  USE_KINDS,
  type UsageSpan,
  type UsageSum,
  type UseKind,
} from "../ledger/sums/sums.ts";

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

interface UsageStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether each row has an amount for each hour of its day. */
  readonly byHour: boolean;
  /** The hours of a day that are meant, the last one not included. */
  readonly hours: DayHours;
}

/** A row as a database answers it; numbers may be texts. */
export type UsageRow = Readonly<Record<string, unknown>>;

type DayHours = readonly [from: number, to: number];

export const HOUR_COLUMNS: readonly string[] = Array.from({ length: DAY_HOURS }, (_, hour) => `h${hour}`);

/** Kinds are numbers in tables. */
export function kindNumber(kind: UseKind): number {
  return USE_KINDS.indexOf(kind);
}

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

/** What the statements of a span have answered. Throws TooManySumsError. */
export function usageSums(
  span: UsageSpan,
  answers: readonly (readonly [UsageStatement, readonly UsageRow[]])[],
): readonly UsageSum[] {
  const sums = new MergedSums();
  for (const [{ byHour, hours }, rows] of answers) {
    if (rows.length > SUMS_MAX) throw new TooManySumsError();
    for (const row of rows) {
      const dayHour = span.grain === undefined ? span.fromHour : Number(row["day"]) * DAY_HOURS;
      if (!byHour) {
        sums.add(sumOf(row, Math.max(span.fromHour, dayHour), row["amount"]));
        continue;
      }
      for (let hour = hours[0]; hour < hours[1]; hour += 1) {
        const amount = row[`h${hour}`] ?? undefined;
        if (amount !== undefined) sums.add(sumOf(row, dayHour + hour, amount));
      }
    }
  }
  return sums.all();
}

function sumOf(row: UsageRow, hour: number, amount: unknown): UsageSum {
  const text = (name: string): string => (row[name] as string | undefined) ?? "";
  return {
    product: text("product"),
    customer: text("customer"),
    dimension: text("dimension"),
    region: text("region"),
    hour,
    kind: USE_KINDS[Number(row["kind"])] as UseKind,
    amount: BigInt(amount as string | bigint),
    lastMs: Number(row["last_ms"]),
  };
}

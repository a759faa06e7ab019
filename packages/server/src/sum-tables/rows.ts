/** Rows of the tables of sums as cells, and cells as what rows hold. Databases answer numbers as they like: as texts, or as numbers. */
import {
  DAY_HOURS,
  USE_KINDS,
  type TallyAbout,
  type TallyCell,
  type UsageCell,
  type UseKind,
} from "../ledger/sums/sums.ts";

/** A row as a database answers it; numbers may be texts. */
export type SumRow = Readonly<Record<string, unknown>>;

export const HOUR_COLUMNS: readonly string[] = Array.from({ length: DAY_HOURS }, (_, hour) => `h${hour}`);

/** Kinds are numbers in tables. */
export function kindNumber(kind: UseKind): number {
  return USE_KINDS.indexOf(kind);
}

export function kindOf(row: SumRow): UseKind {
  return USE_KINDS[Number(row["kind"])] as UseKind;
}

export function textIn(row: SumRow, name: string): string {
  return (row[name] as string | null | undefined) ?? "";
}

/** One for each hour of the row's day in which something was used. */
export function usageCellsOf(row: SumRow): UsageCell[] {
  const firstHour = Number(row["day"]) * DAY_HOURS;
  return HOUR_COLUMNS.flatMap((column, hourOfDay): UsageCell[] => {
    const amount = row[column] ?? undefined;
    if (amount === undefined) return [];
    return [
      {
        hour: firstHour + hourOfDay,
        product: textIn(row, "product"),
        customer: textIn(row, "customer"),
        dimension: textIn(row, "dimension"),
        region: textIn(row, "region"),
        kind: kindOf(row),
        amount: BigInt(amount as string | bigint),
        lastMs: Number(row["last_ms"]),
      },
    ];
  });
}

export function tallyCellOf(row: SumRow): TallyCell {
  return {
    day: Number(row["day"]),
    about: textIn(row, "about") as TallyAbout,
    product: textIn(row, "product"),
    customer: textIn(row, "customer"),
    dimension: textIn(row, "dimension"),
    detail: textIn(row, "detail"),
    calls: Number(row["calls"]),
    records: Number(row["records"]),
    units: BigInt(row["units"] as string | bigint),
  };
}

export function dayAndHour({ hour }: Pick<UsageCell, "hour">): readonly [day: number, hourOfDay: number] {
  const day = Math.floor(hour / DAY_HOURS);
  return [day, hour - day * DAY_HOURS];
}

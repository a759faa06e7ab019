/** A month's report as a table, and the one way in which it becomes comma-separated values. */
import type { EpochMs } from "@countinghouse/protocol";
import type { Ledger } from "../../ledger/ledger.ts";
import { csvLine } from "../csv.ts";
import type { Month } from "../month.ts";

export type ReportRow = Readonly<Record<string, string | number | undefined>>;

interface ReportTable {
  readonly rows: readonly ReportRow[];
  /** Of entries before this nothing is known any more. */
  readonly completeSinceMs?: EpochMs | undefined;
}

export interface ReportContext {
  readonly ledger: Ledger;
  readonly month: Month;
  /** Service clock. */
  readonly nowMs: EpochMs;
}

/** A report that is made of any month. */
export interface MonthlyReport {
  readonly summary: string;
  /** The members of a row, in the order of the columns, with their headings. */
  readonly columns: Readonly<Record<string, string>>;
  table(context: ReportContext): Promise<ReportTable>;
}

export function reportCsv({ columns }: Pick<MonthlyReport, "columns">, rows: readonly ReportRow[]): string {
  const members = Object.keys(columns);
  const lines = rows.map((row) => csvLine(members.map((member) => String(row[member] ?? ""))));
  return csvLine(Object.values(columns)) + lines.join("");
}

/** The members of a row in the order of the columns, and no others. */
export function reportRow({ columns }: Pick<MonthlyReport, "columns">, row: ReportRow): ReportRow {
  return Object.fromEntries(Object.keys(columns).map((member) => [member, row[member]]));
}

/** Writes what entries add to the sums into tables of SQLite. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TallyCell } from "../../../ledger/sums/sums.ts";
import { HOUR_COLUMNS } from "../../../sum-tables/rows.ts";
import { ROW_KEY } from "./sums-file.ts";

/** One statement for each hour of the day: what stands in the other columns stays. */
export function usageUpserts(db: DatabaseSync, table: string, columns: readonly string[]): readonly StatementSync[] {
  return HOUR_COLUMNS.map((hour) => usageUpsert(db, table, columns, { hour, rows: 1 }));
}

/** A row's values are those of `columns`, the latest time of usage, and the amount of the hour; one row after the other. */
export function usageUpsert(
  db: DatabaseSync,
  table: string,
  columns: readonly string[],
  { hour, rows }: { readonly hour: string; readonly rows: number },
): StatementSync {
  const all = [...columns, "last_ms", hour];
  const row = `(${all.map(() => "?").join(", ")})`;
  return db.prepare(
    `INSERT INTO ${table} AS kept (${all.join(", ")}) VALUES ${Array(rows).fill(row).join(", ")}
     ON CONFLICT DO UPDATE SET last_ms = max(kept.last_ms, excluded.last_ms),
       ${hour} = coalesce(kept.${hour}, 0) + excluded.${hour}`,
  );
}

/** All hours of a day at once: those that are null stay. */
export function dayUpsert(db: DatabaseSync): StatementSync {
  const columns = [...ROW_KEY, "last_ms", ...HOUR_COLUMNS];
  const sums = HOUR_COLUMNS.map(
    (hour) => `${hour} = coalesce(kept.${hour} + excluded.${hour}, excluded.${hour}, kept.${hour})`,
  );
  return db.prepare(
    `INSERT INTO day_sum AS kept (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
     ON CONFLICT DO UPDATE SET last_ms = max(kept.last_ms, excluded.last_ms), ${sums.join(", ")}`,
  );
}

export function tallyUpsert(db: DatabaseSync, table: string): StatementSync {
  return db.prepare(
    `INSERT INTO ${table} AS kept (day, about, product, customer, dimension, detail, calls, records, units)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET calls = kept.calls + excluded.calls, records = kept.records + excluded.records,
       units = kept.units + excluded.units`,
  );
}

export function addTally(upsert: StatementSync, cell: TallyCell): void {
  const { day, about, product, customer, dimension, detail, calls, records, units } = cell;
  upsert.run(day, about, product, customer, dimension, detail, calls, records, units);
}

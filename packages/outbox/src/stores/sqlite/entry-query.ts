/** What of the entries is asked for, as a WHERE clause. */
import type { SQLInputValue } from "node:sqlite";
import type { EntryFilter } from "../../store/store.ts";

export function entryQuery(filter: EntryFilter): { readonly sql: string; readonly values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...of: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...of);
  };
  const { entryIds, states, identity, dimension, fromHourMs, untilHourMs, dueAt, deadlineUntilMs, unreleased, limit } =
    filter;
  if (entryIds !== undefined) where("entry_id IN (SELECT value FROM json_each(?))", JSON.stringify(entryIds));
  if (states !== undefined) where("state IN (SELECT value FROM json_each(?))", JSON.stringify(states));
  if (identity !== undefined) where("identity = ?", identity);
  if (dimension !== undefined) where("dimension = ?", dimension);
  if (fromHourMs !== undefined) where("hour_ms >= ?", fromHourMs);
  if (untilHourMs !== undefined) where("hour_ms < ?", untilHourMs);
  if (deadlineUntilMs !== undefined)
    where("state IN ('gathering', 'frozen', 'held', 'doubtful') AND deadline_ms <= ?", deadlineUntilMs);
  if (unreleased !== undefined) where("unreleased = ?", Number(unreleased));
  if (dueAt !== undefined) {
    where(
      `state IN ('gathering', 'frozen', 'held', 'doubtful') AND state <> 'gathering' AND body IS NOT NULL
       AND next_try_ms <= ? AND (leased_until_ms IS NULL OR leased_until_ms <= ?)`,
      dueAt.serviceMs,
      dueAt.machineMs,
    );
  }
  const clause = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sql = `SELECT * FROM entry ${clause} ORDER BY deadline_ms, hour_ms, entry_id LIMIT ?`;
  return { sql, values: [...values, limit ?? -1] };
}

/** What of entries and of readings that wait is asked for. */
import type { SQLInputValue } from "node:sqlite";
import { LEASE_MS } from "../../domain/lease.ts";
import type { Entry, WaitingGroup } from "../../store/rows.ts";
import type { EntryFilter, WaitingFilter } from "../../store/store.ts";
import { entryOfRow } from "../columns.ts";
import type { Connection } from "./connection.ts";

export function readEntries(connection: Connection, filter: EntryFilter): Entry[] {
  const { sql, values } = entryQuery(filter);
  return connection.all(sql, ...values).map(entryOfRow);
}

export function readWaiting(connection: Connection, { beforeMs, after, limit }: WaitingFilter): WaitingGroup[] {
  const groups: WaitingGroup[] = [];
  let last = after ?? { hourMs: Number.MIN_SAFE_INTEGER, tenant: "", meter: "" };
  while (groups.length < limit) {
    // From one group to the next by the index, whatever lies between.
    const row = connection.get(
      `SELECT hour_ms, tenant, meter FROM reading WHERE entry_id IS NULL AND ended IS NULL AND hour_ms < ?
         AND (hour_ms, tenant, meter) > (?, ?, ?) ORDER BY hour_ms, tenant, meter LIMIT 1`,
      beforeMs,
      last.hourMs,
      last.tenant,
      last.meter,
    );
    if (row === undefined) break;
    last = { hourMs: Number(row["hour_ms"]), tenant: String(row["tenant"]), meter: String(row["meter"]) };
    groups.push(last);
  }
  return groups;
}

function entryQuery(filter: EntryFilter): { readonly sql: string; readonly values: SQLInputValue[] } {
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
       AND next_try_ms <= ? AND (leased_until_ms IS NULL OR leased_until_ms <= ? OR leased_until_ms > ?)`,
      dueAt.serviceMs,
      dueAt.machineMs,
      dueAt.machineMs + LEASE_MS,
    );
  }
  const clause = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sql = `SELECT * FROM entry ${clause} ORDER BY deadline_ms, hour_ms, entry_id LIMIT ?`;
  return { sql, values: [...values, limit ?? -1] };
}

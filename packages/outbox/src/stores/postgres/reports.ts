/** What is asked of all rows: how many there are of what, and whether they add up. Each is one statement, and so one snapshot. */
import type { EntryState } from "../../domain/entry-state.ts";
import type { SetAsideReason } from "../../domain/reading.ts";
import type { AlarmKind, ReadingEnd } from "../../store/rows.ts";
import type { AuditedEntry, PartRow, ReadingTotal, StoreSummary } from "../../store/store.ts";
import { entryOfRow } from "../columns.ts";
import type { Ask } from "./connection.ts";
import { MONTH } from "./queries.ts";

/** How many readings there are of what: counting takes a while where there are millions. */
export type ReadingCounts = Pick<
  StoreSummary,
  "waitingReadings" | "oldestWaitingHourMs" | "asOfMs" | "setAside" | "endedReadings"
>;

export async function countReadings(ask: Ask, asOfMs: number): Promise<ReadingCounts> {
  const [row] = await ask(
    `SELECT (SELECT count(*) FROM @.reading WHERE entry_id IS NULL AND ended IS NULL) AS waiting,
       (SELECT min(hour_ms) FROM @.reading WHERE entry_id IS NULL AND ended IS NULL) AS oldest,
       (SELECT json_agg(json_build_object('reason', reason, 'count', n) ORDER BY reason)::text FROM (
         SELECT reason, count(*) AS n FROM @.set_aside GROUP BY reason) AS counted) AS set_aside,
       (SELECT json_agg(json_build_object('end', ended, 'count', n) ORDER BY ended)::text FROM (
         SELECT ended, count(*) AS n FROM @.reading WHERE ended IS NOT NULL GROUP BY ended) AS counted) AS ended`,
  );
  return {
    waitingReadings: Number(row?.["waiting"]),
    oldestWaitingHourMs: numberOrNone(row?.["oldest"]),
    asOfMs,
    setAside: listOf<{ reason: SetAsideReason; count: number }>(row?.["set_aside"]),
    endedReadings: listOf<{ end: ReadingEnd; count: number }>(row?.["ended"]),
  };
}

export async function countEntries(ask: Ask): Promise<Pick<StoreSummary, "entries" | "nearestDeadlineMs" | "alarms">> {
  const [row] = await ask(
    `SELECT (SELECT min(deadline_ms) FROM @.entry WHERE state IN ('frozen', 'held')) AS nearest,
       (SELECT json_agg(json_build_object('state', state, 'count', n, 'units', units) ORDER BY state)::text FROM (
         SELECT state, count(*) AS n, sum(units) AS units FROM @.entry GROUP BY state) AS counted) AS entries,
       (SELECT json_agg(json_build_object('kind', kind, 'count', n) ORDER BY kind)::text FROM (
         SELECT kind, count(*) AS n FROM @.alarm GROUP BY kind) AS counted) AS alarms`,
  );
  return {
    entries: listOf<{ state: EntryState; count: number; units: number }>(row?.["entries"]),
    nearestDeadlineMs: numberOrNone(row?.["nearest"]),
    alarms: listOf<{ kind: AlarmKind; count: number }>(row?.["alarms"]),
  };
}

export async function auditedEntries(ask: Ask, afterId: string, limit: number): Promise<AuditedEntry[]> {
  const rows = await ask(
    `SELECT entry.*, counted.n AS counted_readings, coalesce(trim_scale(counted.sum), 0)::text AS counted_sum,
       parts.list AS parts
     FROM @.entry,
       LATERAL (SELECT count(*) AS n, sum(quantity) AS sum FROM @.reading WHERE reading.entry_id = entry.entry_id) AS counted,
       LATERAL (SELECT json_agg(json_build_object('tags', tags, 'sum', sum::text, 'readings', n) ORDER BY tags)::text AS list
         FROM (SELECT tags, trim_scale(sum(sum)) AS sum, sum(readings) AS n FROM @.part
           WHERE part.entry_id = entry.entry_id GROUP BY tags) AS tagged) AS parts
     WHERE entry.entry_id > $1 ORDER BY entry.entry_id LIMIT $2`,
    afterId,
    limit,
  );
  return rows.map((row) => ({
    entry: entryOfRow(row),
    counted:
      row["readings_gone"] === true
        ? undefined
        : { readings: Number(row["counted_readings"]), sum: String(row["counted_sum"]) },
    parts: listOf<PartRow>(row["parts"]),
  }));
}

export async function totalsOf(ask: Ask): Promise<ReadingTotal[]> {
  const rows = await ask(
    `SELECT meter, month, fate, sum(readings) AS readings, trim_scale(sum(sum))::text AS sum FROM (
       SELECT meter, month, fate, readings, sum FROM @.ended_total
       UNION ALL
       SELECT meter, ${MONTH}, state, readings, sum::numeric FROM @.entry WHERE readings_gone
       UNION ALL
       SELECT meter, ${MONTH}, fate, readings, sum FROM (
         SELECT reading.meter, reading.hour_ms, coalesce(ended, state, CASE WHEN entry_id IS NULL THEN 'waiting' ELSE 'no-entry' END) AS fate, count(*) AS readings,
           sum(quantity) AS sum
         FROM @.reading LEFT JOIN @.entry USING (entry_id) WHERE readings_gone IS NOT TRUE GROUP BY 1, 2, 3) AS there
     ) AS counted GROUP BY meter, month, fate ORDER BY meter, month, fate`,
  );
  return rows.map((row) => ({
    meter: String(row["meter"]),
    month: String(row["month"]),
    fate: String(row["fate"]) as ReadingTotal["fate"],
    readings: Number(row["readings"]),
    sum: String(row["sum"]),
  }));
}

function listOf<T>(json: unknown): T[] {
  return typeof json === "string" ? (JSON.parse(json) as T[]) : [];
}

function numberOrNone(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

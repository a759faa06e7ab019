/** What is asked of all rows: how many there are of what, and whether they add up. */
import { exactOf, quantityText, sumOf, type Exact } from "../../domain/quantity.ts";
import type { EntryState } from "../../domain/entry-state.ts";
import type { SetAsideReason } from "../../domain/reading.ts";
import { monthOf } from "../../domain/time.ts";
import type { AlarmKind, ReadingEnd } from "../../store/rows.ts";
import type { AuditedEntry, ReadingTotal, StoreSummary } from "../../store/store.ts";
import { entryOfRow } from "../columns.ts";
import type { Connection } from "./connection.ts";
import { readParts } from "./transaction.ts";

export function summaryOf(connection: Connection, asOfMs: number): StoreSummary {
  const waiting = connection.get(
    "SELECT count(*) AS n, min(hour_ms) AS oldest FROM reading WHERE entry_id IS NULL AND ended IS NULL",
  );
  const nearest = connection.get("SELECT min(deadline_ms) AS at FROM entry WHERE state IN ('frozen', 'held')");
  return {
    waitingReadings: Number(waiting?.["n"]),
    oldestWaitingHourMs: orNone(waiting?.["oldest"]),
    asOfMs,
    entries: connection
      .all("SELECT state, count(*) AS n, sum(units) AS units FROM entry GROUP BY state ORDER BY state")
      .map((row) => ({ state: row["state"] as EntryState, count: Number(row["n"]), units: Number(row["units"]) })),
    nearestDeadlineMs: orNone(nearest?.["at"]),
    setAside: connection
      .all("SELECT reason, count(*) AS n FROM set_aside GROUP BY reason ORDER BY reason")
      .map((row) => ({ reason: row["reason"] as SetAsideReason, count: Number(row["n"]) })),
    endedReadings: connection
      .all("SELECT ended, count(*) AS n FROM reading WHERE ended IS NOT NULL GROUP BY ended ORDER BY ended")
      .map((row) => ({ end: row["ended"] as ReadingEnd, count: Number(row["n"]) })),
    alarms: connection
      .all("SELECT kind, count(*) AS n FROM alarm GROUP BY kind ORDER BY kind")
      .map((row) => ({ kind: row["kind"] as AlarmKind, count: Number(row["n"]) })),
  };
}

export function auditedEntries(connection: Connection, afterId: string, limit: number): AuditedEntry[] {
  return connection
    .all("SELECT * FROM entry WHERE entry_id > ? ORDER BY entry_id LIMIT ?", afterId, limit)
    .map((row) => {
      const entry = entryOfRow(row);
      const parts = readParts(connection, entry.entryId);
      if (row["readings_gone"] === 1) return { entry, counted: undefined, parts };
      let sum: Exact = 0n;
      let readings = 0;
      for (const { quantity } of connection.all("SELECT quantity FROM reading WHERE entry_id = ?", entry.entryId)) {
        sum += exactOf(String(quantity));
        readings += 1;
      }
      return { entry, counted: { readings, sum: quantityText(sum) }, parts };
    });
}

/** How many rows are held at once. */
const SLICE = 20_000;

/** All that ever were, as one snapshot. */
export function totalsOf(connection: Connection): ReadingTotal[] {
  const totals = new Map<string, { readings: number; sum: Exact }>();
  const add = (meter: string, month: string, fate: string, readings: number, sum: Exact): void => {
    const key = JSON.stringify([meter, month, fate]);
    const before = totals.get(key) ?? { readings: 0, sum: 0n };
    totals.set(key, { readings: before.readings + readings, sum: before.sum + sum });
  };
  for (const row of connection.all("SELECT * FROM ended_total")) {
    add(
      String(row["meter"]),
      String(row["month"]),
      String(row["fate"]),
      Number(row["readings"]),
      sumOf(String(row["sum"])),
    );
  }
  for (const row of connection.all("SELECT meter, hour_ms, state, readings, sum FROM entry WHERE readings_gone = 1")) {
    add(
      String(row["meter"]),
      monthOf(Number(row["hour_ms"])),
      String(row["state"]),
      Number(row["readings"]),
      sumOf(String(row["sum"])),
    );
  }
  for (let after = 0; ;) {
    const rows = connection.all(
      `SELECT reading.rowid AS id, reading.meter, reading.hour_ms, quantity, coalesce(ended, state, iif(entry_id IS NULL, 'waiting', 'no-entry')) AS fate
       FROM reading LEFT JOIN entry USING (entry_id) WHERE reading.rowid > ? AND coalesce(readings_gone, 0) = 0
       ORDER BY reading.rowid LIMIT ?`,
      after,
      SLICE,
    );
    for (const row of rows) {
      after = Number(row["id"]);
      add(
        String(row["meter"]),
        monthOf(Number(row["hour_ms"])),
        String(row["fate"]),
        1,
        exactOf(String(row["quantity"])),
      );
    }
    if (rows.length < SLICE) break;
  }
  return [...totals].map(([key, { readings, sum }]) => {
    const [meter, month, fate] = JSON.parse(key) as [string, string, ReadingTotal["fate"]];
    return { meter, month, fate, readings, sum: quantityText(sum) };
  });
}

function orNone(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

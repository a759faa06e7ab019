/** Moves readings: into an entry, to an end, free again, and away. Sums are made of what was marked, and of nothing else. */
import { exactOf, quantityText, sumOf, type Exact } from "../../domain/quantity.ts";
import { monthOf } from "../../domain/time.ts";
import type { Slice } from "../../domain/binding.ts";
import type { Entry, ReadingEnd } from "../../store/rows.ts";
import { entryOfRow, type Row } from "../columns.ts";
import { forgetTrouble } from "./alarms.ts";
import type { Connection } from "./connection.ts";

const WAITING_IN_SLICE = `SELECT rowid FROM reading
  WHERE hour_ms = ? AND tenant = ? AND meter = ? AND at_ms >= ? AND at_ms < ? AND entry_id IS NULL AND ended IS NULL`;

/** States of entries that have ended, and have readings. */
const WITH_READINGS = "('delivered', 'refused', 'expired', 'empty')";

/** Changes up to `limit` readings that wait in the slices; answers the changed rows. */
function change(
  connection: Connection,
  set: string,
  values: readonly (string | number)[],
  slices: readonly Slice[],
  limit: number,
  more = "",
): Row[] {
  const sql = `UPDATE reading SET ${set} WHERE rowid IN (${WAITING_IN_SLICE}${more} LIMIT ?) RETURNING quantity, tags, at_ms`;
  const rows: Row[] = [];
  for (const { hourMs, tenant, meter, fromMs, untilMs } of slices) {
    if (rows.length >= limit) break;
    for (const row of connection.all(sql, ...values, hourMs, tenant, meter, fromMs, untilMs, limit - rows.length))
      rows.push(row);
  }
  return rows;
}

export function assignReadings(
  connection: Connection,
  entryId: string,
  slices: readonly Slice[],
  limit: number,
): { readings: number; latestAtMs: number | undefined } {
  const rows = change(connection, "entry_id = ?", [entryId], slices, limit);
  const parts = new Map<string, { sum: Exact; readings: number }>();
  let latestAtMs: number | undefined;
  for (const { quantity, tags, at_ms: atMs } of rows) {
    const key = String(tags);
    const part = parts.get(key) ?? { sum: 0n, readings: 0 };
    parts.set(key, { sum: part.sum + exactOf(String(quantity)), readings: part.readings + 1 });
    latestAtMs = Math.max(latestAtMs ?? 0, Number(atMs));
  }
  for (const [tags, { sum, readings }] of parts) {
    const before = connection.get("SELECT sum FROM part WHERE entry_id = ? AND tags = ?", entryId, tags);
    const whole = quantityText(sum + sumOf(String(before?.["sum"] ?? "0")));
    connection.run(
      `INSERT INTO part (entry_id, tags, sum, readings) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (entry_id, tags) DO UPDATE SET sum = ?3, readings = readings + ?4`,
      entryId,
      tags,
      whole,
      readings,
    );
  }
  return { readings: rows.length, latestAtMs };
}

export function endReadings(
  connection: Connection,
  slices: readonly Slice[],
  end: ReadingEnd,
  limit: number,
  machineMs: number,
): { readings: number; sum: string; credited: string } {
  const set = "ended = ?, ended_ms = ?";
  // Below zero, by the sign: the text of a quantity has one form.
  const credits =
    end === "credited" ? change(connection, set, [end, machineMs], slices, limit, " AND quantity LIKE '-%'") : [];
  const rest = end === "credited" ? "late" : end;
  const others = change(connection, set, [rest, machineMs], slices, limit - credits.length);
  const readings = credits.length + others.length;
  return { readings, sum: quantityText(sumOfRows(others)), credited: quantityText(sumOfRows(credits)) };
}

export function releaseReadings(connection: Connection, entryId: string, limit: number): number {
  const released = connection.run(
    "UPDATE reading SET entry_id = NULL WHERE rowid IN (SELECT rowid FROM reading WHERE entry_id = ? LIMIT ?)",
    entryId,
    limit,
  );
  if (released < limit) connection.run("DELETE FROM part WHERE entry_id = ?", entryId);
  return released;
}

/** Deletes old readings and entries; what readings came to that were never in an entry stays as a total. */
export function forgetOld(
  connection: Connection,
  readingsBeforeMs: number,
  entriesBeforeMs: number,
  limit: number,
): number {
  const ended = connection.all(
    `DELETE FROM reading WHERE rowid IN (SELECT rowid FROM reading WHERE ended IS NOT NULL AND ended_ms < ? LIMIT ?)
     RETURNING meter, hour_ms, ended, quantity`,
    readingsBeforeMs,
    limit,
  );
  for (const { meter, hour_ms: hourMs, ended: fate, quantity } of ended)
    addTotal(connection, [String(meter), monthOf(Number(hourMs)), String(fate)], 1, exactOf(String(quantity)));
  const sent = connection.run(
    `DELETE FROM reading WHERE rowid IN (
       SELECT reading.rowid FROM entry JOIN reading USING (entry_id)
       WHERE entry.ended_ms < ? AND entry.state IN ${WITH_READINGS} LIMIT ?)`,
    readingsBeforeMs,
    limit,
  );
  connection.run(
    `UPDATE entry SET readings_gone = 1 WHERE ended_ms < ? AND readings_gone = 0 AND state IN ${WITH_READINGS}`,
    readingsBeforeMs,
  );
  const old = connection.all(
    `SELECT * FROM entry WHERE ended_ms < ? AND unreleased = 0
       AND NOT EXISTS (SELECT 1 FROM reading WHERE reading.entry_id = entry.entry_id) LIMIT ?`,
    entriesBeforeMs,
    limit,
  );
  for (const row of old) {
    keepTrace(connection, entryOfRow(row));
    for (const table of ["attempt", "part", "entry"])
      connection.run(`DELETE FROM ${table} WHERE entry_id = ?`, String(row["entry_id"]));
  }
  return ended.length + sent + old.length + forgetTrouble(connection, readingsBeforeMs, entriesBeforeMs, limit);
}

/** What an entry that goes has counted, and what it has left of its balance, stay. */
function keepTrace(connection: Connection, entry: Entry): void {
  const { meter, state, readings, sum, identity, dimension, leftOver, carriedIn, returned } = entry;
  const month = monthOf(entry.hourMs);
  if (state !== "dissolved") addTotal(connection, [meter, month, state], readings, sumOf(sum));
  const left = sumOf(leftOver) - sumOf(carriedIn) + sumOf(returned);
  if (left === 0n) return;
  const key = [identity, dimension, month];
  const balance = connection.get(
    "SELECT credited FROM balance WHERE identity = ? AND dimension = ? AND month = ?",
    ...key,
  );
  connection.run(
    "UPDATE balance SET credited = ? WHERE identity = ? AND dimension = ? AND month = ?",
    quantityText(sumOf(String(balance?.["credited"] ?? "0")) + left),
    ...key,
  );
}

function addTotal(connection: Connection, key: readonly [string, string, string], readings: number, sum: Exact): void {
  const before = connection.get("SELECT sum FROM ended_total WHERE meter = ? AND month = ? AND fate = ?", ...key);
  connection.run(
    `INSERT INTO ended_total (meter, month, fate, readings, sum) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (meter, month, fate) DO UPDATE SET readings = readings + ?4, sum = ?5`,
    ...key,
    readings,
    quantityText(sum + sumOf(String(before?.["sum"] ?? "0"))),
  );
}

function sumOfRows(rows: readonly Row[]): Exact {
  return rows.reduce((total, { quantity }) => total + exactOf(String(quantity)), 0n);
}

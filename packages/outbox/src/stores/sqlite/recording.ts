/** Keeps readings as they come in: each judged, then kept, known, or set aside. Part of a transaction. */
import {
  conflict,
  isSameReading,
  judgeReading,
  type GivenReading,
  type RecordingFacts,
  type SetAside,
} from "../../domain/reading.ts";
import type { StoreRow } from "../../store/rows.ts";
import type { RecordAnswer, StoreTransaction } from "../../store/store.ts";
import { raiseAlarm } from "./alarms.ts";
import { readingOfRow } from "../columns.ts";
import type { Connection } from "./connection.ts";

const INSERT = `INSERT INTO reading (reading_id, tenant, meter, hour_ms, at_ms, quantity, tags, recorded_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, reading_id) DO NOTHING`;

export function recordReading(
  connection: Connection,
  given: GivenReading,
  facts: RecordingFacts,
  machineMs: number,
): RecordAnswer {
  const { readingId } = given;
  const judged = judgeReading(given, facts);
  if ("reason" in judged) return keepAside(connection, given, judged, machineMs);
  const { tenant, meter, hourMs, atMs, quantity, tags } = judged;
  if (connection.run(INSERT, readingId, tenant, meter, hourMs, atMs, quantity, tags, machineMs) === 1) {
    return { readingId, answer: "recorded" };
  }
  const row = connection.get("SELECT * FROM reading WHERE tenant = ? AND reading_id = ?", tenant, readingId);
  if (row === undefined) throw new TypeError("A reading stands in the way of another, and is not there.");
  const kept = readingOfRow(row);
  if (isSameReading(kept, judged)) return { readingId, answer: "known" };
  return keepAside(connection, given, conflict(kept), machineMs);
}

/** By what readings are judged that come at a machine time. */
export function factsOf(
  { serviceOffsetMs, settings }: StoreRow,
  machineMs: number,
  isMeter: RecordingFacts["isMeter"],
): RecordingFacts {
  const serviceMs = serviceOffsetMs === undefined ? undefined : machineMs + serviceOffsetMs;
  return { isMeter, serviceMs, dedupeDays: settings.dedupeDays };
}

/** As `recordAside` of the port says. `judgedBy`: what is known now. */
export function recordAside(
  connection: Connection,
  { reason, untilDay, machineMs, limit }: Parameters<StoreTransaction["recordAside"]>[0],
  isDue: Parameters<StoreTransaction["recordAside"]>[1],
  judgedBy: RecordingFacts,
): { readonly taken: number; readonly left: number } {
  const found = connection.all(
    `SELECT set_aside_id, given, recorded_ms FROM set_aside
     WHERE reason = ? AND substr(json_extract(given, '$.at'), 1, 10) <= ?
       AND NOT EXISTS (
         SELECT 1 FROM reading WHERE reading.tenant = set_aside.tenant AND reading_id = json_extract(given, '$.readingId'))
     ORDER BY set_aside_id DESC LIMIT ?`,
    reason,
    untilDay,
    limit,
  );
  const due = found
    .map((row) => ({
      id: Number(row["set_aside_id"]),
      given: JSON.parse(String(row["given"])) as GivenReading,
      recordedMs: Number(row["recorded_ms"]),
    }))
    .filter(({ given, recordedMs }) => isDue(given, recordedMs));
  for (const { id } of due) connection.run("DELETE FROM set_aside WHERE set_aside_id = ?", id);
  for (const { given } of due) recordReading(connection, given, judgedBy, machineMs);
  const left = connection.get("SELECT count(*) AS n FROM set_aside WHERE reason = ?", reason);
  return { taken: due.length, left: Number(left?.["n"]) };
}

/** As it came, once for each content, however often it is sent again. */
function keepAside(
  connection: Connection,
  given: GivenReading,
  { reason, message }: SetAside,
  machineMs: number,
): RecordAnswer {
  const { readingId, tenant, meter, quantity, at, tags } = given;
  const text = JSON.stringify({ readingId, tenant, meter, quantity, at, tags });
  const isNew = connection.run(
    `INSERT INTO set_aside (tenant, given, reason, message, recorded_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (given) DO NOTHING`,
    tenant,
    text,
    reason,
    message,
    machineMs,
  );
  const conflicting = reason === "conflicting";
  if (isNew === 1) {
    raiseAlarm(connection, { kind: conflicting ? "conflicting" : "set-aside", subject: reason, message }, machineMs);
  }
  return { readingId, answer: conflicting ? "conflicting" : "set-aside", reason, message };
}

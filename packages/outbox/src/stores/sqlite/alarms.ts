/** Alarms: one row for a kind and subject, with how often it happened. */
import { randomUUID } from "node:crypto";
import type { Alarm, RaisedAlarm } from "../../store/rows.ts";
import type { AlarmFilter } from "../../store/store.ts";
import { alarmOfRow } from "../columns.ts";
import type { Connection } from "./connection.ts";

export function raiseAlarm(
  connection: Connection,
  { kind, subject, message, count = 1 }: RaisedAlarm,
  machineMs: number,
): void {
  connection.run(
    `INSERT INTO alarm (alarm_id, kind, subject, message, count, first_ms, last_ms, told_count)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0)
     ON CONFLICT (kind, subject) DO UPDATE SET message = ?4, count = count + ?5, last_ms = ?6`,
    randomUUID(),
    kind,
    subject,
    message,
    count,
    machineMs,
  );
}

export function readAlarms(connection: Connection, { untold = false, kinds, limit = -1 }: AlarmFilter): Alarm[] {
  return connection
    .all(
      `SELECT * FROM alarm WHERE (?1 = 0 OR told_count < count) AND (?2 IS NULL OR kind IN (SELECT value FROM json_each(?2)))
       ORDER BY first_ms, alarm_id LIMIT ?3`,
      Number(untold),
      kinds === undefined ? null : JSON.stringify(kinds),
      limit,
    )
    .map(alarmOfRow);
}

/** What was set aside can be put right as long as ids are remembered; an alarm that was told is remembered as long. */
export function forgetTrouble(
  connection: Connection,
  readingsBeforeMs: number,
  entriesBeforeMs: number,
  limit: number,
): number {
  const setAside = connection.run(
    `DELETE FROM set_aside WHERE recorded_ms < ?
       AND set_aside_id IN (SELECT set_aside_id FROM set_aside ORDER BY set_aside_id LIMIT ?)`,
    readingsBeforeMs,
    limit,
  );
  const alarms = connection.run(
    `DELETE FROM alarm WHERE alarm_id IN (
       SELECT alarm_id FROM alarm WHERE last_ms < ?1 OR (last_ms < ?2 AND told_count >= count) LIMIT ?3)`,
    entriesBeforeMs,
    readingsBeforeMs,
    limit,
  );
  return setAside + alarms;
}

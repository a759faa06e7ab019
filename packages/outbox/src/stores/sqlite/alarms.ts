/** Alarms: one row for a kind and subject, with how often it happened. */
import { randomUUID } from "node:crypto";
import type { RaisedAlarm } from "../../store/rows.ts";
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

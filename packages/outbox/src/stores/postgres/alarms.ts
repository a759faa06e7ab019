/**
 * What was set aside as alarms. Recording touches no row that others change, so that the alarm is raised afterwards, by whoever
 * asks for alarms.
 */
import type { Alarm } from "../../store/rows.ts";
import type { AlarmFilter } from "../../store/store.ts";
import { alarmOfRow, orNull, type Row } from "../columns.ts";
import type { Ask } from "./connection.ts";

/** Counts what was set aside since: each content once. Part of a transaction. */
export async function foldAlarms(ask: Ask): Promise<void> {
  // Two transactions that set the same aside at the same time did not see one another's; the first to begin may be the last to commit.
  await ask(
    `DELETE FROM @.set_aside AS again USING @.set_aside AS kept
     WHERE NOT again.counted AND kept.given_hash = again.given_hash AND kept.given = again.given
       AND kept.set_aside_id <> again.set_aside_id AND (kept.counted OR kept.set_aside_id < again.set_aside_id)`,
  );
  await ask(
    `WITH fresh AS (
       UPDATE @.set_aside SET counted = true WHERE set_aside_id = ANY (ARRAY(
         SELECT set_aside_id FROM @.set_aside WHERE NOT counted ORDER BY set_aside_id FOR UPDATE SKIP LOCKED))
       RETURNING set_aside_id, reason, message, recorded_ms
     )
     INSERT INTO @.alarm AS known (alarm_id, kind, subject, message, count, first_ms, last_ms, told_count)
     SELECT gen_random_uuid()::text, CASE reason WHEN 'conflicting' THEN reason ELSE 'set-aside' END, reason,
       (array_agg(message ORDER BY set_aside_id DESC))[1], count(*), min(recorded_ms), max(recorded_ms), 0
     FROM fresh GROUP BY reason ORDER BY 2, 3
     ON CONFLICT (kind, subject) DO UPDATE
       SET message = excluded.message, count = known.count + excluded.count, last_ms = excluded.last_ms`,
  );
}

export async function readAlarms(ask: Ask, { untold = false, kinds, limit }: AlarmFilter): Promise<Alarm[]> {
  const rows = await ask(
    `SELECT * FROM @.alarm WHERE (NOT $1::boolean OR told_count < count) AND ($2::text[] IS NULL OR kind = ANY ($2))
     ORDER BY first_ms, alarm_id LIMIT $3::bigint`,
    untold,
    kinds ?? null,
    orNull(limit),
  );
  return rows.map(alarmOfRow);
}

/** What was set aside can be put right as long as ids are remembered; an alarm that was told is remembered as long. */
export function forgetTrouble(
  ask: Ask,
  readingsBeforeMs: number,
  entriesBeforeMs: number,
  limit: number,
): Promise<readonly Row[]> {
  return ask(
    `WITH set_aside AS (
       DELETE FROM @.set_aside WHERE counted AND recorded_ms < $1
         AND set_aside_id = ANY (ARRAY(SELECT set_aside_id FROM @.set_aside ORDER BY set_aside_id LIMIT $3)) RETURNING 1
     ), alarms AS (
       DELETE FROM @.alarm WHERE alarm_id = ANY (ARRAY(
         SELECT alarm_id FROM @.alarm WHERE last_ms < $2 OR (last_ms < $1 AND told_count >= count) LIMIT $3))
         AND (last_ms < $2 OR (last_ms < $1 AND told_count >= count)) RETURNING 1
     ) SELECT (SELECT count(*) FROM set_aside) + (SELECT count(*) FROM alarms) AS readings`,
    readingsBeforeMs,
    entriesBeforeMs,
    limit,
  );
}

/**
 * What was set aside as alarms. Recording touches no row that others change, so that the alarm is raised afterwards, by whoever
 * asks for alarms.
 */
import type { Ask } from "./connection.ts";

/** Counts what was set aside since: each content once. Part of a transaction. */
export async function foldAlarms(ask: Ask): Promise<void> {
  // Two transactions that set the same aside at the same time did not see one another's.
  await ask(
    `DELETE FROM @.set_aside AS again USING @.set_aside AS kept
     WHERE NOT again.counted AND kept.given_hash = again.given_hash AND kept.given = again.given
       AND kept.set_aside_id < again.set_aside_id`,
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

/** Moves readings: into an entry, to an end, free again, and away. Sums are made of what was marked, and of nothing else. */
import type { Slice } from "../../domain/binding.ts";
import { quantityText, sumOf } from "../../domain/quantity.ts";
import type { ReadingEnd } from "../../store/rows.ts";
import type { Row } from "../columns.ts";
import { forgetTrouble } from "./alarms.ts";
import type { Ask } from "./connection.ts";
import { MONTH } from "./queries.ts";

interface Change {
  /** What is set of a reading, and what of the changed ones is wanted; `$1` is the entry or the end. */
  readonly set: string;
  readonly value: string;
  /** Where looking begins in a slice, one way after the other: `$5` is its start. */
  readonly begins?: readonly string[];
  /** A further condition. */
  readonly condition?: string;
  /** Of `changed`: the quantity, tags and time of what was changed. */
  readonly figuresOf: string;
  readonly values?: readonly unknown[];
}

/**
 * Changes up to `limit` readings that wait in the slices; answers a row of figures for each statement. A reading that somebody
 * else has just taken is left out: another one takes its place.
 */
async function changeWaiting(
  ask: Ask,
  slices: readonly Slice[],
  limit: number,
  change: Change,
): Promise<readonly Row[]> {
  const { set, value, begins = ["$5"], condition = "", figuresOf, values = [] } = change;
  const sqlFrom = (begin: string): string => `WITH changed AS (
      UPDATE @.reading SET ${set} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM @.reading WHERE hour_ms = $2 AND tenant = $3 AND meter = $4 AND at_ms >= ${begin} AND at_ms < $6
          AND entry_id IS NULL AND ended IS NULL${condition} ORDER BY at_ms LIMIT $7))
        AND entry_id IS NULL AND ended IS NULL
      RETURNING quantity, tags, at_ms
    )${figuresOf}`;
  const figures: Row[] = [];
  let changed = 0;
  for (const { hourMs, tenant, meter, fromMs, untilMs } of slices) {
    for (const sql of begins.map(sqlFrom)) {
      for (let readings = 1; readings > 0 && changed < limit; changed += readings) {
        const [row] = await ask(sql, value, hourMs, tenant, meter, fromMs, untilMs, limit - changed, ...values);
        readings = Number(row?.["readings"]);
        if (row !== undefined && readings > 0) figures.push(row);
      }
    }
  }
  return figures;
}

export async function assignReadings(
  ask: Ask,
  entryId: string,
  slices: readonly Slice[],
  limit: number,
): Promise<{ readings: number; latestAtMs: number | undefined }> {
  const figures = await changeWaiting(ask, slices, limit, {
    set: "entry_id = $1::text",
    value: entryId,
    // Where the step before ended: what it marked is in the index still, while somebody looks at an older state. Then from the
    // start again, for what has been committed since.
    begins: ["greatest($5::bigint, (SELECT latest_at_ms FROM @.entry WHERE entry_id = $1))", "$5"],
    figuresOf: `, summed AS (
      INSERT INTO @.part (entry_id, tags, sum, readings) SELECT $1, tags, sum(quantity), count(*) FROM changed GROUP BY tags
    ) SELECT count(*) AS readings, max(at_ms) AS latest FROM changed`,
  });
  const latest = figures.map((row) => Number(row["latest"]));
  return { readings: countOf(figures), latestAtMs: latest.length === 0 ? undefined : Math.max(...latest) };
}

export async function endReadings(
  ask: Ask,
  slices: readonly Slice[],
  end: ReadingEnd,
  limit: number,
  machineMs: number,
): Promise<{ readings: number; sum: string; credited: string }> {
  const of = {
    set: "ended = $1::text, ended_ms = $8::bigint",
    figuresOf: " SELECT count(*) AS readings, sum(quantity)::text AS sum FROM changed",
    values: [machineMs],
  };
  const credits =
    end === "credited"
      ? await changeWaiting(ask, slices, limit, { ...of, value: end, condition: " AND quantity < 0" })
      : [];
  const value = end === "credited" ? "late" : end;
  const others = await changeWaiting(ask, slices, limit - countOf(credits), { ...of, value });
  return { readings: countOf(credits) + countOf(others), sum: sumOfRows(others), credited: sumOfRows(credits) };
}

export async function releaseReadings(ask: Ask, entryId: string, limit: number): Promise<number> {
  const [row] = await ask(
    `WITH released AS (
       UPDATE @.reading SET entry_id = NULL
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM @.reading WHERE entry_id = $1 LIMIT $2)) AND entry_id = $1 RETURNING 1
     ) SELECT count(*) AS readings FROM released`,
    entryId,
    limit,
  );
  const released = Number(row?.["readings"]);
  if (released < limit) await ask("DELETE FROM @.part WHERE entry_id = $1", entryId);
  return released;
}

/** Deletes old readings and entries; what readings came to that were never in an entry stays as a total. */
export async function forgetOld(
  ask: Ask,
  readingsBeforeMs: number,
  entriesBeforeMs: number,
  limit: number,
): Promise<number> {
  const ended = await ask(
    `WITH gone AS (
       DELETE FROM @.reading WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM @.reading WHERE ended IN ('late', 'credited', 'not-bound', 'after-end', 'discarded')
           AND ended_ms < $1 LIMIT $2))
       RETURNING meter, hour_ms, ended, quantity
     ), totals AS (
       INSERT INTO @.ended_total AS total (meter, month, fate, readings, sum)
       SELECT meter, ${MONTH}, ended, count(*), sum(quantity) FROM gone GROUP BY 1, 2, 3
       ON CONFLICT (meter, month, fate) DO UPDATE
         SET readings = total.readings + excluded.readings, sum = total.sum + excluded.sum
     ) SELECT count(*) AS readings FROM gone`,
    readingsBeforeMs,
    limit,
  );
  // From here on, what such an entry's readings came to is what the entry says, though some are still there.
  await ask(
    `UPDATE @.entry SET readings_gone = true WHERE entry_id = ANY (ARRAY(
       SELECT entry_id FROM @.entry WHERE ended_ms < $1 AND NOT readings_gone
         AND state IN ('delivered', 'refused', 'expired', 'empty') LIMIT $2))`,
    readingsBeforeMs,
    limit,
  );
  const sent = await ask(
    `WITH gone AS (
       DELETE FROM @.reading WHERE ctid = ANY (ARRAY(
         SELECT reading.ctid FROM @.entry JOIN @.reading USING (entry_id) WHERE readings_gone AND NOT emptied LIMIT $1))
       RETURNING 1
     ) SELECT count(*) AS readings FROM gone`,
    limit,
  );
  await ask(
    `UPDATE @.entry SET emptied = true WHERE readings_gone AND NOT emptied
       AND NOT EXISTS (SELECT FROM @.reading WHERE reading.entry_id = entry.entry_id)`,
  );
  const old = await ask(
    `WITH old AS (
       DELETE FROM @.entry WHERE entry_id = ANY (ARRAY(
         SELECT entry_id FROM @.entry WHERE ended_ms < $1 AND NOT unreleased
           AND NOT EXISTS (SELECT FROM @.reading WHERE reading.entry_id = entry.entry_id) LIMIT $2))
       RETURNING *
     ), attempts AS (DELETE FROM @.attempt USING old WHERE attempt.entry_id = old.entry_id),
     parts AS (DELETE FROM @.part USING old WHERE part.entry_id = old.entry_id),
     totals AS (
       INSERT INTO @.ended_total AS total (meter, month, fate, readings, sum)
       SELECT meter, ${MONTH}, state, sum(readings), sum(sum::numeric) FROM old
       WHERE state <> 'dissolved' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
       ON CONFLICT (meter, month, fate) DO UPDATE
         SET readings = total.readings + excluded.readings, sum = total.sum + excluded.sum
     ), balances AS (
       UPDATE @.balance SET credited = trim_scale(credited::numeric + made.change)::text
       FROM (
         SELECT identity, dimension, ${MONTH} AS month,
           sum(left_over::numeric - carried_in::numeric + returned::numeric) AS change
         FROM old GROUP BY 1, 2, 3) AS made
       WHERE balance.identity = made.identity AND balance.dimension = made.dimension AND balance.month = made.month
         AND made.change <> 0
     ) SELECT count(*) AS readings FROM old`,
    entriesBeforeMs,
    limit,
  );
  const trouble = await forgetTrouble(ask, readingsBeforeMs, entriesBeforeMs, limit);
  return countOf(ended) + countOf(sent) + countOf(old) + countOf(trouble);
}

function countOf(rows: readonly Row[]): number {
  return rows.reduce((total, row) => total + Number(row["readings"]), 0);
}

function sumOfRows(rows: readonly Row[]): string {
  return quantityText(rows.reduce((total, row) => total + sumOf(String(row["sum"])), 0n));
}

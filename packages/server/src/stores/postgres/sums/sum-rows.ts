/** Writes what entries add to the sums, and removes all of it. */
import type { Client } from "pg";
import { SUM_COLUMNS, type ExpiredSums, type TallyCell, type UsageCell } from "../../../ledger/sums/sums.ts";
import { HOUR_COLUMNS, dayAndHour, kindNumber } from "../../../sum-tables/rows.ts";
import { SUMS_LOCK } from "../locks.ts";
import { searchable } from "../rows.ts";

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Into the sums themselves. */
export function sumStatements(usage: readonly UsageCell[], tallies: readonly TallyCell[]): Statement[] {
  return [...usageStatements("usage_sum", usage), ...tallyStatements("tally", tallies)];
}

/** Into what is kept of entries that are removed. */
export function expiredStatements(usage: readonly UsageCell[], tallies: readonly TallyCell[]): Statement[] {
  return [...usageStatements("expired_usage", usage), ...tallyStatements("expired_tally", tallies)];
}

/** Nothing is added up meanwhile. */
export async function removeSums(client: Client): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock($1, $2)", [...SUMS_LOCK]);
  for (const table of ["usage_sum", "tally", "sum_position", "expired_usage", "expired_tally"]) {
    await client.query(`DELETE FROM countinghouse.${table}`);
  }
  await client.query("UPDATE countinghouse.sums SET is_begun = false, complete_since_ms = NULL");
}

/** What another ledger has kept, in the place of all that is there. */
export async function putExpiredSums(client: Client, { parts, completeSinceMs }: ExpiredSums): Promise<void> {
  await removeSums(client);
  for (const { usage, tallies } of parts) {
    for (const statement of expiredStatements(usage, tallies)) await client.query(statement);
  }
  await client.query("UPDATE countinghouse.sums SET complete_since_ms = $1", [completeSinceMs ?? null]);
}

/** One for each hour of the day: what stands in the other columns stays. */
function usageStatements(table: string, usage: readonly UsageCell[]): Statement[] {
  const byHour = new Map<string, UsageCell[]>();
  for (const cell of usage) {
    const column = HOUR_COLUMNS[dayAndHour(cell)[1]] as string;
    const cells = byHour.get(column) ?? [];
    cells.push(cell);
    byHour.set(column, cells);
  }
  return [...byHour].map(([column, cells]) => ({
    name: `add-${table}-${column}`,
    text: `INSERT INTO countinghouse.${table} AS kept (day, ${SUM_COLUMNS.join(", ")}, kind, last_ms, ${column})
      SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::bigint[],
        $8::bigint[])
      ON CONFLICT (day, ${SUM_COLUMNS.join(", ")}, kind) DO UPDATE SET last_ms = greatest(kept.last_ms, excluded.last_ms),
        ${column} = coalesce(kept.${column}, 0) + excluded.${column}`,
    values: [
      cells.map((cell) => dayAndHour(cell)[0]),
      ...SUM_COLUMNS.map((name) => cells.map((cell) => searchable(cell[name]))),
      cells.map(({ kind }) => kindNumber(kind)),
      cells.map(({ lastMs }) => String(lastMs)),
      cells.map(({ amount }) => amount.toString()),
    ],
  }));
}

function tallyStatements(table: string, tallies: readonly TallyCell[]): Statement[] {
  if (tallies.length === 0) return [];
  const texts = ["about", "product", "customer", "dimension", "detail"] as const;
  return [
    {
      name: `add-${table}`,
      text: `INSERT INTO countinghouse.${table} AS kept (day, ${texts.join(", ")}, calls, records, units)
        SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
          $8::bigint[], $9::bigint[])
        ON CONFLICT (day, ${texts.join(", ")}) DO UPDATE SET calls = kept.calls + excluded.calls,
          records = kept.records + excluded.records, units = kept.units + excluded.units`,
      values: [
        tallies.map(({ day }) => day),
        ...texts.map((name) => tallies.map((cell) => searchable(cell[name]))),
        tallies.map(({ calls }) => String(calls)),
        tallies.map(({ records }) => String(records)),
        tallies.map(({ units }) => units.toString()),
      ],
    },
  ];
}

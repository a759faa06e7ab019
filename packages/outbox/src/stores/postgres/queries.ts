/** What of entries and of readings that wait is asked for. */
import type { Binding } from "../../domain/binding.ts";
import type { Attempt } from "../../domain/entry-state.ts";
import { LEASE_MS } from "../../domain/lease.ts";
import type { Meter } from "../../domain/meter.ts";
import { newStoreRow } from "../../store/new-store-row.ts";
import { OutboxError } from "../../store/outbox-error.ts";
import type { Entry, StoreRow, WaitingGroup } from "../../store/rows.ts";
import type { BindingFilter, EntryFilter, PartRow, WaitingFilter } from "../../store/store.ts";
import { attemptOfRow, bindingOfRow, entryOfRow, meterOfRow, orNull } from "../columns.ts";
import type { Ask } from "./connection.ts";

/** The month of an hour, such as `2026-11`; in words of the database itself: roles have no right to the schema's own functions. */
export const MONTH = "to_char(timestamp 'epoch' + hour_ms * interval '1 millisecond', 'YYYY-MM')";

export async function readStoreRow(ask: Ask, lock: "" | "FOR NO KEY UPDATE" = ""): Promise<StoreRow> {
  const [row] = await ask(`SELECT name, row FROM @.store ${lock}`);
  if (row === undefined) throw new OutboxError("schema", "The outbox has no row about itself: it was not opened.");
  return { ...newStoreRow(), ...(JSON.parse(String(row["row"])) as Partial<StoreRow>), name: String(row["name"]) };
}

export async function readMeters(ask: Ask): Promise<Meter[]> {
  return (await ask("SELECT * FROM @.meter ORDER BY name")).map(meterOfRow);
}

export async function readBindings(
  ask: Ask,
  { tenant, productCode, identity }: BindingFilter = {},
): Promise<Binding[]> {
  const rows = await ask(
    `SELECT * FROM @.binding WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR product_code = $2)
       AND ($3::text IS NULL OR identity = $3) ORDER BY binding_id`,
    orNull(tenant),
    orNull(productCode),
    orNull(identity),
  );
  return rows.map(bindingOfRow);
}

export async function readAttempts(ask: Ask, entryIds: readonly string[]): Promise<Attempt[]> {
  const rows = await ask("SELECT * FROM @.attempt WHERE entry_id = ANY ($1::text[]) ORDER BY attempt_no", entryIds);
  return rows.map(attemptOfRow);
}

export async function readParts(ask: Ask, entryId: string): Promise<PartRow[]> {
  const rows = await ask(
    `SELECT tags, trim_scale(sum(sum))::text AS sum, sum(readings)::bigint AS readings FROM @.part WHERE entry_id = $1
     GROUP BY tags ORDER BY tags`,
    entryId,
  );
  return rows.map((row) => ({ tags: String(row["tags"]), sum: String(row["sum"]), readings: Number(row["readings"]) }));
}

const nextGroup = (than: string): string => `SELECT hour_ms, tenant, meter FROM @.reading
  WHERE entry_id IS NULL AND ended IS NULL AND hour_ms < $1 AND (hour_ms, tenant, meter) > ${than}
  ORDER BY hour_ms, tenant, meter LIMIT 1`;

/** From one group to the next by the index, whatever lies between. */
export async function readWaiting(ask: Ask, { beforeMs, after, limit }: WaitingFilter): Promise<WaitingGroup[]> {
  const rows = await ask(
    `WITH RECURSIVE waiting AS (
       (${nextGroup("($2, $3, $4)")})
       UNION ALL
       SELECT following.* FROM waiting AS last, LATERAL (${nextGroup("(last.hour_ms, last.tenant, last.meter)")}) AS following
     ) SELECT * FROM waiting LIMIT $5`,
    beforeMs,
    after?.hourMs ?? Number.MIN_SAFE_INTEGER,
    after?.tenant ?? "",
    after?.meter ?? "",
    limit,
  );
  return rows.map((row) => ({
    hourMs: Number(row["hour_ms"]),
    tenant: String(row["tenant"]),
    meter: String(row["meter"]),
  }));
}

export async function readEntries(ask: Ask, filter: EntryFilter): Promise<Entry[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  /** `?` for each value, in their order. */
  const where = (condition: string, ...of: readonly unknown[]): void => {
    let at = values.length;
    conditions.push(condition.replaceAll("?", () => `$${(at += 1)}`));
    values.push(...of);
  };
  const open = "state IN ('gathering', 'frozen', 'held', 'doubtful')";
  const { entryIds, states, identity, dimension, fromHourMs, untilHourMs, dueAt, deadlineUntilMs, unreleased, limit } =
    filter;
  if (entryIds !== undefined) where("entry_id = ANY (?::text[])", entryIds);
  if (states !== undefined) where("state = ANY (?::text[])", states);
  if (identity !== undefined) where("identity = ?", identity);
  if (dimension !== undefined) where("dimension = ?", dimension);
  if (fromHourMs !== undefined) where("hour_ms >= ?", fromHourMs);
  if (untilHourMs !== undefined) where("hour_ms < ?", untilHourMs);
  if (deadlineUntilMs !== undefined) where(`${open} AND deadline_ms <= ?`, Math.floor(deadlineUntilMs));
  if (unreleased !== undefined) where(unreleased ? "unreleased" : "NOT unreleased");
  if (dueAt !== undefined) {
    where(
      `${open} AND state <> 'gathering' AND body IS NOT NULL AND next_try_ms <= ?
       AND (leased_until_ms IS NULL OR leased_until_ms <= ? OR leased_until_ms > ?)`,
      Math.floor(dueAt.serviceMs),
      Math.floor(dueAt.machineMs),
      Math.floor(dueAt.machineMs + LEASE_MS),
    );
  }
  const clause = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sql = `SELECT * FROM @.entry ${clause} ORDER BY deadline_ms, hour_ms, entry_id LIMIT $${values.length + 1}::bigint`;
  return (await ask(sql, ...values, orNull(limit))).map(entryOfRow);
}

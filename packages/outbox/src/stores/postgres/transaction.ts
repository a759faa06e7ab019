/** The port's transaction over PostgreSQL: rows are locked one by one, in the order of their ids. */
import type { Binding } from "../../domain/binding.ts";
import type { Balance, Entry, RaisedAlarm } from "../../store/rows.ts";
import type { StoreTransaction } from "../../store/store.ts";
import { ENTRY_COLUMNS, balanceOfRow, entryOfRow, entryValues } from "../columns.ts";
import { foldAlarms } from "./alarms.ts";
import type { Ask } from "./connection.ts";
import {
  readAttempts,
  readBindings,
  readEntries,
  readMeters,
  readParts,
  readStoreRow,
  readWaiting,
} from "./queries.ts";
import { recordAside } from "./recording.ts";
import { assignReadings, endReadings, forgetOld, releaseReadings } from "./reading-moves.ts";

const COLUMNS = ENTRY_COLUMNS.join(", ");
const CHANGES = ENTRY_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");
const INSERT_ENTRIES = `INSERT INTO @.entry (${COLUMNS}) SELECT ${COLUMNS} FROM json_populate_recordset(NULL::@.entry, $1::text::json)`;
const LIVES = "(state <> 'dissolved' OR unreleased)";

export function postgresTransaction(ask: Ask, machineMs: () => number): StoreTransaction {
  const lockStoreRow = () => readStoreRow(ask, "FOR NO KEY UPDATE");
  return {
    storeRow: () => readStoreRow(ask),
    lockStoreRow,
    saveStoreRow: async (change) => {
      const { name: _name, ...row } = { ...(await lockStoreRow()), ...change };
      await ask(
        "UPDATE @.store SET row = $1, service_offset_ms = $2, dedupe_days = $3",
        JSON.stringify(row),
        row.serviceOffsetMs === undefined ? null : Math.round(row.serviceOffsetMs),
        row.settings.dedupeDays,
      );
    },
    meters: () => readMeters(ask),
    addMeters: async (meters) => {
      for (const { name, productCode, dimension, per, aggregate } of meters)
        await ask("INSERT INTO @.meter VALUES ($1, $2, $3, $4, $5)", name, productCode, dimension, per, aggregate);
    },
    addBindings: async (bindings, recordedMs) => {
      for (const binding of bindings) await addBinding(ask, binding, recordedMs);
    },
    waiting: (filter) => readWaiting(ask, filter),
    entries: (filter) => readEntries(ask, filter),
    bindings: (filter) => readBindings(ask, filter),
    insertEntry: async (entry) => {
      const rows = await ask(
        `${INSERT_ENTRIES} ON CONFLICT (identity, dimension, hour_ms) WHERE ${LIVES} DO NOTHING RETURNING 1 AS one`,
        asJson([entry]),
      );
      return rows.length === 1;
    },
    lockEntries: async (entryIds) => {
      const sql = "SELECT * FROM @.entry WHERE entry_id = ANY ($1::text[]) ORDER BY entry_id FOR NO KEY UPDATE";
      return (await ask(sql, entryIds)).map(entryOfRow);
    },
    lockEntryOf: async ({ identity, dimension, hourMs }) => {
      const [row] = await ask(
        `SELECT * FROM @.entry WHERE identity = $1 AND dimension = $2 AND hour_ms = $3 AND ${LIVES} FOR NO KEY UPDATE`,
        identity,
        dimension,
        hourMs,
      );
      return row === undefined ? undefined : entryOfRow(row);
    },
    saveEntries: async (entries) => {
      await ask(`${INSERT_ENTRIES} ON CONFLICT (entry_id) DO UPDATE SET ${CHANGES}`, asJson(entries));
    },
    addAttempts: async (attempts) => {
      await ask(
        `INSERT INTO @.attempt (attempt_id, entry_id, call_id, sender, started_ms, ended_ms, outcome, error_name, message,
           metering_record_id, request_id)
         SELECT "attemptId", "entryId", "callId", sender, "startedMs", "endedMs", "end", "errorName", message,
           "meteringRecordId", "requestId"
         FROM ROWS FROM (json_to_recordset($1::text::json) AS (${ATTEMPT_MEMBERS})) WITH ORDINALITY ORDER BY ordinality`,
        JSON.stringify(attempts),
      );
    },
    endAttempts: async (ends) => {
      await ask(
        `UPDATE @.attempt SET ended_ms = new."endedMs", outcome = new."end", error_name = new."errorName",
           message = new.message, metering_record_id = new."meteringRecordId", request_id = new."requestId"
         FROM json_to_recordset($1::text::json) AS new (${ATTEMPT_MEMBERS}) WHERE attempt.attempt_id = new."attemptId"`,
        JSON.stringify(ends),
      );
    },
    attemptsOf: (entryIds) => readAttempts(ask, entryIds),
    assignReadings: (entryId, slices, limit) => assignReadings(ask, entryId, slices, limit),
    partsOf: (entryId) => readParts(ask, entryId),
    endReadings: (slices, end, limit) => endReadings(ask, slices, end, limit, machineMs()),
    releaseReadings: (entryId, limit) => releaseReadings(ask, entryId, limit),
    lockBalance: (key) => lockBalance(ask, key),
    saveBalance: async ({ identity, dimension, month, amount, credited }) => {
      await ask(
        `INSERT INTO @.balance VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (identity, dimension, month) DO UPDATE SET amount = $4, credited = $5`,
        identity,
        dimension,
        month,
        amount,
        credited,
      );
    },
    raiseAlarms: async (alarms, atMs) => {
      for (const alarm of alarms) await raiseAlarm(ask, alarm, atMs);
    },
    alarmsTold: async (told) => {
      for (const { alarmId, toldCount } of told)
        await ask("UPDATE @.alarm SET told_count = greatest(told_count, $1) WHERE alarm_id = $2", toldCount, alarmId);
    },
    clearAlarms: async (kind, subject) => {
      await ask("DELETE FROM @.alarm WHERE kind = $1 AND subject = $2", kind, subject);
    },
    acknowledgeAlarms: async (seen) => {
      await foldAlarms(ask);
      const [row] = await ask(
        `WITH gone AS (
           DELETE FROM @.alarm USING json_to_recordset($1::text::json) AS seen ("alarmId" text, count bigint)
           WHERE alarm_id = seen."alarmId" AND alarm.count <= seen.count RETURNING 1
         ) SELECT count(*) AS n FROM gone`,
        JSON.stringify(seen.map(({ alarmId, count }) => ({ alarmId, count }))),
      );
      return Number(row?.["n"]);
    },
    forgetOld: (readingsBeforeMs, entriesBeforeMs, limit) => forgetOld(ask, readingsBeforeMs, entriesBeforeMs, limit),
    recordAside: (aside, isDue) => recordAside(ask, aside, isDue),
    unendedReadingsOf: (tenant) => countUnended(ask, tenant),
    renameTenant: (tenant, alias) => renameTenant(ask, tenant, alias),
  };
}

const ATTEMPT_MEMBERS = `"attemptId" text, "entryId" text, "callId" text, sender text, "startedMs" bigint, "endedMs" bigint,
  "end" text, "errorName" text, message text, "meteringRecordId" text, "requestId" text`;

function asJson(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => {
    const values = entryValues(entry);
    return Object.fromEntries(ENTRY_COLUMNS.map((column, at) => [column, values[at]]));
  });
  return JSON.stringify(rows);
}

async function addBinding(ask: Ask, binding: Binding, recordedMs: number): Promise<void> {
  const { tenant, productCode, identity, agreementId, fromMs, untilMs, endToldMs } = binding;
  await ask(
    `INSERT INTO @.binding (tenant, product_code, identity, agreement_id, from_ms, until_ms, end_told_ms, recorded_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    tenant,
    productCode,
    identity,
    agreementId,
    fromMs,
    untilMs,
    endToldMs,
    recordedMs,
  );
}

async function raiseAlarm(
  ask: Ask,
  { kind, subject, message, count = 1 }: RaisedAlarm,
  machineMs: number,
): Promise<void> {
  await ask(
    `INSERT INTO @.alarm AS known (alarm_id, kind, subject, message, count, first_ms, last_ms, told_count)
     VALUES (gen_random_uuid()::text, $1, $2, $3, $4, $5, $5, 0)
     ON CONFLICT (kind, subject) DO UPDATE SET message = $3, count = known.count + $4, last_ms = $5`,
    kind,
    subject,
    message,
    count,
    machineMs,
  );
}

/** A row that is not there cannot be locked: it is made first. */
async function lockBalance(
  ask: Ask,
  { identity, dimension, month }: Pick<Balance, "identity" | "dimension" | "month">,
): Promise<Balance> {
  const key = [identity, dimension, month];
  await ask("INSERT INTO @.balance VALUES ($1, $2, $3, '0', '0') ON CONFLICT DO NOTHING", ...key);
  const [row] = await ask(
    "SELECT * FROM @.balance WHERE identity = $1 AND dimension = $2 AND month = $3 FOR NO KEY UPDATE",
    ...key,
  );
  return balanceOfRow(row ?? {});
}

async function countUnended(ask: Ask, tenant: string): Promise<number> {
  const [row] = await ask(
    `SELECT count(*) AS n FROM @.reading LEFT JOIN @.entry USING (entry_id) WHERE tenant = $1 AND ended IS NULL
       AND (entry.entry_id IS NULL OR entry.state NOT IN ('delivered', 'refused', 'expired', 'empty'))`,
    tenant,
  );
  return Number(row?.["n"]);
}

async function renameTenant(ask: Ask, tenant: string, alias: string): Promise<number> {
  await ask("UPDATE @.binding SET tenant = $2 WHERE tenant = $1", tenant, alias);
  await ask("DELETE FROM @.set_aside WHERE tenant = $1", tenant);
  await ask("DELETE FROM @.alarm WHERE subject = $1 OR strpos(message, to_json($1::text)::text) > 0", tenant);
  const [row] = await ask(
    `WITH renamed AS (UPDATE @.reading SET tenant = $2, tags = '[]' WHERE tenant = $1 RETURNING 1)
     SELECT count(*) AS n FROM renamed`,
    tenant,
    alias,
  );
  return Number(row?.["n"]);
}

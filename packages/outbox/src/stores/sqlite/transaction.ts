/** The port's transaction over SQLite. One connection writes at a time, so that every lock is held already. */
import type { SQLInputValue } from "node:sqlite";
import type { Binding } from "../../domain/binding.ts";
import type { Attempt } from "../../domain/entry-state.ts";
import type { Meter } from "../../domain/meter.ts";
import { newStoreRow } from "../../store/new-store-row.ts";
import type { Balance, Entry, RaisedAlarm, StoreRow } from "../../store/rows.ts";
import type { BindingFilter, PartRow, StoreTransaction } from "../../store/store.ts";
import { raiseAlarm } from "./alarms.ts";
import {
  ENTRY_COLUMNS,
  attemptOfRow,
  balanceOfRow,
  bindingOfRow,
  entryOfRow,
  entryValues,
  meterOfRow,
  orNull,
} from "../columns.ts";
import type { Connection } from "./connection.ts";
import { factsOf, recordAside } from "./recording.ts";
import { readEntries, readWaiting } from "./queries.ts";
import { assignReadings, endReadings, forgetOld, releaseReadings } from "./reading-moves.ts";

const COLUMNS = ENTRY_COLUMNS.join(", ");
const PLACES = ENTRY_COLUMNS.map(() => "?").join(", ");
const CHANGES = ENTRY_COLUMNS.map((column) => `${column} = excluded.${column}`).join(", ");

export function readStoreRow(connection: Connection): StoreRow {
  const row = connection.get("SELECT name, row FROM store");
  if (row === undefined) throw new TypeError("The outbox has no row about itself: it was not opened.");
  return { ...newStoreRow(), ...(JSON.parse(String(row["row"])) as Partial<StoreRow>), name: String(row["name"]) };
}

export function readMeters(connection: Connection): Meter[] {
  return connection.all("SELECT * FROM meter ORDER BY name").map(meterOfRow);
}

export function readBindings(connection: Connection, { tenant, productCode, identity }: BindingFilter = {}): Binding[] {
  return connection
    .all(
      `SELECT * FROM binding WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR product_code = ?2)
         AND (?3 IS NULL OR identity = ?3) ORDER BY binding_id`,
      orNull(tenant),
      orNull(productCode),
      orNull(identity),
    )
    .map(bindingOfRow);
}

export function readAttempts(connection: Connection, entryIds: readonly string[]): Attempt[] {
  return connection
    .all(
      "SELECT * FROM attempt WHERE entry_id IN (SELECT value FROM json_each(?)) ORDER BY attempt_no",
      JSON.stringify(entryIds),
    )
    .map(attemptOfRow);
}

export function sqliteTransaction(connection: Connection, machineMs: () => number): StoreTransaction {
  const saveEntry = (entry: Entry): void => {
    connection.run(
      `INSERT INTO entry (${COLUMNS}) VALUES (${PLACES}) ON CONFLICT (entry_id) DO UPDATE SET ${CHANGES}`,
      ...entryValues(entry),
    );
  };
  const byKey = ({ identity, dimension, hourMs }: Pick<Entry, "identity" | "dimension" | "hourMs">) =>
    connection.get(
      `SELECT * FROM entry WHERE identity = ? AND dimension = ? AND hour_ms = ? AND (state <> 'dissolved' OR unreleased = 1)`,
      identity,
      dimension,
      hourMs,
    );
  return {
    storeRow: async () => readStoreRow(connection),
    lockStoreRow: async () => readStoreRow(connection),
    saveStoreRow: async (change) => {
      const { name: _name, ...row } = { ...readStoreRow(connection), ...change };
      connection.run("UPDATE store SET row = ?", JSON.stringify(row));
    },
    meters: async () => readMeters(connection),
    addMeters: async (meters) => {
      for (const { name, productCode, dimension, per, aggregate } of meters) {
        connection.run("INSERT INTO meter VALUES (?, ?, ?, ?, ?)", name, productCode, dimension, per, aggregate);
      }
    },
    addBindings: async (bindings, recordedMs) => {
      for (const { tenant, productCode, identity, agreementId, fromMs, untilMs, endToldMs } of bindings) {
        const values: SQLInputValue[] = [
          tenant,
          productCode,
          identity,
          orNull(agreementId),
          fromMs,
          orNull(untilMs),
          orNull(endToldMs),
        ];
        connection.run(
          `INSERT INTO binding (tenant, product_code, identity, agreement_id, from_ms, until_ms, end_told_ms, recorded_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          ...values,
          recordedMs,
        );
      }
    },
    bindings: async (filter) => readBindings(connection, filter),
    waiting: async (filter) => readWaiting(connection, filter),
    entries: async (filter) => readEntries(connection, filter),
    insertEntry: async (entry) => {
      if (byKey(entry) !== undefined) return false;
      connection.run(`INSERT INTO entry (${COLUMNS}) VALUES (${PLACES})`, ...entryValues(entry));
      return true;
    },
    lockEntries: async (entryIds) =>
      connection
        .all(
          "SELECT * FROM entry WHERE entry_id IN (SELECT value FROM json_each(?)) ORDER BY entry_id",
          JSON.stringify(entryIds),
        )
        .map(entryOfRow),
    lockEntryOf: async (key) => {
      const row = byKey(key);
      return row === undefined ? undefined : entryOfRow(row);
    },
    saveEntries: async (entries) => entries.forEach(saveEntry),
    addAttempts: async (attempts) => {
      for (const { attemptId, entryId, callId, sender, startedMs, endedMs, end, ...answer } of attempts) {
        connection.run(
          `INSERT INTO attempt (attempt_id, entry_id, call_id, sender, started_ms, ended_ms, outcome, error_name, message,
             metering_record_id, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          attemptId,
          entryId,
          callId,
          sender,
          startedMs,
          orNull(endedMs),
          orNull(end),
          orNull(answer.errorName),
          orNull(answer.message),
          orNull(answer.meteringRecordId),
          orNull(answer.requestId),
        );
      }
    },
    endAttempts: async (ends) => {
      for (const { attemptId, endedMs, end, errorName, message, meteringRecordId, requestId } of ends) {
        connection.run(
          `UPDATE attempt SET ended_ms = ?, outcome = ?, error_name = ?, message = ?, metering_record_id = ?, request_id = ?
           WHERE attempt_id = ?`,
          endedMs,
          end,
          orNull(errorName),
          orNull(message),
          orNull(meteringRecordId),
          orNull(requestId),
          attemptId,
        );
      }
    },
    attemptsOf: async (entryIds) => readAttempts(connection, entryIds),
    assignReadings: async (entryId, slices, limit) => assignReadings(connection, entryId, slices, limit),
    partsOf: async (entryId) => readParts(connection, entryId),
    endReadings: async (slices, end, limit) => endReadings(connection, slices, end, limit, machineMs()),
    releaseReadings: async (entryId, limit) => releaseReadings(connection, entryId, limit),
    lockBalance: async (key) => readBalance(connection, key),
    saveBalance: async ({ identity, dimension, month, amount, credited }) => {
      connection.run(
        `INSERT INTO balance VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (identity, dimension, month) DO UPDATE SET amount = ?4, credited = ?5`,
        identity,
        dimension,
        month,
        amount,
        credited,
      );
    },
    raiseAlarms: async (alarms: readonly RaisedAlarm[], atMs) =>
      alarms.forEach((alarm) => raiseAlarm(connection, alarm, atMs)),
    alarmsTold: async (told) => {
      for (const { alarmId, toldCount } of told) {
        connection.run("UPDATE alarm SET told_count = max(told_count, ?) WHERE alarm_id = ?", toldCount, alarmId);
      }
    },
    clearAlarms: async (kind, subject) => {
      connection.run("DELETE FROM alarm WHERE kind = ? AND subject = ?", kind, subject);
    },
    acknowledgeAlarms: async (seen) =>
      seen.reduce((gone, { alarmId, count }) => {
        return gone + connection.run("DELETE FROM alarm WHERE alarm_id = ? AND count <= ?", alarmId, count);
      }, 0),
    forgetOld: async (readingsBeforeMs, entriesBeforeMs, limit) =>
      forgetOld(connection, readingsBeforeMs, entriesBeforeMs, limit),
    recordAside: async (aside, isDue) => {
      const meters = new Set(readMeters(connection).map(({ name }) => name));
      const facts = factsOf(readStoreRow(connection), aside.machineMs, (name) => meters.has(name));
      return recordAside(connection, aside, isDue, facts);
    },
    unendedReadingsOf: async (tenant) => countUnended(connection, tenant),
    renameTenant: async (tenant, alias) => renameTenant(connection, tenant, alias),
  };
}

export function readParts(connection: Connection, entryId: string): PartRow[] {
  return connection
    .all("SELECT tags, sum, readings FROM part WHERE entry_id = ? ORDER BY tags", entryId)
    .map((row) => ({ tags: String(row["tags"]), sum: String(row["sum"]), readings: Number(row["readings"]) }));
}

function readBalance(
  connection: Connection,
  { identity, dimension, month }: Pick<Balance, "identity" | "dimension" | "month">,
): Balance {
  const row = connection.get(
    "SELECT * FROM balance WHERE identity = ? AND dimension = ? AND month = ?",
    identity,
    dimension,
    month,
  );
  return row === undefined ? { identity, dimension, month, amount: "0", credited: "0" } : balanceOfRow(row);
}

function countUnended(connection: Connection, tenant: string): number {
  const row = connection.get(
    `SELECT count(*) AS n FROM reading LEFT JOIN entry USING (entry_id) WHERE tenant = ? AND ended IS NULL
       AND (entry.entry_id IS NULL OR entry.state NOT IN ('delivered', 'refused', 'expired', 'empty'))`,
    tenant,
  );
  return Number(row?.["n"]);
}

function renameTenant(connection: Connection, tenant: string, alias: string): number {
  connection.run("UPDATE binding SET tenant = ? WHERE tenant = ?", alias, tenant);
  connection.run("DELETE FROM set_aside WHERE tenant = ?", tenant);
  connection.run("DELETE FROM alarm WHERE subject = ? OR instr(message, json_quote(?)) > 0", tenant, tenant);
  return connection.run("UPDATE reading SET tenant = ?, tags = '[]' WHERE tenant = ?", alias, tenant);
}

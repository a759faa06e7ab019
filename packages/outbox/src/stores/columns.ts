/** Rows of a database as the port has them, and back. The stores' columns have the same names. */
import type { Binding } from "../domain/binding.ts";
import type { Attempt, AttemptEnd, EntryState } from "../domain/entry-state.ts";
import type { Meter } from "../domain/meter.ts";
import type { Alarm, AlarmKind, Balance, Entry, ReadingEnd } from "../store/rows.ts";
import type { KeptReading } from "../store/store.ts";

export type Row = Readonly<Record<string, string | number | bigint | boolean | Uint8Array | null>>;
type Value = string | number | null;

const text = (row: Row, column: string): string => String(row[column]);
const number = (row: Row, column: string): number => Number(row[column]);
const textOrNone = (row: Row, column: string): string | undefined =>
  row[column] === null ? undefined : String(row[column]);
const numberOrNone = (row: Row, column: string): number | undefined =>
  row[column] === null ? undefined : Number(row[column]);
const flag = (row: Row, column: string): boolean => row[column] === 1 || row[column] === true;
export const orNull = (value: string | number | undefined): Value => value ?? null;

export function meterOfRow(row: Row): Meter {
  return {
    name: text(row, "name"),
    productCode: text(row, "product_code"),
    dimension: text(row, "dimension"),
    per: text(row, "per"),
    aggregate: "sum",
  };
}

export function bindingOfRow(row: Row): Binding {
  return {
    tenant: text(row, "tenant"),
    productCode: text(row, "product_code"),
    identity: text(row, "identity"),
    agreementId: textOrNone(row, "agreement_id"),
    fromMs: number(row, "from_ms"),
    untilMs: numberOrNone(row, "until_ms"),
    endToldMs: numberOrNone(row, "end_told_ms"),
  };
}

export function readingOfRow(row: Row): KeptReading {
  return {
    readingId: text(row, "reading_id"),
    tenant: text(row, "tenant"),
    meter: text(row, "meter"),
    hourMs: number(row, "hour_ms"),
    atMs: number(row, "at_ms"),
    quantity: text(row, "quantity"),
    tags: text(row, "tags"),
    recordedMs: number(row, "recorded_ms"),
    entryId: textOrNone(row, "entry_id"),
    ended: textOrNone(row, "ended") as ReadingEnd | undefined,
  };
}

export function entryOfRow(row: Row): Entry {
  return {
    entryId: text(row, "entry_id"),
    identity: text(row, "identity"),
    meter: text(row, "meter"),
    productCode: text(row, "product_code"),
    dimension: text(row, "dimension"),
    hourMs: number(row, "hour_ms"),
    state: text(row, "state") as EntryState,
    why: textOrNone(row, "why"),
    readings: number(row, "readings"),
    sum: text(row, "sum"),
    latestAtMs: number(row, "latest_at_ms"),
    carriedIn: text(row, "carried_in"),
    leftOver: text(row, "left_over"),
    returned: text(row, "returned"),
    units: number(row, "units"),
    body: textOrNone(row, "body"),
    bodyHash: textOrNone(row, "body_hash"),
    deadlineMs: number(row, "deadline_ms"),
    bornDoubtful: flag(row, "born_doubtful"),
    alone: flag(row, "alone"),
    nextTryMs: numberOrNone(row, "next_try_ms"),
    leasedUntilMs: numberOrNone(row, "leased_until_ms"),
    frozenMs: numberOrNone(row, "frozen_ms"),
    endedMs: numberOrNone(row, "ended_ms"),
    meteringRecordId: textOrNone(row, "metering_record_id"),
    requestId: textOrNone(row, "request_id"),
    unreleased: flag(row, "unreleased"),
  };
}

/** In the order of `ENTRY_COLUMNS`. */
export function entryValues(entry: Entry): Value[] {
  return [
    entry.entryId,
    entry.identity,
    entry.meter,
    entry.productCode,
    entry.dimension,
    entry.hourMs,
    entry.state,
    orNull(entry.why),
    entry.readings,
    entry.sum,
    entry.latestAtMs,
    entry.carriedIn,
    entry.leftOver,
    entry.returned,
    entry.units,
    orNull(entry.body),
    orNull(entry.bodyHash),
    entry.deadlineMs,
    Number(entry.bornDoubtful),
    Number(entry.alone),
    orNull(entry.nextTryMs),
    orNull(entry.leasedUntilMs),
    orNull(entry.frozenMs),
    orNull(entry.endedMs),
    orNull(entry.meteringRecordId),
    orNull(entry.requestId),
    Number(entry.unreleased),
  ];
}

export const ENTRY_COLUMNS = [
  "entry_id",
  "identity",
  "meter",
  "product_code",
  "dimension",
  "hour_ms",
  "state",
  "why",
  "readings",
  "sum",
  "latest_at_ms",
  "carried_in",
  "left_over",
  "returned",
  "units",
  "body",
  "body_hash",
  "deadline_ms",
  "born_doubtful",
  "alone",
  "next_try_ms",
  "leased_until_ms",
  "frozen_ms",
  "ended_ms",
  "metering_record_id",
  "request_id",
  "unreleased",
] as const;

export function attemptOfRow(row: Row): Attempt {
  return {
    attemptId: text(row, "attempt_id"),
    entryId: text(row, "entry_id"),
    callId: text(row, "call_id"),
    sender: text(row, "sender"),
    startedMs: number(row, "started_ms"),
    endedMs: numberOrNone(row, "ended_ms"),
    end: textOrNone(row, "outcome") as AttemptEnd | undefined,
    errorName: textOrNone(row, "error_name"),
    message: textOrNone(row, "message"),
    meteringRecordId: textOrNone(row, "metering_record_id"),
    requestId: textOrNone(row, "request_id"),
  };
}

export function balanceOfRow(row: Row): Balance {
  return {
    identity: text(row, "identity"),
    dimension: text(row, "dimension"),
    month: text(row, "month"),
    amount: text(row, "amount"),
    credited: text(row, "credited"),
  };
}

export function alarmOfRow(row: Row): Alarm {
  return {
    alarmId: text(row, "alarm_id"),
    kind: text(row, "kind") as AlarmKind,
    subject: text(row, "subject"),
    message: text(row, "message"),
    count: number(row, "count"),
    firstMs: number(row, "first_ms"),
    lastMs: number(row, "last_ms"),
    toldCount: number(row, "told_count"),
  };
}

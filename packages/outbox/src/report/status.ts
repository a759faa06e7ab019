/** How an outbox stands: what waits, what is at risk of its deadline, what went wrong. */
import { HOUR_MS } from "@countinghouse/protocol";
import { closesAt } from "../domain/deadline.ts";
import { isoOf } from "../domain/time.ts";
import { sumOf } from "../domain/quantity.ts";
import type { Alarm, Balance, Entry, RaisedAlarm, StoreRow, StoreSettings } from "../store/rows.ts";
import type { OutboxStore, StoreSummary } from "../store/store.ts";

export interface OutboxStatus extends Omit<StoreSummary, "alarms"> {
  readonly name: string;
  /** `ok`; or `at-risk`: something is not sent that should be, or somebody should look at an alarm. */
  readonly health: "ok" | "at-risk";
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly heldBack: string | undefined;
  readonly lastRunMs: number | undefined;
  readonly lastAnswerMs: number | undefined;
  readonly lastFreezeMs: number | undefined;
  /** Not ended within the last quarter of its window, or less than an hour before its deadline. */
  readonly atRisk: readonly Entry[];
  readonly doubtful: readonly Entry[];
  readonly held: readonly Entry[];
  /** Of months that are over: fractions that are dropped, and credits that are owed. */
  readonly closedBalances: readonly Balance[];
  /** How many subjects there are alarms about, by kind. */
  readonly alarmCounts: StoreSummary["alarms"];
  /** The first hundred: see `alarms`, `acknowledge`. */
  readonly alarms: readonly Alarm[];
}

const LISTED_MAX = 100;
const RISK_MS = 3 * HOUR_MS;
/** Delivery that has not begun for so long has stopped. */
const STALLED_MS = HOUR_MS;

export async function statusOf(store: OutboxStore, serviceMs: number): Promise<OutboxStatus> {
  const row = await store.storeRow();
  const alarms = await store.alarms({ limit: LISTED_MAX });
  const summary = await store.summary();
  const atRisk = await store.entries({ states: ["frozen", "held"], limit: LISTED_MAX });
  const doubtful = await store.entries({ states: ["doubtful"], limit: LISTED_MAX });
  const held = await store.entries({ states: ["held"], limit: LISTED_MAX });
  const balances = await store.balances();
  const month = isoOf(serviceMs).slice(0, 7);
  const near = atRisk.filter(({ deadlineMs }) => deadlineMs - serviceMs < RISK_MS);
  const { alarms: alarmCounts, ...counts } = summary;
  const isWell =
    alarmCounts.length === 0 &&
    near.length === 0 &&
    row.heldBack === undefined &&
    !waitsTooLong(summary, row.settings, serviceMs);
  return {
    ...counts,
    name: row.name,
    health: isWell ? "ok" : "at-risk",
    endpoint: row.endpoint,
    region: row.region,
    heldBack: row.heldBack,
    lastRunMs: row.lastRunMs,
    lastAnswerMs: row.lastAnswerMs,
    lastFreezeMs: row.lastFreezeMs,
    atRisk: near,
    doubtful,
    held,
    closedBalances: balances.filter((balance) => balance.month < month && sumOf(balance.amount) !== 0n),
    alarmCounts,
    alarms,
  };
}

/** Readings of an hour that should have been closed long ago: nobody closes it, or nobody has said whose usage it is. */
function waitsTooLong(
  { oldestWaitingHourMs }: Pick<StoreSummary, "oldestWaitingHourMs">,
  settings: StoreSettings,
  serviceMs: number,
): boolean {
  return oldestWaitingHourMs !== undefined && serviceMs >= closesAt(oldestWaitingHourMs, settings, 0) + STALLED_MS;
}

/**
 * Judged by whoever records, or asks: a delivery that has stopped, or never began, cannot say so itself. `oldestWaitingHourMs`:
 * undefined where nothing waits.
 */
export async function stalledAlarm(
  { lastRunMs, createdMs, settings: { startAtMs = 0 } }: Pick<StoreRow, "lastRunMs" | "createdMs" | "settings">,
  oldestWaitingHour: () => Promise<number | undefined>,
  machineMs: number,
): Promise<RaisedAlarm | undefined> {
  const knownMs = lastRunMs ?? createdMs;
  // Before the first hour that may be sent, nobody has to deliver.
  if (machineMs - Math.max(knownMs ?? 0, startAtMs) < STALLED_MS) return undefined;
  const oldestMs = await oldestWaitingHour();
  if (oldestMs === undefined) return undefined;
  const sinceMs = knownMs ?? oldestMs + HOUR_MS;
  if (machineMs - sinceMs < STALLED_MS) return undefined;
  const since = lastRunMs === undefined ? "has ever run" : `has run since ${isoOf(lastRunMs)}`;
  const message = `No delivery ${since}: nothing is sent. Is the process that calls start or deliverDue there?`;
  return { kind: "stalled", subject: "delivery", message };
}

/** In Prometheus' text format; tags and tenants are never labels (O16). */
export function metricsText(status: OutboxStatus, serviceMs: number): string {
  const lines: string[] = [];
  const metric = (
    name: string,
    help: string,
    type: "gauge" | "counter",
    samples: readonly (readonly [string, number])[],
  ): void => {
    if (samples.length === 0) return;
    lines.push(`# HELP countinghouse_outbox_${name} ${help}`, `# TYPE countinghouse_outbox_${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`countinghouse_outbox_${name}${labels} ${value}`);
  };
  const { entries, oldestWaitingHourMs, nearestDeadlineMs, lastAnswerMs, lastFreezeMs, lastRunMs, asOfMs } = status;
  const since = (atMs: number | undefined): (readonly [string, number])[] =>
    atMs === undefined ? [] : [["", (asOfMs - atMs) / 1000]];
  metric("waiting_readings", "Readings that are in no entry yet.", "gauge", [["", status.waitingReadings]]);
  metric(
    "entries",
    "Entries by state.",
    "gauge",
    entries.map(({ state, count }) => [`{state="${state}"}`, count]),
  );
  metric(
    "entry_units",
    "Units of entries by state.",
    "gauge",
    entries.map(({ state, units }) => [`{state="${state}"}`, units]),
  );
  if (oldestWaitingHourMs !== undefined) {
    metric("oldest_waiting_seconds", "Age of the oldest hour that waits.", "gauge", [
      ["", (serviceMs - oldestWaitingHourMs) / 1000],
    ]);
  }
  if (nearestDeadlineMs !== undefined) {
    metric("seconds_to_nearest_deadline", "Until the first entry expires.", "gauge", [
      ["", (nearestDeadlineMs - serviceMs) / 1000],
    ]);
  }
  metric(
    "set_aside",
    "Readings set aside, by reason.",
    "gauge",
    status.setAside.map(({ reason, count }) => [`{reason="${reason}"}`, count]),
  );
  metric(
    "ended_readings",
    "Readings that no entry took, by why.",
    "gauge",
    status.endedReadings.map(({ end, count }) => [`{end="${end}"}`, count]),
  );
  metric(
    "alarms",
    "Alarms by kind.",
    "gauge",
    status.alarmCounts.map(({ kind, count }) => [`{kind="${kind}"}`, count]),
  );
  metric("last_run_seconds", "Since the last delivery run began.", "gauge", since(lastRunMs));
  metric("last_answer_seconds", "Since the service last answered.", "gauge", since(lastAnswerMs));
  metric("last_freeze_seconds", "Since hours were last closed.", "gauge", since(lastFreezeMs));
  metric("held_back", "1 where nothing is closed until restored is said.", "gauge", [
    ["", status.heldBack === undefined ? 0 : 1],
  ]);
  return `${lines.join("\n")}\n`;
}

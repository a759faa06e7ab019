/** Until when a record is accepted, and when an hour is closed: by the rule sets of the protocol, and nothing typed in twice. */
import {
  BATCH_RECORDS_MAX,
  FINAL_METERING_SECONDS,
  HOUR_MS,
  ruleSets,
  type RuleSetName,
} from "@countinghouse/protocol";
import type { Ending } from "./binding.ts";
import { monthEndOf } from "./time.ts";

/** Service times, in milliseconds since the epoch. */
interface ClosingRules {
  readonly ruleSet: RuleSetName;
  readonly holdOpenSeconds: number;
  readonly requestsPerSecond: number;
}

const HOLD_OPEN_SECONDS_MIN = 300;
const HOLD_OPEN_SECONDS: Readonly<Record<RuleSetName, number>> = { current: 21_600, classic: 3_600 };
/** Sending needs room before the window closes. */
const ROOM_SECONDS = 7_200;
/** At the turn of the month under `current`: what is left of the six hours after it to send in. */
const CUT_ROOM_MS = 3 * HOUR_MS;
/** How long a leaving customer's hours stay open after the end was told. */
const LEAVING_MS = 1_800_000;

export function holdOpenSecondsOf(ruleSet: RuleSetName, told: number | undefined): number {
  const seconds = told ?? HOLD_OPEN_SECONDS[ruleSet];
  const max = ruleSets[ruleSet].batchMeterUsageWindow.ageSecondsLimit - ROOM_SECONDS;
  if (!Number.isInteger(seconds) || seconds < HOLD_OPEN_SECONDS_MIN || seconds > max) {
    throw new TypeError(
      `holdOpenSeconds is ${String(told)}; expected a whole number from ${HOLD_OPEN_SECONDS_MIN} to ${max}.`,
    );
  }
  return seconds;
}

/** The first instant at which the service may refuse a record of this time as too old. */
export function windowEndOf(timestampMs: number, ruleSet: RuleSetName): number {
  const { ageSecondsLimit, monthEndGraceSeconds } = ruleSets[ruleSet].batchMeterUsageWindow;
  const byAge = timestampMs + ageSecondsLimit * 1000;
  if (monthEndGraceSeconds === undefined) return byAge;
  return Math.min(byAge, monthEndOf(timestampMs) + monthEndGraceSeconds * 1000);
}

/** When sending an hour is over at the latest: with the window, or with the hour after the customer has left. */
export function sendingEndOf(hourMs: number, ruleSet: RuleSetName, ending: Ending | undefined): number {
  const closesMs = windowEndOf(hourMs + HOUR_MS - 1000, ruleSet);
  if (ending?.toldMs === undefined) return closesMs;
  return Math.min(closesMs, ending.untilMs + FINAL_METERING_SECONDS * 1000);
}

/**
 * When an hour of an identity is closed: one time for all tenants that have it, since one record says what they used. `normallyMs`
 * is when it is closed of a customer who goes on.
 */
export function closesAfterEnd(normallyMs: number, ending: Ending | undefined): number {
  return ending?.toldMs === undefined ? normallyMs : Math.min(normallyMs, ending.toldMs + LEAVING_MS);
}

/** When an hour is closed and made into what is sent: `waiting` is how many records have to be sent until the month's cut. */
export function closesAt(hourMs: number, rules: ClosingRules, waiting: number): number {
  const endMs = hourMs + HOUR_MS;
  const closesMs = endMs + rules.holdOpenSeconds * 1000;
  const { monthEndGraceSeconds } = ruleSets[rules.ruleSet].batchMeterUsageWindow;
  if (monthEndGraceSeconds === undefined) return closesMs;
  // Twice what sending takes, since some is sent again.
  const sendingMs = (2_000 * waiting) / (rules.requestsPerSecond * BATCH_RECORDS_MAX);
  const cutMs = monthEndOf(hourMs) + monthEndGraceSeconds * 1000 - Math.max(CUT_ROOM_MS, sendingMs);
  return Math.max(endMs, Math.min(closesMs, cutMs));
}

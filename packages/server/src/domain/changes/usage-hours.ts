/**
 * The hours in which records can have keys with an agreement's names. Keys hold whole hours (Rule K1), so two ways to name one
 * customer must not share an hour. Rule K8.
 */
import { AHEAD_SECONDS_MAX, HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { coverEndMs, type Agreement, type AgreementsById } from "../catalogue/agreement.ts";

/** From the start of an hour to the start of another hour, which is not included. */
export interface UsageHours {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

const AHEAD_MS = AHEAD_SECONDS_MAX * 1000;

/** All hours that can hold usage under the agreement, or could before its end was moved. */
export function usageHours(agreement: Agreement, agreements: AgreementsById): UsageHours {
  const { startsAtMs, coveredUntilMs = Number.NEGATIVE_INFINITY, replacedBy } = agreement;
  const successor = replacedBy === undefined ? undefined : agreements.agreement(replacedBy);
  // Usage ahead of the clock counts as present usage. So usage that was sent just before the end may have a time after it.
  const lastMs = Math.max(coverEndMs(agreement), coveredUntilMs) + AHEAD_MS;
  return {
    fromMs: Math.floor(startsAtMs / HOUR_MS) * HOUR_MS,
    toMs: Math.min(startOfHourFrom(lastMs), successor?.startsAtMs ?? Number.POSITIVE_INFINITY),
  };
}

/** The hours of `after` that are not in `before`; all of them where `before` is undefined. */
export function hoursGained(before: UsageHours | undefined, after: UsageHours): UsageHours[] {
  if (before === undefined) return [after];
  const early = { fromMs: after.fromMs, toMs: Math.min(before.fromMs, after.toMs) };
  const late = { fromMs: Math.max(before.toMs, after.fromMs), toMs: after.toMs };
  return [early, late].filter(({ fromMs, toMs }) => fromMs < toMs);
}

export function sharedHours(a: UsageHours, b: UsageHours): UsageHours | undefined {
  const fromMs = Math.max(a.fromMs, b.fromMs);
  const toMs = Math.min(a.toMs, b.toMs);
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

/** The first start of an hour that is not before a time. */
function startOfHourFrom(atMs: EpochMs): EpochMs {
  return Math.ceil(atMs / HOUR_MS) * HOUR_MS;
}

/** The first hour's edge for which no usage can have been sent yet: usage may not lie that far ahead. Rule W3. */
export function nextReplacementMs(nowMs: EpochMs): EpochMs {
  return startOfHourFrom(nowMs + AHEAD_MS + 1);
}

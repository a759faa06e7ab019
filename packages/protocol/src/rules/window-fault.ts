/** When usage may arrive. Rules W1 to W4. */
import type { EpochMs } from "../shapes.ts";
import type { AcceptanceWindow } from "./rule-sets.ts";

/** Why a time is outside an acceptance window, and from when on it is (for a time ahead of the clock: until when). */
export interface WindowFault {
  readonly rule: AcceptanceWindow["rule"] | "W2" | "W3";
  readonly boundMs: EpochMs;
}

/** Checks a record's own timestamp, not its hour. */
export type WindowCheck = (timestampMs: EpochMs, window: AcceptanceWindow, nowMs: EpochMs) => WindowFault | undefined;

/** The first reason why a time is outside the window, in the order of the rule book. */
export const windowFault: WindowCheck = (timestampMs, window, nowMs) =>
  aheadFault(timestampMs, window, nowMs) ??
  ageFault(timestampMs, window, nowMs) ??
  monthEndFault(timestampMs, window, nowMs);

/** Rule W3. */
export const aheadFault: WindowCheck = (timestampMs, { aheadSecondsMax }, nowMs) => {
  const boundMs = timestampMs - aheadSecondsMax * 1000;
  return nowMs < boundMs ? { rule: "W3", boundMs } : undefined;
};

/** Rules W1 and W4. */
export const ageFault: WindowCheck = (timestampMs, { ageSecondsLimit, limitAccepted, rule }, nowMs) => {
  const boundMs = timestampMs + ageSecondsLimit * 1000;
  return (limitAccepted ? nowMs > boundMs : nowMs >= boundMs) ? { rule, boundMs } : undefined;
};

/** Rule W2. */
export const monthEndFault: WindowCheck = (timestampMs, { monthEndGraceSeconds }, nowMs) => {
  if (monthEndGraceSeconds === undefined) return undefined;
  const monthStartMs = startOfMonth(nowMs);
  const closesAtMs = monthStartMs + monthEndGraceSeconds * 1000;
  return timestampMs < monthStartMs && nowMs >= closesAtMs ? { rule: "W2", boundMs: closesAtMs } : undefined;
};

/** Remembers the last month's start: all records of a request are checked at one time, so most calls ask for the same one. */
let asked = { atMs: Number.NaN, startMs: Number.NaN };

function startOfMonth(atMs: EpochMs): EpochMs {
  if (asked.atMs !== atMs) {
    const date = new Date(atMs);
    asked = { atMs, startMs: Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) };
  }
  return asked.startMs;
}

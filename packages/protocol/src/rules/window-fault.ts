/** When usage may arrive. Rules W1, W2, W3. */
import type { EpochMs } from "../shapes.ts";
import type { AcceptanceWindow } from "./rule-sets.ts";

/** Why a time lies outside an acceptance window, and from when on (or, ahead of the clock, until when) it does. */
export interface WindowFault {
  readonly rule: "W1" | "W2" | "W3";
  readonly boundMs: EpochMs;
}

/** Judges a record's own timestamp, not its hour. */
export function windowFault(timestampMs: EpochMs, window: AcceptanceWindow, nowMs: EpochMs): WindowFault | undefined {
  const ageMs = nowMs - timestampMs;
  if (-ageMs > window.aheadSecondsMax * 1000) {
    return { rule: "W3", boundMs: timestampMs - window.aheadSecondsMax * 1000 };
  }
  const limitMs = window.ageSecondsLimit * 1000;
  if (window.limitAccepted ? ageMs > limitMs : ageMs >= limitMs) {
    return { rule: "W1", boundMs: timestampMs + limitMs };
  }
  if (window.monthEndGraceSeconds === undefined) return undefined;
  const monthStartMs = startOfMonth(nowMs);
  const closesAtMs = monthStartMs + window.monthEndGraceSeconds * 1000;
  return timestampMs < monthStartMs && nowMs >= closesAtMs ? { rule: "W2", boundMs: closesAtMs } : undefined;
}

function startOfMonth(atMs: EpochMs): EpochMs {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

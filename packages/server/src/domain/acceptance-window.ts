/** When usage may arrive. Rules W1 to W4. */
import type { AcceptanceWindow, EpochMs, RuleSet, UsageRecord } from "@countinghouse/protocol";
import { rejection, type Rejection } from "./rejection.ts";

/** Judges a record's own timestamp, not its hour, against the service clock. */
export function checkWindow(
  record: UsageRecord,
  position: number,
  window: AcceptanceWindow,
  ruleSet: RuleSet,
  nowMs: EpochMs,
): Rejection | undefined {
  const ageMs = nowMs - record.timestampMs;
  const refuse = (
    rule: AcceptanceWindow["rule"] | "W2" | "W3",
    why: string,
    limits: Record<string, string | number>,
  ): Rejection =>
    rejection(
      "TimestampOutOfBoundsException",
      rule,
      `The timestamp of usage record ${position + 1}, ${iso(record.timestampMs)}, is out of bounds: ${why} (rule ${rule}, rule set ${ruleSet.name}; the service clock says ${iso(nowMs)}).`,
      {
        record: position + 1,
        timestamp: iso(record.timestampMs),
        now: iso(nowMs),
        ageSeconds: ageMs / 1000,
        ruleSet: ruleSet.name,
        ...limits,
      },
    );

  if (-ageMs > window.aheadSecondsMax * 1000) {
    const why = `it lies more than ${window.aheadSecondsMax} s in the future`;
    return refuse("W3", why, { aheadSecondsMax: window.aheadSecondsMax });
  }
  const limitMs = window.ageSecondsLimit * 1000;
  if (window.limitAccepted ? ageMs > limitMs : ageMs >= limitMs) {
    const bound = window.limitAccepted ? "older than" : "as old as, or older than,";
    return refuse(window.rule, `it is ${bound} ${window.ageSecondsLimit} s`, {
      ageSecondsLimit: window.ageSecondsLimit,
    });
  }
  if (window.monthEndGraceSeconds !== undefined) {
    const monthStartMs = startOfMonth(nowMs);
    const closesAtMs = monthStartMs + window.monthEndGraceSeconds * 1000;
    if (record.timestampMs < monthStartMs && nowMs >= closesAtMs) {
      const why = `usage of the month before was accepted until ${iso(closesAtMs)}`;
      return refuse("W2", why, { closedAt: iso(closesAtMs) });
    }
  }
  return undefined;
}

function startOfMonth(atMs: EpochMs): EpochMs {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function iso(atMs: EpochMs): string {
  return new Date(atMs).toISOString();
}

/** When usage may arrive: the refusals for Rules W1, W2, W3. */
import {
  windowFault,
  type AcceptanceWindow,
  type EpochMs,
  type RuleSet,
  type UsageRecord,
} from "@countinghouse/protocol";
import { rejection, type Rejection } from "./rejection.ts";

/** Judges a record's own timestamp, not its hour, against the service clock. */
export function checkWindow(
  record: UsageRecord,
  position: number,
  window: AcceptanceWindow,
  ruleSet: RuleSet,
  nowMs: EpochMs,
): Rejection | undefined {
  const fault = windowFault(record.timestampMs, window, nowMs);
  if (fault === undefined) return undefined;
  const refuse = (why: string, limits: Record<string, string | number>): Rejection =>
    rejection(
      "TimestampOutOfBoundsException",
      fault.rule,
      `The timestamp of usage record ${position + 1}, ${iso(record.timestampMs)}, is out of bounds: ${why} (rule ${fault.rule}, rule set ${ruleSet.name}; the service clock says ${iso(nowMs)}).`,
      {
        record: position + 1,
        timestamp: iso(record.timestampMs),
        now: iso(nowMs),
        ageSeconds: (nowMs - record.timestampMs) / 1000,
        ruleSet: ruleSet.name,
        ...limits,
      },
    );
  switch (fault.rule) {
    case "W3": {
      const { aheadSecondsMax } = window;
      return refuse(`it lies more than ${aheadSecondsMax} s in the future`, { aheadSecondsMax });
    }
    case "W1": {
      const { ageSecondsLimit } = window;
      const bound = window.limitAccepted ? "older than" : "as old as, or older than,";
      return refuse(`it is ${bound} ${ageSecondsLimit} s`, { ageSecondsLimit });
    }
    case "W2": {
      const closedAt = iso(fault.boundMs);
      return refuse(`usage of the month before was accepted until ${closedAt}`, { closedAt });
    }
  }
}

function iso(atMs: EpochMs): string {
  return new Date(atMs).toISOString();
}

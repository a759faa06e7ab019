/** When usage may arrive: the refusals of Rules W1 to W4. */
import {
  ageFault,
  aheadFault,
  monthEndFault,
  windowFault,
  iso,
  type AcceptanceWindow,
  type EpochMs,
  type RuleSet,
  type UsageRecord,
  type WindowCheck,
  type WindowFault,
} from "@countinghouse/protocol";
import { placeOf, rejection, type RecordPosition, type Rejection } from "../rejection.ts";

type Check = (
  record: UsageRecord,
  position: RecordPosition,
  window: AcceptanceWindow,
  ruleSet: RuleSet,
  nowMs: EpochMs,
) => Rejection | undefined;

/** Checks a record's own timestamp, not its hour, against the service clock. */
export const checkWindow: Check = refusing(windowFault);
/** The same, one rule at a time: all records of a request are checked by one rule before the next rule begins. */
export const windowChecks: readonly Check[] = [aheadFault, ageFault, monthEndFault].map(refusing);

function refusing(faultOf: WindowCheck): Check {
  return (record, position, window, ruleSet, nowMs) => {
    const fault = faultOf(record.timestampMs, window, nowMs);
    return fault === undefined ? undefined : refusal(fault, record.timestampMs, position, window, ruleSet, nowMs);
  };
}

function refusal(
  fault: WindowFault,
  timestampMs: EpochMs,
  position: RecordPosition,
  window: AcceptanceWindow,
  ruleSet: RuleSet,
  nowMs: EpochMs,
): Rejection {
  const { rule } = fault;
  const [why, limits] = reasonOf(fault, window);
  const place = placeOf(position);
  return rejection(
    "TimestampOutOfBoundsException",
    rule,
    `Timestamp ${iso(timestampMs)}${place.text} is out of bounds: ${why} (rule ${rule}, rule set ${ruleSet.name}; the service clock says ${iso(nowMs)}).`,
    {
      ...place.figures,
      timestamp: iso(timestampMs),
      now: iso(nowMs),
      // A manual clock may stand between two milliseconds, so the difference is rounded.
      ageSeconds: Math.round(nowMs - timestampMs) / 1000,
      ruleSet: ruleSet.name,
      ...limits,
    },
  );
}

/** The reason in words, and the compared figure. */
function reasonOf(
  { rule, boundMs }: WindowFault,
  window: AcceptanceWindow,
): readonly [string, Readonly<Record<string, string | number>>] {
  switch (rule) {
    case "W3": {
      const { aheadSecondsMax } = window;
      return [`it lies more than ${aheadSecondsMax} s in the future`, { aheadSecondsMax }];
    }
    case "W1":
    case "W4": {
      const { ageSecondsLimit } = window;
      const bound = window.limitAccepted ? "older than" : "as old as, or older than,";
      return [`it is ${bound} ${ageSecondsLimit} s`, { ageSecondsLimit }];
    }
    case "W2":
      return [`usage of the month before was accepted until ${iso(boundMs)}`, { closedAt: iso(boundMs) }];
  }
}

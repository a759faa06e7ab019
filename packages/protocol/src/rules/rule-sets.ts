/**
 * Rule sets: the service's windows at two times. `classic` follows the document that Countinghouse implements; `current` is
 * what AWS has documented since July 2026. The sets differ in windows only.
 */

/** How old a usage record may be when it arrives. */
export interface AcceptanceWindow {
  /** The rule of this window. */
  readonly rule: "W1" | "W4";
  /** The age in seconds, measured from the record's own timestamp (not from its hour). */
  readonly ageSecondsLimit: number;
  /** Whether a record of exactly that age is still accepted. */
  readonly limitAccepted: boolean;
  /** For how long after the turn of the month (UTC) usage of the month before is accepted. Rule W2. */
  readonly monthEndGraceSeconds?: number;
  /** How far ahead of the service clock a record's time may be. Rule W3. */
  readonly aheadSecondsMax: number;
}

export type RuleSetName = "classic" | "current";

export interface RuleSet {
  readonly name: RuleSetName;
  readonly inForce: string;
  readonly batchMeterUsageWindow: AcceptanceWindow;
  readonly meterUsageWindow: AcceptanceWindow;
  /** Rule T1. */
  readonly registrationTokenSeconds: number;
}

const HOUR_SECONDS = 3_600;
/** Rule W3. */
export const AHEAD_SECONDS_MAX = 900;

const sixHours: AcceptanceWindow = {
  rule: "W1",
  ageSecondsLimit: 6 * HOUR_SECONDS,
  limitAccepted: true,
  aheadSecondsMax: AHEAD_SECONDS_MAX,
};

const classic: RuleSet = {
  name: "classic",
  inForce: "until 2026-06-30",
  batchMeterUsageWindow: sixHours,
  meterUsageWindow: sixHours,
  registrationTokenSeconds: 4 * HOUR_SECONDS,
};

const current: RuleSet = {
  ...classic,
  name: "current",
  inForce: "since 2026-07-01",
  batchMeterUsageWindow: {
    rule: "W4",
    ageSecondsLimit: 24 * HOUR_SECONDS,
    limitAccepted: false,
    monthEndGraceSeconds: 6 * HOUR_SECONDS,
    aheadSecondsMax: AHEAD_SECONDS_MAX,
  },
};

export const ruleSets: Readonly<Record<RuleSetName, RuleSet>> = { classic, current };

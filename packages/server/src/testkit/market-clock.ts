/** The market's clock: it stands still until a test moves it, or runs if the test wants it to. */
import { HOUR_MS, iso, type RuleSet } from "@countinghouse/protocol";
import type { OperatorClient } from "../operator/client/operator-client.ts";
import { momentOf, refuseUnknown } from "./known-members.ts";

/** How far to go. Parts are added up. */
export interface ClockStep {
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
}

/** The service clock. It decides windows, tokens, agreements and accrual, and goes forward only; `restore()` takes it back. */
export interface MarketClock {
  /** What it says. */
  readonly now: Date;
  /** Moves it forward. What falls due on the way is done before this resolves. Throws TypeError for what is no such step. */
  advance(step: ClockStep): Promise<void>;
  /**
   * Moves it to a time (ISO 8601); to `next-hour`, the next full hour; or to `month-end-cut`, when usage of the month that is
   * under way is taken no more: 06:00 UTC on the first of the next one. The rule set `classic` has no such cut, and goes to the turn of the month.
   */
  to(time: string | Date): Promise<void>;
}

const STEPS: readonly (keyof ClockStep)[] = ["days", "hours", "minutes", "seconds"];

export function marketClock(operator: OperatorClient, nowMs: () => number, ruleSet: RuleSet): MarketClock {
  const moveTo = async (toMs: number): Promise<void> => {
    await operator.call("PUT /clock", { body: { now: iso(toMs) } });
  };
  return {
    get now() {
      return new Date(nowMs());
    },
    advance: async (step) => {
      refuseUnknown("clock.advance", step, STEPS);
      const { days = 0, hours = 0, minutes = 0, seconds = 0 } = step;
      // Not to a time: a clock that runs would be past a near one before it is asked to go there.
      const advanceSeconds = ((days * 24 + hours) * HOUR_MS) / 1_000 + minutes * 60 + seconds;
      if (!Number.isFinite(advanceSeconds))
        throw new TypeError(`clock.advance takes numbers; got ${JSON.stringify(step)}`);
      await operator.call("PUT /clock", { body: { advanceSeconds } });
    },
    to: async (time) => moveTo(timeMs(time, nowMs(), ruleSet)),
  };
}

function timeMs(
  time: string | Date,
  nowMs: number,
  { batchMeterUsageWindow: { monthEndGraceSeconds = 0 } }: RuleSet,
): number {
  if (time === "next-hour") return (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS;
  if (time === "month-end-cut") {
    const now = new Date(nowMs);
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) + monthEndGraceSeconds * 1_000;
  }
  const toMs = momentOf(time);
  if (toMs === undefined) {
    throw new TypeError(
      `clock.to takes a time such as 2026-03-15T10:30:00Z, next-hour or month-end-cut; got ${String(time)}`,
    );
  }
  return toMs;
}

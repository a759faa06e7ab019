/**
 * What changes at hours' edges (UTC), such as a price: what it is, and what it was before, until when. A change holds
 * from the coming hour on, so that of an hour that has begun nothing changes any more. Rule P3.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { hourOf } from "../metering/metering-record.ts";

/** What something was, until an hour's edge; that hour is not included. */
export type Earlier<T> = T & { readonly untilMs: EpochMs };

/** What something is from a time on; `-Infinity` is the beginning of time. */
export interface Step<T> {
  readonly fromMs: EpochMs;
  readonly value: T;
}

export const BEGINNING = Number.NEGATIVE_INFINITY;

/** The first moment of the hour after the one that runs: what is changed now holds from then on. */
export function comingHourMs(nowMs: EpochMs): EpochMs {
  return (hourOf(nowMs) + 1) * HOUR_MS;
}

/** What holds in an hour (whole hours since the epoch). `earlier` is in the order of time. */
export function heldIn<T>(hour: number, last: T, earlier: readonly Earlier<T>[] | undefined): T {
  return earlier?.find(({ untilMs }) => hour * HOUR_MS < untilMs) ?? last;
}

/** The same as steps: the first one is from the beginning. */
export function stepsOf<T>(last: T, earlier: readonly Earlier<T>[] = []): Step<T>[] {
  return [...earlier, last].map((value, i) => ({ fromMs: earlier[i - 1]?.untilMs ?? BEGINNING, value }));
}

/** Steps without those that change nothing. */
export function withoutRepeats<T>(steps: readonly Step<T>[], isSame: (a: T, b: T) => boolean): Step<T>[] {
  return steps.reduce<Step<T>[]>((kept, step) => {
    const before = kept.at(-1);
    return before !== undefined && isSame(before.value, step.value) ? kept : [...kept, step];
  }, []);
}

/** What is kept of steps besides the last one. */
export function earlierOf<T extends object>(steps: readonly Step<T>[]): Earlier<T>[] {
  return steps.slice(1).map(({ fromMs }, i) => ({ ...(steps[i] as Step<T>).value, untilMs: fromMs }));
}

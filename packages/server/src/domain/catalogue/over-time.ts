/**
 * Values that change at hours' edges (UTC), such as a price: the present value, and earlier values with their ends. A change
 * holds from the coming hour on, so the value of an hour that has begun never changes. Rule P3.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { hourOf } from "../metering/metering-record.ts";

/** An earlier value, and its end: an hour's edge; the hour that begins there is not included. */
export type Earlier<T> = T & { readonly untilMs: EpochMs };

/** A value, and the time from which it holds; `-Infinity` is the beginning of time. */
export interface Step<T> {
  readonly fromMs: EpochMs;
  readonly value: T;
}

export const BEGINNING = Number.NEGATIVE_INFINITY;

/** The start of the next hour: a change that is made now holds from then on. */
export function comingHourMs(nowMs: EpochMs): EpochMs {
  return (hourOf(nowMs) + 1) * HOUR_MS;
}

/** The value that holds in an hour (whole hours since the epoch). `earlier` is in the order of time. */
export function heldIn<T>(hour: number, last: T, earlier: readonly Earlier<T>[] | undefined): T {
  return earlier?.find(({ untilMs }) => hour * HOUR_MS < untilMs) ?? last;
}

/** The same values as steps: the first one holds from the beginning. */
export function stepsOf<T>(last: T, earlier: readonly Earlier<T>[] = []): Step<T>[] {
  return [...earlier, last].map((value, i) => ({ fromMs: earlier[i - 1]?.untilMs ?? BEGINNING, value }));
}

/** The steps without those that change nothing. */
export function withoutRepeats<T>(steps: readonly Step<T>[], isSame: (a: T, b: T) => boolean): Step<T>[] {
  return steps.reduce<Step<T>[]>((kept, step) => {
    const before = kept.at(-1);
    return before !== undefined && isSame(before.value, step.value) ? kept : [...kept, step];
  }, []);
}

/** The values that are kept besides the last one. */
export function earlierOf<T extends object>(steps: readonly Step<T>[]): Earlier<T>[] {
  return steps.slice(1).map(({ fromMs }, i) => ({ ...(steps[i] as Step<T>).value, untilMs: fromMs }));
}

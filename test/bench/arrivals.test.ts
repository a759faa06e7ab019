/** When the benchmark sends, under an open load. */
import { expect, test } from "vitest";
import { atTimes, poissonOffsetsMs } from "../../bench/load/arrivals.ts";

const PER_SECOND = 1_000;
const SECONDS = 20;

test("a steady load comes at the times of a Poisson process", () => {
  const offsetsMs = [...poissonOffsetsMs(PER_SECOND, SECONDS)];
  expect(offsetsMs).toEqual(offsetsMs.toSorted((a, b) => a - b));
  expect(offsetsMs[0]).toBeGreaterThan(0);
  expect(offsetsMs.at(-1)).toBeLessThan(SECONDS * 1_000);
  // The number in a time varies by its square root: 20,000 and four times 141.
  expect(Math.abs(offsetsMs.length - PER_SECOND * SECONDS)).toBeLessThan(566);
  const gapsMs = offsetsMs.map((offsetMs, i) => offsetMs - (offsetsMs[i - 1] ?? 0));
  // Gaps are distributed exponentially: 1 - 1/e of them are shorter than their mean, and 1/e³ longer than three times that.
  const share = (found: readonly number[]): number => found.length / gapsMs.length;
  expect(share(gapsMs.filter((gapMs) => gapMs < 1))).toBeCloseTo(1 - Math.exp(-1), 1);
  expect(share(gapsMs.filter((gapMs) => gapMs > 3))).toBeCloseTo(Math.exp(-3), 2);
});

test("a steady load is the same in every run, and another rate only stretches it", () => {
  const offsetsMs = poissonOffsetsMs(PER_SECOND, 1);
  expect(poissonOffsetsMs(PER_SECOND, 1)).toEqual(offsetsMs);
  const slower = poissonOffsetsMs(PER_SECOND / 2, 2);
  expect(slower).toHaveLength(offsetsMs.length);
  slower.forEach((offsetMs, i) => expect(offsetMs).toBeCloseTo(2 * (offsetsMs[i] as number), 6));
});

test("a request is due at its time, however late the one before it was sent", () => {
  const arrivals = atTimes(1_000, Float64Array.of(2, 3));
  expect(arrivals.next(1_000)).toBe(1_002);
  expect(arrivals.next(1_500)).toBe(1_002);
  arrivals.taken();
  expect(arrivals.next(1_500)).toBe(1_003);
  arrivals.taken();
  expect(arrivals.next(1_500)).toBeUndefined();
});

import { HOUR_MS, ruleBook } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FROM_LAUNCH_HOURS,
  PROVISIONAL_HOURS,
  SECONDS_MIN,
  billedFromMs,
  countedLife,
  due,
  isKnownTo,
  isSettled,
  outstanding,
  secondsIn,
  type CountedLife,
  type HourUse,
} from "./accrual.ts";
import type { MeteredResource, UsageRegistration } from "./metered-resource.ts";
import { hourOf } from "../metering/metering-record.ts";
import { FORGOTTEN_AFTER_DAYS, SILENCE_DAYS_MAX } from "./observation.ts";
import { REGISTERED_PRODUCT, registrationIn, runningResource } from "../../../testing/sightings.ts";

const START = Date.UTC(2026, 2, 14, 10, 59, 30, 250);
const DAY = 24 * HOUR_MS;
const sumOf = (uses: readonly HourUse[]): number => uses.reduce((sum, { seconds }) => sum + seconds, 0);

function hoursOf({ fromMs, untilMs = fromMs }: CountedLife): number[] {
  const first = hourOf(fromMs);
  return Array.from({ length: hourOf(untilMs) - first + 1 }, (_, i) => first + i);
}

function allSeconds(life: CountedLife): number {
  return hoursOf(life).reduce((sum, hour) => sum + secondsIn(hour, life), 0);
}

describe("Rule H1: the hours of a life", () => {
  const lives = fc
    .record({ fromMs: fc.integer({ min: START, max: START + 5 * DAY }), lasting: fc.integer({ min: 0, max: 3 * DAY }) })
    .map(({ fromMs, lasting }) => ({ fromMs, untilMs: fromMs + lasting }));

  test("add up to the whole seconds that it ran, or to the least that is metered", () => {
    fc.assert(
      fc.property(lives, (life) => {
        const ran = Math.floor((life.untilMs - life.fromMs) / 1000);
        expect(allSeconds(life)).toBe(Math.max(SECONDS_MIN, ran));
      }),
      { numRuns: 1_000 },
    );
  });

  test("hold at most 3,600 seconds each, but for the one that a short life is topped up in", () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const hour of hoursOf(life)) {
          expect(secondsIn(hour, life)).toBeGreaterThanOrEqual(0);
          expect(secondsIn(hour, life)).toBeLessThanOrEqual(HOUR_MS / 1000);
        }
      }),
    );
  });

  test("are counted to the second", () => {
    const life = { fromMs: START, untilMs: START + 2 * HOUR_MS };
    expect(hoursOf(life).map((hour) => secondsIn(hour, life))).toEqual([29, 3_600, 3_571]);
  });
});

describe("Rule H3: who ran for less than a minute is metered for a minute", () => {
  const cases: readonly [string, number, number, number[]][] = [
    ["within one hour", START - 60_000, 5_000, [60]],
    ["over two hours, in the second", START, 40_000, [29, 31]],
    ["up to the full hour, in the one before it", START, 29_750, [60]],
    ["for no time at all", START, 0, [60]],
    ["for a minute to the millisecond", START - 60_000, 60_000, [60]],
    ["for a minute and a bit", START - 60_000, 61_999, [61]],
  ];
  test.each(cases)("%s", (_how, fromMs, lasting, seconds) => {
    const life = { fromMs, untilMs: fromMs + lasting };
    const inHours = hoursOf(life).map((hour) => secondsIn(hour, life));
    expect(inHours.filter((each) => each !== 0)).toEqual(seconds);
  });
});

const registeredAt = (registeredAtMs: number): UsageRegistration => ({
  productCode: REGISTERED_PRODUCT,
  registeredAtMs,
});

describe("Rule H2: use counts", () => {
  const startedAtMs = Date.UTC(2026, 0, 31, 22);
  const cases: readonly [string, number, number][] = [
    ["from launch, where it was registered then", startedAtMs, startedAtMs],
    ["from launch, where it was registered within six hours", startedAtMs + 6 * HOUR_MS, startedAtMs],
    ["from the beginning of the month, later", startedAtMs + 6 * HOUR_MS + 1, Date.UTC(2026, 1, 1)],
    ["from the beginning of the month of the registration", Date.UTC(2026, 3, 20), Date.UTC(2026, 3, 1)],
    ["from launch, where that was in the same month", startedAtMs - 1, startedAtMs],
  ];
  test.each(cases)("%s", (_when, registeredAtMs, fromMs) => {
    expect(billedFromMs({ startedAtMs }, registeredAt(registeredAtMs))).toBe(fromMs);
  });

  test("from launch, where that was in the month of a late registration", () => {
    const launch = Date.UTC(2026, 3, 2, 5);
    expect(billedFromMs({ startedAtMs: launch }, registeredAt(Date.UTC(2026, 3, 20)))).toBe(launch);
  });
});

test.each([
  ["H2", `within ${FROM_LAUNCH_HOURS} hours`],
  ["H3", `less than ${SECONDS_MIN} seconds`],
  ["H4", `for ${PROVISIONAL_HOURS} hours`],
  ["H7", `for ${SILENCE_DAYS_MAX} days`],
  ["H8", `${FORGOTTEN_AFTER_DAYS} days after`],
] as const)("Rule %s says %j, which is the figure that is used", (id, words) => {
  expect(ruleBook[id].text).toContain(words);
});

/** A ledger of one resource's hours that accepts each key once. */
class Hours {
  readonly seconds = new Map<number, number>();
  readonly #keys = new Set<string>();

  add(uses: readonly HourUse[]): void {
    for (const { hour, seconds, adjustment = 0 } of uses) {
      const key = `${hour}:${adjustment}`;
      if (this.#keys.has(key)) throw new Error(`${key} is in the ledger already.`);
      this.#keys.add(key);
      this.seconds.set(hour, (this.seconds.get(hour) ?? 0) + seconds);
    }
  }

  get total(): number {
    return [...this.seconds.values()].reduce((sum, each) => sum + each, 0);
  }
}

const withRegistration = (resource: MeteredResource, registration: UsageRegistration): MeteredResource => ({
  ...resource,
  registrations: [registration],
});

/** Does all due work, in steps of any size. */
function settle(resource: MeteredResource, nowMs: number, usesMax: number, hours: Hours): MeteredResource {
  let settled = resource;
  for (;;) {
    const step = due(settled, registrationIn(settled), nowMs, usesMax);
    if (step === undefined) return settled;
    expect(step.uses.length).toBeLessThanOrEqual(usesMax);
    hours.add(step.uses);
    settled = withRegistration(settled, step.registration);
  }
}

/** What happens between two rounds of due work. */
interface Round {
  readonly afterMs: number;
  readonly usesMax: number;
  /** What becomes known of the resource's life in this round. */
  readonly news?:
    | { readonly startedAtMs: number; readonly stoppedAtMs: number | undefined }
    | "as it was first"
    | undefined;
  /** Whether the round stops after its first step. */
  readonly cut: boolean;
}

const anyLife = fc
  .record({
    startedAtMs: fc.integer({ min: START - DAY, max: START + DAY }),
    lasting: fc.option(fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 3 * DAY })), {
      nil: undefined,
    }),
  })
  .map(({ startedAtMs, lasting }) => ({
    startedAtMs,
    stoppedAtMs: lasting === undefined ? undefined : startedAtMs + lasting,
  }));
const anyRound: fc.Arbitrary<Round> = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 8 * HOUR_MS }), fc.integer({ min: 0, max: 60 * DAY })),
  usesMax: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(254)),
  news: fc.oneof(fc.constant(undefined), anyLife, fc.constant("as it was first" as const)),
  cut: fc.boolean(),
});

test("Rule H4: whenever due work is done, however it is cut up, whatever news comes late: in the end the ledger holds what a fresh reckoning says", () => {
  fc.assert(
    fc.property(
      anyLife,
      fc.integer({ min: -HOUR_MS, max: 2 * DAY }),
      fc.array(anyRound, { maxLength: 8 }),
      (life, registeredAfterMs, rounds) => {
        const hours = new Hours();
        const registeredAtMs = START + registeredAfterMs;
        let resource = runningResource({
          ...life,
          registrations: [{ productCode: REGISTERED_PRODUCT, registeredAtMs }],
        });
        let nowMs = START;
        for (const { afterMs, usesMax, news, cut } of rounds) {
          nowMs += afterMs;
          resource = { ...resource, ...(news === "as it was first" ? life : news) };
          const step = cut ? due(resource, registrationIn(resource), nowMs, usesMax) : undefined;
          if (step !== undefined) {
            hours.add(step.uses);
            resource = withRegistration(resource, step.registration);
          }
          const month = { fromHour: hourOf(START - 70 * DAY), toHour: hourOf(START + 700 * DAY) };
          const open = sumOf(outstanding(resource, registrationIn(resource), nowMs, month));
          const fresh = withRegistration(resource, { productCode: REGISTERED_PRODUCT, registeredAtMs });
          expect(hours.total + open, "the ledger and what is provisional").toBe(
            sumOf(outstanding(fresh, registrationIn(fresh), nowMs, month)),
          );
          if (!cut) resource = settle(resource, nowMs, usesMax, hours);
        }
        const stoppedAtMs = resource.stoppedAtMs ?? Math.max(nowMs, resource.startedAtMs);
        resource = settle({ ...resource, stoppedAtMs }, nowMs + stoppedAtMs + DAY, 254, hours);
        const counted = countedLife(resource, registrationIn(resource));
        for (const [hour, seconds] of hours.seconds) expect(seconds, String(hour)).toBe(secondsIn(hour, counted));
        expect(hours.total).toBe(allSeconds(counted));
        expect(isSettled(resource, registrationIn(resource))).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

describe("Rule H4: an hour", () => {
  const resource = runningResource({ startedAtMs: Date.UTC(2026, 2, 14, 10) });
  const registration = registrationIn(resource);
  const final = Date.UTC(2026, 2, 14, 17);

  test("is provisional for six hours after its end, and then final", () => {
    expect(due(resource, registration, final - 1)).toBeUndefined();
    const step = due(resource, registration, final);
    expect(step?.uses).toEqual([{ hour: hourOf(resource.startedAtMs), seconds: 3_600 }]);
    expect(step?.registration).toMatchObject({ accruedToHour: hourOf(resource.startedAtMs) + 1 });
  });

  test("that is in the ledger is adjusted, and not written anew", () => {
    const accrued = settle(resource, final, 254, new Hours());
    const ended = { ...accrued, stoppedAtMs: resource.startedAtMs + 90_000 };
    const step = due(ended, registrationIn(ended), final);
    expect(step?.uses).toEqual([{ hour: hourOf(resource.startedAtMs), seconds: -3_510, adjustment: 1 }]);
    const again = { ...withRegistration(ended, step?.registration as UsageRegistration), stoppedAtMs: undefined };
    expect(due(again, registrationIn(again), final)?.uses).toEqual([
      { hour: hourOf(resource.startedAtMs), seconds: 3_510, adjustment: 2 },
    ]);
  });

  test("of a clock that was moved on by months comes like any other", () => {
    const hours = new Hours();
    settle(resource, Date.UTC(2026, 6, 1, 6), 254, hours);
    expect(hours.total).toBe((Date.UTC(2026, 6, 1) - resource.startedAtMs) / 1000);
  });
});

test("Rule H4: what is outstanding of some hours is that of all hours which lies in them", () => {
  fc.assert(
    fc.property(
      anyLife,
      fc.integer({ min: -5, max: 80 }),
      fc.integer({ min: -30, max: 80 }),
      fc.nat({ max: 60 }),
      (life, settledAfterHours, from, length) => {
        const running = runningResource(life);
        const resource = settle(running, START + settledAfterHours * HOUR_MS, 254, new Hours());
        const nowMs = START + 4 * DAY;
        const all = { fromHour: hourOf(START - 70 * DAY), toHour: hourOf(START + 70 * DAY) };
        const some = { fromHour: hourOf(START) + from, toHour: hourOf(START) + from + length };
        expect(outstanding(resource, registrationIn(resource), nowMs, some)).toEqual(
          outstanding(resource, registrationIn(resource), nowMs, all).filter(
            ({ hour }) => hour >= some.fromHour && hour < some.toHour,
          ),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("Rule H8: use is settled once the ledger holds all hours of what has ended, and never while it runs", () => {
  const startedAtMs = Date.UTC(2026, 2, 14, 10);
  const settledAt = (hours: number, stoppedAtMs?: number): boolean => {
    const resource = settle(
      runningResource({ startedAtMs, stoppedAtMs }),
      startedAtMs + hours * HOUR_MS,
      254,
      new Hours(),
    );
    return isSettled(resource, registrationIn(resource));
  };
  expect(settledAt(100)).toBe(false);
  // The resource's last hour becomes final six hours after the end of that hour.
  expect([settledAt(8, startedAtMs + 2 * HOUR_MS - 1), settledAt(7, startedAtMs + 2 * HOUR_MS - 1)]).toEqual([
    true,
    false,
  ]);
  const ended = settle(
    runningResource({ startedAtMs, stoppedAtMs: startedAtMs + HOUR_MS }),
    startedAtMs + DAY,
    254,
    new Hours(),
  );
  expect(isSettled({ ...ended, stoppedAtMs: startedAtMs + 1_000 }, registrationIn(ended)), "by another life").toBe(
    false,
  );
});

describe("Rule H4: a record is known to a registration", () => {
  // Early in a month, when a running resource may have been launched in the month before.
  const registeredAtMs = Date.UTC(2026, 3, 1, 2);
  const registeredHour = hourOf(registeredAtMs);
  const registration = { productCode: REGISTERED_PRODUCT, registeredAtMs };
  const late = { productCode: REGISTERED_PRODUCT, registeredAtMs: Date.UTC(2026, 3, 20, 2) };
  const adjusted = {
    ...registration,
    accruedToHour: registeredHour + 9,
    accruedBy: { startedAtMs: registeredAtMs },
    adjustments: 2,
  };
  const adjusting = { ...adjusted, adjusting: { toHour: registeredHour + 4, by: { startedAtMs: registeredAtMs } } };
  test.each([
    ["not of six hours before it, while it holds none", registration, registeredHour - 6, undefined, false],
    ["of any hour before that, which is of an earlier life", registration, registeredHour - 7, undefined, true],
    ["not of the first hour of its month, while it holds none", late, hourOf(Date.UTC(2026, 3, 1)), undefined, false],
    ["of the month before its month", late, hourOf(Date.UTC(2026, 3, 1)) - 1, undefined, true],
    ["of the last hour that it holds", adjusted, registeredHour + 8, undefined, true],
    ["not of the hour after that", adjusted, registeredHour + 9, undefined, false],
    ["of an adjustment before the last", adjusting, registeredHour + 8, 1, true],
    ["of the last adjustment, where that is done", adjusted, registeredHour + 8, 2, true],
    ["not of one after the last", adjusted, registeredHour, 3, false],
    ["of the last adjustment, as far as it has come", adjusting, registeredHour + 3, 2, true],
    ["not of the last adjustment from there on", adjusting, registeredHour + 4, 2, false],
    ["not of an adjustment, where there was none", registration, registeredHour, 1, false],
  ])("%s", (_of, of, hour, adjustment, isKnown) => {
    expect(isKnownTo(of, hour, adjustment)).toBe(isKnown);
  });
});

test("Rules H3, H4: what has just ended is topped up to a minute, and what is yet to end has run until now", () => {
  const startedAtMs = Date.UTC(2026, 2, 14, 10);
  const nowMs = startedAtMs + 5_000;
  const month = { fromHour: 0, toHour: hourOf(nowMs) + 100 };
  const seconds = (stoppedAtMs: number | undefined): number => {
    const resource = runningResource({ startedAtMs, stoppedAtMs });
    return sumOf(outstanding(resource, registrationIn(resource), nowMs, month));
  };
  expect([nowMs, nowMs + 1, nowMs - 1, undefined].map(seconds)).toEqual([60, 5, 60, 5]);
});

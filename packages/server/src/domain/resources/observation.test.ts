import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MeteredResource } from "./metered-resource.ts";
import {
  DAY_MS,
  SILENCE_DAYS_MAX,
  heardCalling,
  isGivenUp,
  isPast,
  observed,
  silenceOf,
  type Observation,
} from "./observation.ts";
import { sighting } from "../../../testing/sightings.ts";

const NOON = Date.UTC(2026, 2, 14, 12);
const MINUTE = 60_000;
const at = (minutes: number): number => NOON + minutes * MINUTE;

function told(observations: readonly Observation[]): MeteredResource {
  let resource: MeteredResource | undefined;
  for (const observation of observations) resource = observed(resource, observation);
  if (resource === undefined) throw new Error("Nothing was observed.");
  return resource;
}

/** Few different times, so that many times are equal. */
const timeMs = fc.integer({ min: 0, max: 60 }).map(at);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const anySighting: fc.Arbitrary<Observation> = fc
  .record({
    source: fc.constantFrom("operator" as const, "ecs-events" as const, "kubernetes" as const),
    seenAtMs: timeMs,
    startedAtMs: maybe(timeMs),
    stoppedAtMs: maybe(timeMs),
    version: maybe(fc.integer({ min: 1, max: 4 })),
    roleName: maybe(fc.constantFrom("app", "web")),
    watchId: maybe(fc.constantFrom("one", "two")),
    missedAtMs: maybe(timeMs),
  })
  .map((over) => sighting(over));
const anySilence = timeMs.map((seenAtMs) =>
  sighting({ source: "silence", seenAtMs: seenAtMs + SILENCE_DAYS_MAX * DAY_MS }),
);
const anyObservation = fc.oneof({ weight: 5, arbitrary: anySighting }, { weight: 1, arbitrary: anySilence });

test("Rule H5: the same observations, in any order and repeated at will, give the same resource", () => {
  const histories = fc.array(anyObservation, { minLength: 1, maxLength: 6 }).chain((observations) =>
    fc.record({
      observations: fc.constant(observations),
      shuffled: fc
        .tuple(
          fc.shuffledSubarray(observations, { minLength: observations.length }),
          fc.array(fc.constantFrom(...observations), { maxLength: 4 }),
        )
        .map(([all, again]) => [...again.slice(0, 2), ...all, ...again.slice(2)]),
    }),
  );
  fc.assert(
    fc.property(histories, ({ observations, shuffled }) => {
      expect(told(shuffled)).toEqual(told(observations));
    }),
    { numRuns: 2_000 },
  );
});

describe("Rule H5: of a source that numbers its states", () => {
  const running = sighting({ source: "ecs-events", seenAtMs: at(1), version: 3, startedAtMs: at(1) });
  const stopped = sighting({
    source: "ecs-events",
    seenAtMs: at(9),
    version: 5,
    startedAtMs: at(2),
    stoppedAtMs: at(8),
  });

  test("an older one changes nothing that a newer one said", () => {
    expect(told([stopped, running])).toMatchObject({ startedAtMs: at(2), stoppedAtMs: at(8), version: 5 });
  });

  test("a newer one takes the place of what an older one said", () => {
    expect(told([running, stopped])).toMatchObject({ startedAtMs: at(2), stoppedAtMs: at(8), version: 5 });
  });
});

describe("Rule H5: of sources that do not", () => {
  test("the earliest start counts; where none was told, the first sight", () => {
    expect(told([sighting({ seenAtMs: at(5) }), sighting({ seenAtMs: at(3) })]).startedAtMs).toBe(at(3));
    expect(told([sighting({ seenAtMs: at(3) }), sighting({ seenAtMs: at(9), startedAtMs: at(7) })]).startedAtMs).toBe(
      at(7),
    );
  });

  test("the end that was told of last stands, so that a wrong one can be put right", () => {
    const wrong = sighting({ source: "operator", seenAtMs: at(20), stoppedAtMs: at(2) });
    const right = sighting({ source: "operator", seenAtMs: at(21), stoppedAtMs: at(12) });
    expect(told([sighting({ seenAtMs: at(0) }), wrong, right]).stoppedAtMs).toBe(at(12));
    expect(told([right, wrong, sighting({ seenAtMs: at(0) })]).stoppedAtMs).toBe(at(12));
  });

  test("an end that was told of stands, whoever sees it run later", () => {
    const end = sighting({ source: "operator", seenAtMs: at(20), stoppedAtMs: at(20) });
    expect(told([end, sighting({ seenAtMs: at(30), startedAtMs: at(0) })]).stoppedAtMs).toBe(at(20));
  });

  test("of two that were told at once, the same one counts, whichever came first", () => {
    const both = ["app", "web"].map((roleName) => sighting({ seenAtMs: at(1), roleName }));
    expect([told(both), told(both.toReversed())].map(({ roleName }) => roleName)).toEqual(["app", "app"]);
    const ends = [5, 7].map((minute) => sighting({ seenAtMs: at(9), startedAtMs: at(1), stoppedAtMs: at(minute) }));
    expect([told(ends), told(ends.toReversed())].map(({ stoppedAtMs }) => stoppedAtMs)).toEqual([at(5), at(5)]);
  });

  test("a resource never ends before it starts", () => {
    expect(told([sighting({ seenAtMs: at(9), startedAtMs: at(5), stoppedAtMs: at(1) })]).stoppedAtMs).toBe(at(5));
  });
});

describe("Rule H7: a resource that is not there any more", () => {
  const seen = sighting({ seenAtMs: at(10), startedAtMs: at(0) });

  test("ended when it was last seen, and runs on if it is seen again", () => {
    const missed = sighting({ seenAtMs: at(12), missedAtMs: at(20) });
    expect(told([seen, missed])).toMatchObject({ stoppedAtMs: at(12) });
    expect(told([seen, missed, sighting({ seenAtMs: at(21) })]).stoppedAtMs).toBeUndefined();
    expect(told([seen, missed, sighting({ seenAtMs: at(15) })]).stoppedAtMs).toBe(at(15));
  });

  test("of which nothing is heard for 30 days is given up then, and runs on if it is heard of again", () => {
    const lastMs = at(10) + 30 * DAY_MS;
    const resource = told([seen]);
    expect(silenceOf(resource, lastMs - 1)).toBeUndefined();
    const silence = silenceOf(resource, lastMs + 12_345);
    expect(silence).toMatchObject({ source: "silence" });
    const givenUp = observed(resource, silence as Observation);
    expect(givenUp).toMatchObject({ stoppedAtMs: lastMs, heardAtMs: at(10) });
    expect(silenceOf(givenUp, lastMs + 1e9)).toBeUndefined();
    expect(observed(givenUp, sighting({ seenAtMs: lastMs + 20_000 })).stoppedAtMs).toBeUndefined();
  });
});

test("Rule H8: a resource is past 35 days after its end, and never while it runs", () => {
  expect(isPast(NOON, NOON + 35 * DAY_MS - 1)).toBe(false);
  expect(isPast(NOON, NOON + 35 * DAY_MS)).toBe(true);
  expect(isPast(undefined, Number.MAX_SAFE_INTEGER)).toBe(false);
});

test("Rule H7: a resource that calls is there; that is news once an hour, or where it was thought to have ended", () => {
  const resource = told([sighting({ seenAtMs: at(0), startedAtMs: at(0) })]);
  expect(heardCalling(resource, at(60) - 1)).toBeUndefined();
  expect(heardCalling(resource, at(60))).toMatchObject({ startedAtMs: at(0), heardAtMs: at(60) });
  const missed = told([
    sighting({ seenAtMs: at(0), startedAtMs: at(0) }),
    sighting({ seenAtMs: at(0), missedAtMs: at(1) }),
  ]);
  expect([missed, heardCalling(missed, at(2))].map((known) => [known?.heardAtMs, known?.stoppedAtMs])).toEqual([
    [at(0), at(0)],
    [at(2), undefined],
  ]);
  const ended = told([sighting({ seenAtMs: at(3), startedAtMs: at(0), stoppedAtMs: at(2) })]);
  expect(heardCalling(ended, at(4)), "its end was told").toBeUndefined();
  const numbered = told([sighting({ seenAtMs: at(3), startedAtMs: at(0), stoppedAtMs: at(2), version: 1 })]);
  expect(heardCalling(numbered, at(4))).toBeUndefined();
});

test("Rule H7: what was given up may be running; what was missed, or told to have ended, is not", () => {
  const seen = sighting({ seenAtMs: at(0), startedAtMs: at(0) });
  const silence = sighting({ source: "silence", seenAtMs: at(0) + SILENCE_DAYS_MAX * DAY_MS });
  expect(isGivenUp(told([seen, silence]))).toBe(true);
  expect(isGivenUp(told([seen, silence, sighting({ seenAtMs: at(0), missedAtMs: at(1) })]))).toBe(false);
  expect(isGivenUp(told([seen, silence, sighting({ source: "operator", seenAtMs: at(9), stoppedAtMs: at(8) })]))).toBe(
    false,
  );
});

test("a resource that was put together otherwise counts for what it says itself", () => {
  const { findings: _, ...bare } = told([sighting({ seenAtMs: at(4), startedAtMs: at(1), roleName: "app" })]);
  expect(observed(bare, sighting({ seenAtMs: at(5), startedAtMs: at(2) }))).toMatchObject({
    startedAtMs: at(1),
    heardAtMs: at(5),
    roleName: "app",
  });
});

import { describe, expect, test } from "vitest";
import {
  ClockBehindError,
  manualClock,
  offsetClock,
  startClock,
  systemClock,
  type ClockMode,
  type ClockSetting,
} from "./clock.ts";

/** A wall clock that tests can move. */
function wallAt(startMs: number): { (): number; ms: number } {
  const wall = (): number => wall.ms;
  wall.ms = startMs;
  return wall;
}

const at = (startMs: number, mode: ClockMode): ClockSetting => ({ mode, startMs });
const NOTHING = { newestAtMs: undefined, clock: undefined };

describe("the system clock", () => {
  test("is the wall clock, has no position, and cannot be moved", () => {
    const wall = wallAt(1_000);
    const clock = systemClock(wall);
    expect([clock.mode, clock.nowMs()]).toEqual(["system", 1_000]);
    wall.ms = 2_000;
    expect(clock.nowMs()).toBe(2_000);
    expect(clock.positionAt(5_000)).toBeUndefined();
    expect(() => clock.moveTo(5_000)).toThrow("cannot be moved");
  });
});

describe("a manual clock", () => {
  test("stands still until it is moved", () => {
    const clock = manualClock(1_000);
    expect([clock.mode, clock.nowMs(), clock.nowMs()]).toEqual(["manual", 1_000, 1_000]);
    expect(clock.positionAt(5_000)).toEqual({ mode: "manual", atMs: 5_000 });
    expect(clock.nowMs()).toBe(1_000);
    clock.moveTo(5_000);
    expect(clock.nowMs()).toBe(5_000);
  });
});

describe("an offset clock", () => {
  test("ticks with the wall clock from where it was set", () => {
    const wall = wallAt(100_000);
    const clock = offsetClock(1_000, wall);
    expect([clock.mode, clock.nowMs()]).toEqual(["offset", 1_000]);
    wall.ms += 250;
    expect(clock.nowMs()).toBe(1_250);
    expect(clock.positionAt(5_000)).toEqual({ mode: "offset", offsetMs: 5_000 - 100_250 });
    expect(clock.nowMs()).toBe(1_250);
    clock.moveTo(5_000);
    wall.ms += 250;
    expect(clock.nowMs()).toBe(5_250);
  });
});

describe("a clock starts", () => {
  const WALL_MS = 100_000;
  const manual = { mode: "manual", atMs: 40_000 } as const;
  const ahead = { mode: "offset", offsetMs: 7_000 } as const;
  const table: readonly [string, ClockSetting, Parameters<typeof startClock>[1], number][] = [
    ["now, on an empty ledger, as the system clock", { mode: "system" }, NOTHING, WALL_MS],
    ["now, on an empty ledger, as a manual clock", { mode: "manual" }, NOTHING, WALL_MS],
    ["now, on an empty ledger, as an offset clock", { mode: "offset" }, NOTHING, WALL_MS],
    ["where it is set, on an empty ledger, as a manual clock", at(5_000, "manual"), NOTHING, 5_000],
    ["where it is set, on an empty ledger, as an offset clock", at(5_000, "offset"), NOTHING, 5_000],
    ["where a manual clock stood", { mode: "manual" }, { newestAtMs: 30_000, clock: manual }, 40_000],
    ["where a manual clock stood, as an offset clock", { mode: "offset" }, { newestAtMs: 30_000, clock: manual }, 40_000],
    ["where an offset clock has got to since", { mode: "offset" }, { newestAtMs: 30_000, clock: ahead }, WALL_MS + 7_000],
    ["where an offset clock has got to since, as a manual clock", { mode: "manual" }, { newestAtMs: 30_000, clock: ahead }, WALL_MS + 7_000],
    ["at the newest entry, where the clock stood behind it", { mode: "manual" }, { newestAtMs: 50_000, clock: manual }, 50_000],
    ["at the newest entry, where no position is kept and the wall clock is behind it", { mode: "offset" }, { newestAtMs: WALL_MS + 1, clock: undefined }, WALL_MS + 1],
    ["now, where no position is kept", { mode: "manual" }, { newestAtMs: 50_000, clock: undefined }, WALL_MS],
    ["where it is set rather than where it stood", at(60_000, "manual"), { newestAtMs: 50_000, clock: manual }, 60_000],
    ["at the very time of the newest entry, where it is set to that", at(50_000, "offset"), { newestAtMs: 50_000, clock: manual }, 50_000],
    ["now, as the system clock, whatever stood before", { mode: "system" }, { newestAtMs: 50_000, clock: manual }, WALL_MS],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, setting, kept, expectedMs) => {
    const clock = startClock(setting, kept, wallAt(WALL_MS));
    expect([clock.mode, clock.nowMs()]).toEqual([setting.mode, expectedMs]);
  });

  const behind: readonly [ClockSetting, number][] = [
    [at(49_999, "manual"), 50_000],
    [at(49_999, "offset"), 50_000],
    [{ mode: "system" }, WALL_MS + 1],
  ];
  test.each(behind)("behind the newest entry never: $mode is refused", (setting, newestAtMs) => {
    const start = (): unknown => startClock(setting, { newestAtMs, clock: manual }, wallAt(WALL_MS));
    expect(start).toThrow(ClockBehindError);
    expect(start).toThrow(new Date(newestAtMs).toISOString());
    expect(start).toThrow(`The ${setting.mode} clock`);
  });
});

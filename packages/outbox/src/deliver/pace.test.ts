import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

/** A clock that only waiting moves, and a store that gives out slots by it. */
function paced() {
  let nowMs = 1_000;
  let nextMs = 0;
  const blocks: number[] = [];
  const world = {
    machineMs: () => nowMs,
    monotonicMs: () => nowMs,
    delay: async (milliseconds: number) => void (nowMs += milliseconds),
  };
  const takeSlots = async (slots: number, perSecond: number): Promise<number> => {
    const first = Math.max(nextMs, nowMs);
    nextMs = first + (slots * 1000) / perSecond;
    blocks.push(slots);
    return first - nowMs;
  };
  return {
    pace: new Pace({ takeSlots }, world),
    blocks,
    now: () => nowMs,
    pass: (milliseconds: number) => (nowMs += milliseconds),
  };
}

test("O13: turns are evenly spaced, and taken in blocks of two seconds", async () => {
  const { pace, blocks, now } = paced();
  const turns: number[] = [];
  for (let turn = 0; turn < 45; turn += 1) {
    await pace.turn(10, undefined);
    turns.push(now());
  }
  expect(turns).toEqual(turns.map((_, at) => 1_000 + at * 100));
  expect(blocks).toEqual([20, 20, 20]);
});

test("O13: slots that have passed are not made up for; a turn that comes late takes the slot of its time", async () => {
  const { pace, now, pass } = paced();
  await pace.turn(10, undefined);
  pass(550);
  await pace.turn(10, undefined);
  expect(now()).toBe(1_550);
  await pace.turn(10, undefined);
  expect(now()).toBe(1_600);
  pass(60_000);
  await pace.turn(10, undefined);
  await pace.turn(10, undefined);
  expect(now()).toBe(61_700);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

test("turns are never closer than the pace allows, whenever they are asked for, and none waits without need", async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(gaps, fc.integer({ min: 1, max: 20 }), async (asked, perSecond) => {
      let nowMs = 0;
      const turns: number[] = [];
      let waitedMs = 0;
      const delay = (milliseconds: number): Promise<void> => {
        waitedMs = milliseconds;
        return Promise.resolve();
      };
      const pacer = new Pacer({ monotonicMs: () => nowMs, delay });
      for (const gap of asked) {
        nowMs += gap;
        waitedMs = 0;
        await pacer.turn(perSecond, undefined);
        const turnMs = nowMs + waitedMs;
        const soonest = (turns.at(-1) ?? Number.NEGATIVE_INFINITY) + 1000 / perSecond;
        expect(turnMs).toBeCloseTo(Math.max(nowMs, soonest), 6);
        turns.push(turnMs);
      }
    }),
  );
});

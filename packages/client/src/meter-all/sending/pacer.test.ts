import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { realWorld } from "../../world.ts";
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

/** Time stands still, and only its signal ends a wait. */
function standing(): { readonly pacer: Pacer; readonly waits: number[] } {
  const waits: number[] = [];
  const delay = (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    waits.push(milliseconds);
    return realWorld.delay(2 ** 30, signal);
  };
  return { pacer: new Pacer({ monotonicMs: () => 0, delay }), waits };
}

describe("a turn that is waited for", () => {
  test("is not taken by whoever goes: the next has it, at the pace that it asks for itself", async () => {
    const { pacer, waits } = standing();
    await pacer.turn(0.01, undefined);
    const gone = Array.from({ length: 8 }, () => {
      const controller = new AbortController();
      return { controller, turn: pacer.turn(0.01, controller.signal).catch(() => "gone") };
    });
    await new Promise((next) => setTimeout(next, 0));
    for (const { controller } of gone) controller.abort();
    expect(await Promise.all(gone.map(({ turn }) => turn))).toEqual(Array(8).fill("gone"));
    const last = new AbortController();
    const turn = pacer.turn(10, last.signal).catch(() => "gone");
    await new Promise((next) => setTimeout(next, 0));
    expect(waits).toEqual([100_000, 100]);
    last.abort();
    expect(await turn).toBe("gone");
  });

  test("is given up at once, also by one who waits behind another", async () => {
    const { pacer } = standing();
    const first = new AbortController();
    await pacer.turn(1, undefined);
    const ahead = pacer.turn(1, first.signal).catch(() => "gone");
    expect(await pacer.turn(1, AbortSignal.timeout(5)).catch(() => "gone")).toBe("gone");
    first.abort();
    expect(await ahead).toBe("gone");
  });
});

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundedExecutor } from "./executor.ts";

describe("the bounded executor", () => {
  test("runs all tasks, in the order they came, never more at once than it may, whatever fails", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        async (most, fates) => {
          const executor = boundedExecutor(most);
          const started: number[] = [];
          let now = 0;
          const results = await Promise.allSettled(
            fates.map((succeeds, i) =>
              executor.run(async () => {
                started.push(i);
                now += 1;
                expect(now).toBeLessThanOrEqual(most);
                await Promise.resolve();
                now -= 1;
                if (!succeeds) throw new Error("It fails.");
                return i;
              }),
            ),
          );
          expect(started).toEqual(fates.map((_, i) => i));
          expect(results.map(({ status }) => status === "fulfilled")).toEqual(fates);
        },
      ),
    );
  });

  test("keeps thousands waiting, and rejects for a task that throws at once", async () => {
    const executor = boundedExecutor(1);
    const many = Array.from({ length: 5_000 }, (_, i) => executor.run(() => Promise.resolve(i)));
    expect(await Promise.all(many)).toHaveLength(5_000);
    const thrown = executor.run(() => {
      throw new Error("At once.");
    });
    await expect(thrown).rejects.toThrow("At once.");
  });

  test("lets go of what has run", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const executor = boundedExecutor(1);
    const held: WeakRef<object>[] = [];
    const submit = (): Promise<number> => {
      const payload = { records: 25 };
      held.push(new WeakRef(payload));
      return executor.run(() => Promise.resolve(payload.records));
    };
    await Promise.all([submit(), submit(), submit()]);
    await new Promise((next) => setTimeout(next, 0));
    collectGarbage();
    expect(held.map((payload) => payload.deref())).toEqual([undefined, undefined, undefined]);
    expect(await submit(), "the executor goes on").toBe(25);
  });

  test.each([0, -1, 1.5, Number.NaN])("is not made for %d at once", (concurrency) => {
    expect(() => boundedExecutor(concurrency)).toThrow(RangeError);
  });
});

/** Long and endless runs: windows, progress, giving way to other work, and patience with a service that is down. */
import { describe, expect, test } from "vitest";
import type { MeterableRecord } from "../batch/line.ts";
import { InputReader } from "./reading/input-reader.ts";
import { GiveWay } from "./reading/give-way.ts";
import { Market, NOW_MS, record, run } from "../../testing/market.ts";
import { Remembered } from "./lines/remembered.ts";

const many = (count: number): MeterableRecord[] => Array.from({ length: count }, (_, i) => record(`d${i}`));
const statuses = async (results: Promise<readonly { readonly status: string }[]>): Promise<string[]> =>
  (await results).map(({ status }) => status);

function* failing(): Generator<MeterableRecord> {
  yield* many(4);
  throw new Error("the table is gone");
}

describe("by windows", () => {
  test("an input without an end is metered while it goes on, and little of it is held", async () => {
    let made = 0;
    function* endless(): Generator<MeterableRecord> {
      for (;;) yield record(`d${(made += 1)}`);
    }
    const { run: all, market } = run(endless(), { window: 100 });
    let seen = 0;
    for await (const { status, index } of all) {
      expect(status).toBe("accepted");
      expect(made - seen, "at most a window that is sent and one that is read").toBeLessThanOrEqual(201);
      expect(index).toBeLessThan(made);
      seen += 1;
      if (seen === 1_000) break;
    }
    expect(market.metered.size).toBeGreaterThanOrEqual(1_000);
    expect(market.metered.size).toBeLessThan(1_300);
  });

  test("a window ends when its time is over, and what comes late is in the next", async () => {
    const gate = Promise.withResolvers<undefined>();
    async function* slow(): AsyncGenerator<MeterableRecord> {
      yield record("a");
      await gate.promise;
      yield record("b");
    }
    const results: string[] = [];
    for await (const result of run(slow(), { window: 100, windowMs: 5 }).run) {
      results.push(result.record.dimension);
      // Only now does the second record come: the first one was metered although its window had room for both.
      gate.resolve(undefined);
    }
    expect(results).toEqual(["a", "b"]);
  });

  test.each(["refuse", "sum"] as const)(
    "a key is sent once, whatever window it comes in again (%s)",
    async (sameKey) => {
      const records = [record("a"), record("b"), record("a", { quantity: 5 }), record("c")];
      const { run: all, market } = run(records, { window: 2, sameKey });
      const results = await all.toArray();
      expect(results.map(({ status }) => status)).toEqual(["accepted", "accepted", "refused", "accepted"]);
      expect(results[2]).toMatchObject({
        rule: "K1",
        refusedBy: "client",
        message: expect.stringContaining("Record 3 has the key") as string,
      });
      expect(market.metered.size).toBe(3);
    },
  );

  test("within a window, records of one key are summed", async () => {
    const records = [record("a"), record("a", { quantity: 5 }), record("b"), record("c")];
    const { run: all, market } = run(records, { window: 2, sameKey: "sum" });
    await all.assertAllAccepted();
    expect(
      [...market.metered.values()].map(({ record: { quantity } }) => quantity).toSorted((a = 0, b = 0) => a - b),
    ).toEqual([1, 1, 6]);
  });

  test("an abort ends a plain input without an end, with a result for each that was read", async () => {
    const ends = new AbortController();
    let made = 0;
    function* endless(): Generator<MeterableRecord> {
      for (;;) {
        made += 1;
        if (made === 250) ends.abort();
        yield record(`d${made}`);
      }
    }
    const { run: all } = run(endless(), { window: 100, signal: ends.signal });
    const results = await all.toArray();
    expect(results.map(({ index }) => index)).toEqual(results.map((_, i) => i));
    expect(all.progress).toMatchObject({ read: results.length, inputEnded: false });
    await expect(run(many(3), { window: 2 }).run.assertAllAccepted()).resolves.toHaveLength(3);
  });

  test("an input that throws has the run throw the same, and what was sent before has its results", async () => {
    const seen: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const { status } of run(failing(), { window: 2 }).run) seen.push(status);
    };
    await expect(loop()).rejects.toThrow("the table is gone");
    expect(seen.every((status) => status === "accepted")).toBe(true);
  });
});

test("progress counts what was read, the calls, and the results by status", async () => {
  const { run: all } = run([...many(30), record("late"), record("odd", { quantity: -1 })]);
  expect(all.progress).toMatchObject({ read: 0, inputEnded: false, calls: 0 });
  await all.toArray();
  const { calls, ...rest } = all.progress;
  expect(calls).toBeGreaterThanOrEqual(2);
  expect(rest).toMatchObject({
    read: 32,
    inputEnded: true,
    results: { accepted: 30, refused: 2, expired: 0, undecided: 0 },
  });
});

describe("a service that is dead", () => {
  /** A market whose calls all end as the dice say; only pauses move its clock. */
  class Dead extends Market {
    nowByPausesMs = 0;
    most = 0;
    #underWay = 0;
    override readonly world: Market["world"] = {
      random: () => 0.5,
      delay: (milliseconds) => {
        this.nowByPausesMs += milliseconds;
        return Promise.resolve();
      },
      monotonicMs: () => this.nowByPausesMs,
      giveWay: () => Promise.resolve(),
    };

    override async batchMeterUsage(
      ...args: Parameters<Market["batchMeterUsage"]>
    ): ReturnType<Market["batchMeterUsage"]> {
      this.#underWay += 1;
      if (this.batches.length > 8) this.most = Math.max(this.most, this.#underWay);
      const outcome = await super.batchMeterUsage(...args);
      this.#underWay -= 1;
      return outcome;
    }
  }

  test("is tried with one batch at a time, and the run is over when that has been tried as often as it may be", async () => {
    const market = new Dead(NOW_MS, { dice: () => 0.12 });
    const results = await statuses(run(many(10_000), {}, market).run.toArray());
    expect(new Set(results)).toEqual(new Set(["undecided"]));
    expect(market.batches.length, "of 400 batches").toBeLessThan(60);
    expect(market.most).toBe(1);
  });

  test("is waited for as long as `resendForMs` says, and all is metered if it comes back by then", async () => {
    let dice = 0.12;
    const market = new Dead(NOW_MS, { dice: () => (market.nowByPausesMs > 600_000 ? (dice = 1) : dice) });
    const results = await statuses(run(many(1_000), { resendForMs: 3_600_000 }, market).run.toArray());
    expect(new Set(results)).toEqual(new Set(["accepted"]));
    const never = new Dead(NOW_MS, { dice: () => 0.12 });
    const [result] = await run(many(1), { resendForMs: 3_600_000 }, never).run.toArray();
    expect(result).toMatchObject({ status: "undecided", why: "failed", mayBeMetered: true });
    expect(never.nowByPausesMs).toBeGreaterThan(3_500_000);
    expect(never.nowByPausesMs).toBeLessThan(3_700_000);
  });

  test("is not what throttles: that is sent again as before", async () => {
    const market = new Dead(NOW_MS, { dice: () => 0.05 });
    const results = await run(many(500), {}, market).run.toArray();
    expect(results.every((result) => result.status === "undecided" && result.why === "failed")).toBe(true);
    expect(market.batches).toHaveLength(20 * 6);
  });
});

test.each([
  [{ window: 0 }, "window must be a whole number from 1 on; it is 0."],
  [{ windowMs: -1 }, "windowMs must be a number of milliseconds from 0 to 2147483647; it is -1."],
  [
    { resendForMs: Number.POSITIVE_INFINITY },
    "resendForMs must be a number of milliseconds from 0 to 2147483647; it is Infinity.",
  ],
])("an option that makes no sense is refused: %o", (options, message) => {
  expect(() => run([], options)).toThrow(message);
});

test("nothing is over while a window is still being packed", async () => {
  const odd = Array.from({ length: 40 }, (_, i) => record(`odd${i}`, { quantity: 0.5 }));
  const results = await run([...odd, ...many(400), ...many(20)]).run.toArray();
  expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 460 }, (_, i) => i));
});

test("whoever reads a long input stands back when his turn is over", async () => {
  let nowMs = 0;
  let turns = 0;
  const world = { monotonicMs: () => nowMs, giveWay: () => Promise.resolve(void (turns += 1)) };
  const reader = new InputReader(many(1_600), undefined, {
    stop: new AbortController().signal,
    giveWay: new GiveWay(world),
  });
  // Each record takes a millisecond.
  expect(await reader.read(() => (nowMs += 1))).toBe("input's end");
  expect(turns).toBe(100);
});

test("what is remembered is bounded, and the youngest is never forgotten", () => {
  const remembered = new Remembered(100);
  for (let i = 0; i < 1_000; i += 1) {
    remembered.add(`${i}`);
    expect([i, remembered.has(`${Math.max(0, i - 99)}`), remembered.has(`${i - 200}`)]).toEqual([i, true, false]);
  }
});

test("batches are of the oldest minutes first, however the records come", async () => {
  const records = Array.from({ length: 100 }, (_, i) =>
    record(`d${i}`, { timestamp: NOW_MS - ((i * 37) % 100) * 60_000 }),
  );
  const { run: all, market } = run(records, { concurrency: 1 });
  await all.assertAllAccepted();
  const times = market.batches.flatMap(({ usageRecords }) => usageRecords.map(({ timestamp }) => Number(timestamp)));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("known ids that throw when they are asked leave their batch in doubt, and the run comes to its end", async () => {
  const knownIds = {
    has: () => {
      throw new Error("the table of ids is gone");
    },
  } as unknown as ReadonlySet<string>;
  const { run: all, market } = run(many(30), { knownIds });
  const results = await all.toArray();
  expect(results).toHaveLength(30);
  for (const result of results) {
    expect(result).toMatchObject({
      status: "undecided",
      why: "failed",
      mayBeMetered: true,
      error: { name: "UnexpectedError", message: "the table of ids is gone" },
    });
  }
  expect(market.metered.size).toBe(30);
});

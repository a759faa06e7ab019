import { ruleSets } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import type { MeterableRecord } from "../batch/line.ts";
import { HOUR_MS, Market, NOW_MS, minutes, record, run } from "../../testing/market.ts";
import type { MeterAllOptions } from "./options.ts";

const many = (count: number, at: number): MeterableRecord[] =>
  Array.from({ length: count }, (_, i) => record(`d${i}`, { timestamp: at }));

describe("usage that came too late", () => {
  const current = ruleSets.current.batchMeterUsageWindow;
  const within = (now: number): Market => {
    const market = new Market(now);
    market.window = current;
    return market;
  };

  test("is not sent once an answer has told the time, and says how late it is (Rules W1, W4, W2)", async () => {
    const windows: readonly (readonly [MeterAllOptions["ruleSet"], string, string, object])[] = [
      ["current", "2026-07-15T12:00:00Z", "2026-07-14T11:00:00Z", { status: "expired", refusedBy: "client", rule: "W4", ageSeconds: 90_000, lateBySeconds: 3_600 }],
      ["current", "2026-07-01T07:00:00Z", "2026-06-30T23:00:00Z", { status: "expired", rule: "W2", ageSeconds: 28_800, lateBySeconds: 3_600 }],
      ["classic", "2026-07-15T12:00:00Z", "2026-07-15T05:00:00Z", { status: "expired", rule: "W1", lateBySeconds: 3_600 }],
      [undefined, "2026-07-15T12:00:00Z", "2026-07-15T05:00:00Z", { status: "accepted" }],
      ["service", "2026-07-15T12:00:00Z", "2026-07-01T05:00:00Z", { status: "accepted" }],
      ["current", "2026-07-15T12:00:00Z", "2026-07-14T11:57:00Z", { status: "accepted" }],
      ["current", "2026-07-15T12:00:00Z", "2026-07-15T13:00:00Z", { status: "accepted" }],
    ]; // prettier-ignore
    for (const [ruleSet, now, timestamp, result] of windows) {
      const market = new Market(Date.parse(now));
      const records = [now, timestamp].map((time, i) =>
        record(`d${i}`, { productCode: `p${i}`, timestamp: new Date(time) }),
      );
      const results = await run(records, { ruleSet, concurrency: 1 }, market).run.toArray();
      expect(results).toMatchObject([{ status: "accepted" }, result]);
      expect(market.batches).toHaveLength((result as { status: string }).status === "accepted" ? 2 : 1);
    }
  });

  test.each([-48, -1, 1, 48])("is not judged by this machine's clock, were it %i hours off", async (hours) => {
    const market = within(NOW_MS);
    market.nowMs = () => NOW_MS + hours * HOUR_MS;
    await run([record("d")], {}, market).run.assertAllAccepted();
  });

  test("takes its batch with it once, and then is found by the time that the answer told", async () => {
    const records = [...many(24, NOW_MS), record("old", { timestamp: minutes(26 * 60) })];
    const { run: all, market } = run(records, {}, within(NOW_MS));
    const results = await all.toArray();
    expect(results.filter(({ status }) => status === "accepted")).toHaveLength(24);
    expect(results[24]).toMatchObject({ status: "expired", refusedBy: "client", rule: "W4", lateBySeconds: 7_200 });
    expect(market.batches.map(({ usageRecords }) => usageRecords.length)).toEqual([25, 12, 12]);
  });

  test.each([
    ["near the limit", minutes(24 * 60 + 1), { status: "expired", ageSeconds: 86_460 }],
    ["ahead", minutes(-60), { status: "refused", errorName: "TimestampOutOfBoundsException" }],
  ])("or lies %s is judged by the service alone, and found by halving", async (_where, timestamp, verdict) => {
    const { run: all, market } = run([...many(24, NOW_MS), record("odd", { timestamp })], {}, within(NOW_MS));
    const results = await all.toArray();
    expect(results.filter(({ status }) => status === "accepted")).toHaveLength(24);
    expect(results[24]).toMatchObject({ ...verdict, refusedBy: "service", rule: undefined });
    expect(market.batches.length).toBeLessThanOrEqual(11);
  });

  test("costs no more requests than are under way before the first answer, however much it is", async () => {
    const { run: all, market } = run(many(2_000, minutes(26 * 60)), { concurrency: 4 }, within(NOW_MS));
    expect(new Set((await all.toArray()).map(({ status }) => status))).toEqual(new Set(["expired"]));
    expect(market.batches).toHaveLength(4);
  });
});

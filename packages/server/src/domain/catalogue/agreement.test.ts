import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { NOW_MS, agreement } from "../../../testing/market.ts";
import { coverEndMs, coversUsage, statusOf, type Agreement } from "./agreement.ts";

const AHEAD_MS = NOW_MS + 600_000;

const covers = (over: Partial<Agreement>): boolean => coversUsage(agreement("a", over), AHEAD_MS, NOW_MS);

describe("Rules G2, G6: usage slightly ahead of the clock", () => {
  test("is usage of now, for an agreement that is yet to begin, or that ends before it", () => {
    expect(covers({ startsAtMs: NOW_MS })).toBe(true);
    expect(covers({ startsAtMs: NOW_MS + 1 })).toBe(false);
    expect(covers({ endsAtMs: NOW_MS + 1 })).toBe(true);
    expect(covers({ endsAtMs: NOW_MS })).toBe(false);
  });

  test("is of the agreement that holds at its own time, where one goes on with another", () => {
    expect(covers({ startsAtMs: AHEAD_MS, replaces: "b" })).toBe(true);
    expect(covers({ startsAtMs: AHEAD_MS + 1, replaces: "b" })).toBe(false);
    expect(covers({ endsAtMs: AHEAD_MS + 1, replacedBy: "b" })).toBe(true);
    expect(covers({ endsAtMs: AHEAD_MS, replacedBy: "b" })).toBe(false);
  });

  test("is covered to the end of the final hour of what was cancelled", () => {
    expect(covers({ cancelledAtMs: NOW_MS - HOUR_MS + 1 })).toBe(true);
    expect(covers({ cancelledAtMs: NOW_MS - HOUR_MS })).toBe(false);
  });
});

const status = (over: Partial<Agreement>): string => statusOf(agreement("a", over), NOW_MS);

test("what can no more be undone comes before what can, in the one word for where an agreement stands", () => {
  const suspended = { suspendedAtMs: NOW_MS };
  expect(status({ ...suspended, cancelledAtMs: NOW_MS, endsAtMs: NOW_MS })).toBe("cancelled");
  expect(status({ ...suspended, endsAtMs: NOW_MS })).toBe("expired");
  expect(status({ ...suspended, endsAtMs: NOW_MS + 1 })).toBe("suspended");
  expect([status({ startsAtMs: NOW_MS + 1 }), status({ startsAtMs: NOW_MS })]).toEqual(["pending", "active"]);
});

const end = (over: Partial<Agreement>): number => coverEndMs(agreement("a", over));

test("usage is covered to the end, or to the end of the final hour, whichever comes first", () => {
  expect([end({}), end({ endsAtMs: 5 }), end({ cancelledAtMs: 5 })]).toEqual([Infinity, 5, 5 + HOUR_MS]);
  expect(end({ endsAtMs: 6, cancelledAtMs: 5 })).toBe(6);
});

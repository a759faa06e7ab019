/** What the benchmark sends is what it says it sends. */
import { expect, test } from "vitest";
import { RecordMaker, type BenchRecord } from "../../bench/load/records.ts";
import { leadInOf, plannedRequests, type PlannedRequest } from "../../bench/load/workload.ts";

const NOW_MS = Date.UTC(2026, 0, 31, 12);
const CONNECTIONS = 32;

const plan = (name: "full" | "mixed" | "single", count: number): PlannedRequest[] => [
  ...plannedRequests(name, new RecordMaker(NOW_MS), count),
];
const keyOf = (region: string, { Timestamp, Dimension, CustomerIdentifier }: BenchRecord): string =>
  [Math.floor(Timestamp / 3_600), region, CustomerIdentifier, Dimension].join(" ");

test.each(["full", "single"] as const)("%s: no key comes twice", (name) => {
  const keys = plan(name, 2_000).flatMap(({ region, records }) => records.map((record) => keyOf(region, record)));
  expect(new Set(keys).size).toBe(keys.length);
});

test("mixed: one request in ten is a replay and one record in a hundred a duplicate, of what has been answered", () => {
  const leadIn = leadInOf("mixed");
  const requests = plan("mixed", leadIn + 4_000);
  const firstAt = new Map<string, { readonly place: number; readonly quantity: number }>();
  let replays = 0;
  let duplicates = 0;
  for (const [place, { region, records, replayOf, duplicate }] of requests.entries()) {
    if (replayOf !== undefined) {
      replays += 1;
      expect(place - replayOf).toBeGreaterThan(CONNECTIONS);
      expect(records).toBe(requests[replayOf]?.records);
      continue;
    }
    for (const [position, record] of records.entries()) {
      const key = keyOf(region, record);
      const first = firstAt.get(key);
      if (duplicate?.position === position) {
        duplicates += 1;
        expect(first?.place).toBe(duplicate.of);
        expect(first?.quantity).not.toBe(record.Quantity);
        expect(place - duplicate.of).toBeGreaterThan(CONNECTIONS);
      } else {
        expect(first).toBeUndefined();
        firstAt.set(key, { place, quantity: record.Quantity });
      }
    }
  }
  expect(replays / 4_000).toBeCloseTo(0.1, 3);
  expect(duplicates / (4_000 * 25)).toBeCloseTo(0.01, 3);
});

test("mixed: the same in every run", () => {
  expect(plan("mixed", 1_000)).toEqual(plan("mixed", 1_000));
});

import { ruleSets, windowFault } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MeterableRecord } from "../batch/line.ts";
import { KnownIds } from "./lines/remembered.ts";
import { HOUR_MS, Market, NOW_MS, keyOf } from "../../testing/market.ts";
import { MeterAllRun } from "./meter-all.ts";
import type { MeterAllResult } from "../batch/result.ts";

const WINDOW = ruleSets.current.batchMeterUsageWindow;

/** Values that the types forbid; programs without types can pass them all the same. */
const NO_NUMBERS = [null, 1n, "1"] as unknown as readonly number[];

/** Whatever is sent under one key must always be the same record: never two input records, apart. */
function checkBatches({ batches }: Market): void {
  const sent = new Map<string, string>();
  for (const { productCode, usageRecords } of batches) {
    expect(usageRecords.length).toBeGreaterThan(0);
    expect(usageRecords.length).toBeLessThanOrEqual(25);
    const keys = usageRecords.map((one) => keyOf(productCode, one));
    expect(new Set(keys).size).toBe(keys.length);
    for (const [i, key] of keys.entries()) {
      const text = JSON.stringify(usageRecords[i]);
      expect(sent.get(key) ?? text).toBe(text);
      sent.set(key, text);
    }
  }
}

/** No record may be called too late that the market would have accepted. */
function checkExpired(results: readonly MeterAllResult<MeterableRecord>[]): void {
  for (const result of results) {
    if (result.status !== "expired" || result.record.dimension === "late") continue;
    expect(windowFault(Number(result.record.timestamp), WINDOW, NOW_MS)?.rule).toMatch(/W[24]/);
  }
}

/** What a result says of a record must agree with what the market knows. */
function checkMetered(market: Market, results: readonly MeterAllResult<MeterableRecord>[]): void {
  const ids = new Set([...market.metered.values()].map(({ id }) => id));
  const told = new Set<string>();
  for (const result of results) {
    if (result.status === "accepted") {
      expect(ids).toContain(result.meteringRecordId);
      told.add(result.meteringRecordId);
    }
    expect(result.status === "replay", "nothing was sent before").toBe(false);
  }
  const doubtful = results.some((result) => result.status === "undecided" && result.mayBeMetered);
  if (!doubtful) expect(told).toEqual(ids);
}

describe("for any records and any trouble", () => {
  const dimension = fc.constantFrom("a", "b", "c", "d", "late", "stranger", "bad-dimension", "unsubscribed");
  const anyRecord = fc.record(
    {
      timestamp: fc.integer({ min: -3, max: 40 }).map((hours) => new Date(NOW_MS - hours * HOUR_MS)),
      productCode: fc.constantFrom("p", "q", "", "not a code"),
      customerIdentifier: fc.constantFrom("c1", "c2"),
      customerAccountId: fc.constantFrom("111122223333", "letters"),
      licenseArn: fc.constantFrom("arn:aws:license-manager::294406891311:license:l-1", "no arn"),
      dimension,
      quantity: fc.oneof(
        fc.integer({ min: -1, max: 5 }),
        fc.constantFrom(1.5, 2_147_483_647, 2_147_483_648, Number.NaN, ...NO_NUMBERS),
      ),
      usageAllocations: fc.array(fc.record({ allocatedUsageQuantity: fc.integer({ min: 0, max: 3 }) }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ["timestamp", "dimension", "productCode", "customerIdentifier"] },
    // Some have two customers in one record, which the types forbid.
  ) as unknown as fc.Arbitrary<MeterableRecord>;
  const fineRecord: fc.Arbitrary<MeterableRecord> = fc.record({
    timestamp: fc.integer({ min: 0, max: 20 }).map((hours) => new Date(NOW_MS - hours * HOUR_MS)),
    productCode: fc.constantFrom("p", "q"),
    customerIdentifier: fc.constantFrom("c1", "c2", "c3"),
    dimension,
    quantity: fc.integer({ min: 0, max: 5 }),
  });
  const input = fc.array(fc.oneof(fineRecord, fineRecord, anyRecord), { maxLength: 150 });
  const dice = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
  /** By how many hours this machine's clock is wrong. */
  const clock = fc.constantFrom(-48, 0, 48);
  const options = fc.record({
    sameKey: fc.constantFrom("sum", "refuse"),
    concurrency: fc.integer({ min: 1, max: 5 }),
  } as const);

  test("every record has exactly one result, batches are within bounds, and no two with one key are sent apart", async () => {
    await fc.assert(
      fc.asyncProperty(input, dice, options, clock, async (records, stream, chosen, hoursOff) => {
        const market = new Market(NOW_MS, { dice: () => stream.next().value as number });
        market.window = WINDOW;
        market.nowMs = () => NOW_MS + hoursOff * HOUR_MS;
        const results: MeterAllResult<MeterableRecord>[] = [];
        for await (const result of new MeterAllRun(records, chosen, market, new KnownIds())) results.push(result);
        expect(results.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(records.map((_, i) => i));
        for (const result of results) expect(result.record).toBe(records[result.index]);
        checkBatches(market);
        checkMetered(market, results);
        checkExpired(results);
      }),
      { numRuns: 300 },
    );
  });
});

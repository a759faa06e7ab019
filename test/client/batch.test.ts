/** The parts of `meterAll` in the hands of one who decides when a batch is sent: attempts, one a call, and a loop of his own. */
import { beforeAll, afterAll, describe, expect, test } from "vitest";
import type { MarketplaceMeteringClient, MeterableRecord } from "@countinghouse/client";
import { batchInputOf, lineOf, packed, readOutcome, type Line, type Verdict } from "@countinghouse/client/batch";
import { clientOf, quickWorld } from "../support/client.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { inject } from "../support/faults.ts";
import { MeteringService, type Happening } from "../support/metering-service.ts";
import { DEMO } from "../support/server.ts";

const [customerIdentifier] = DEMO.customers;
const { productCode } = DEMO;

function linesOf(records: readonly MeterableRecord[]): Line[] {
  return records.map((record) => {
    const { line, verdict } = lineOf(record, productCode);
    if (line === undefined) throw new Error(JSON.stringify(verdict));
    return line;
  });
}

/** Sends until all is settled: one attempt a call, at most `sendsMax` calls for a line beyond halving. */
async function deliver(client: MarketplaceMeteringClient, lines: readonly Line[], sendsMax = 4) {
  const settled = new Map<Line, Verdict>();
  const calls: number[] = [];
  const waiting: { lines: readonly Line[]; doubtful: boolean; sends: number }[] = packed(lines).map((batch) => ({
    lines: batch,
    doubtful: false,
    sends: 0,
  }));
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    const outcome = await client.batchMeterUsageOutcome(batchInputOf(batch.lines), { maxAttempts: 1 });
    expect(outcome.metadata?.attempts ?? outcome.error?.attempts).toBe(1);
    calls.push(batch.lines.length);
    const nowMs = client.serviceTime()?.getTime() ?? Number.NaN;
    const reading = readOutcome(batch.lines, outcome, { doubtful: batch.doubtful, nowMs });
    for (const [line, verdict] of reading.verdicts) settled.set(line, verdict);
    const { doubtful } = reading;
    for (const part of reading.parts) waiting.push({ lines: part, doubtful, sends: batch.sends });
    if (reading.again.length === 0) continue;
    if (batch.sends < sendsMax) waiting.push({ lines: reading.again, doubtful, sends: batch.sends + 1 });
    else for (const line of reading.again) settled.set(line, reading.last);
  }
  return { verdicts: lines.map((line) => settled.get(line)), calls };
}

describe("against the server", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket();
  });
  afterAll(() => server.stop());

  test("the record at fault is found, the others are metered, and what is unprocessed is sent again", async () => {
    const client = clientOf(server.endpoint);
    await inject(server, { operation: "BatchMeterUsage", kind: "unprocessed", count: 1 });
    const now = Date.now();
    const records = Array.from({ length: 30 }, (_, i) => ({
      timestamp: now - 1_000 * i,
      customerIdentifier: i === 7 ? "stranger" : customerIdentifier,
      dimension: i === 11 ? "made-up" : "gb_ingested",
      quantity: i,
    }));
    // One customer, hour and dimension have one record: the sums are the caller's business.
    const lines = [...new Map(linesOf(records).map((line) => [line.key, line])).values()];
    const { verdicts } = await deliver(client, lines);
    const byError = verdicts.map((verdict) => (verdict?.status === "refused" ? verdict.errorName : verdict?.status));
    expect(byError).toEqual(
      expect.arrayContaining(["InvalidCustomerIdentifierException", "InvalidUsageDimensionException", "accepted"]),
    );
    expect(verdicts.every((verdict) => verdict !== undefined)).toBe(true);
  });

  test("the service's time is known from its first answer on, and not before; an empty batch asks for it", async () => {
    const wallMs = Date.now();
    const client = clientOf(server.endpoint, { world: { wallMs: () => wallMs - 200_000 } });
    expect(client.serviceTime()).toBeUndefined();
    expect(await client.batchMeterUsageOutcome({ productCode, usageRecords: [] })).toMatchObject({ ok: true });
    expect(Math.abs((client.serviceTime()?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe("a doubt", () => {
  const record = { timestamp: Date.now(), customerIdentifier: "c", dimension: "d", quantity: 1 };
  const meter = async (happenings: readonly Happening[]) => {
    const service = await MeteringService.open((index) => happenings[index] ?? "fine");
    const client = clientOf(service.url, { world: quickWorld().world });
    return deliver(client, linesOf([record]), 1);
  };
  const rows: readonly (readonly [Happening, Happening, object])[] = [
    ["lost after", "duplicates", { status: "undecided", why: "doubtful", meteringRecordId: "id-1" }],
    ["fault after", "not subscribed", { status: "undecided", why: "doubtful", mayBeMetered: true }],
    ["lost before", "unprocessed", { status: "undecided", why: "unprocessed", mayBeMetered: true }],
    ["lost after", "fine", { status: "accepted", meteringRecordId: "id-1" }],
    ["throttled", "duplicates", { status: "duplicate" }],
  ];
  test.each(rows)("%s, then %s, is carried from one call to the next", async (first, second, verdict) => {
    const { verdicts, calls } = await meter([first, second]);
    expect(calls).toEqual([1, 1]);
    expect(verdicts[0]).toMatchObject(verdict);
  });
});

test.each([0, 1.5, -1, Number.NaN])(
  "maxAttempts of a call is a whole number from 1 on: %f is not",
  async (maxAttempts) => {
    const service = await MeteringService.open(() => "fine");
    const outcome = await clientOf(service.url).batchMeterUsageOutcome({ usageRecords: [] }, { maxAttempts });
    expect(outcome.error).toMatchObject({
      name: "InvalidInputError",
      message: `maxAttempts must be a whole number from 1 on; it is ${maxAttempts}.`,
    });
    expect(service.heard).toHaveLength(0);
  },
);

test("maxAttempts of a call goes before the client's, and is told to the service", async () => {
  const service = await MeteringService.open(() => "throttled");
  const client = clientOf(service.url, { world: quickWorld().world, maxAttempts: 2 });
  const outcome = await client.batchMeterUsageOutcome({ productCode: "p", usageRecords: [] }, { maxAttempts: 4 });
  expect(outcome.error?.attempts).toBe(4);
  expect(service.heard.map(({ headers }) => headers["amz-sdk-request"])).toEqual(
    [1, 2, 3, 4].map((n) => `attempt=${n}; max=4`),
  );
});

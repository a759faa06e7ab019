/** From a reading to a metering record, against the running service. */
import { describe, expect, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { FIRST, HOUR_MS, SECOND, moveTo, outboxOf, recordsOf } from "../support/outbox.ts";

const at = (time: string): Date => new Date(`2026-11-10T${time}Z`);

describe("an hour's readings", () => {
  test("become one record of each customer and dimension, when their hour is closed, and not before", async () => {
    const server = await marketOfTest({ now: "2026-11-10T10:50:00Z" });
    const { outbox } = await outboxOf(server.endpoint, { holdOpenSeconds: 600 });
    await outbox.bind([
      { tenant: "t-1", ...FIRST, from: at("00:00:00") },
      { tenant: "t-2", ...SECOND, from: at("00:00:00") },
    ]);
    const answers = await outbox.record([
      { readingId: "1", tenant: "t-1", meter: "gb", quantity: "1500", at: at("10:05:00") },
      { readingId: "2", tenant: "t-1", meter: "gb", quantity: "700.5", at: at("10:40:59.900") },
      { readingId: "3", tenant: "t-1", meter: "queries", quantity: 3, at: at("10:10:00") },
      { readingId: "4", tenant: "t-2", meter: "gb", quantity: 5_000n, at: at("10:10:00") },
    ]);
    expect(answers.map(({ answer }) => answer)).toEqual(["recorded", "recorded", "recorded", "recorded"]);
    await outbox.deliverDue();
    expect(await recordsOf(server)).toEqual([]);

    await moveTo(server, "2026-11-10T11:10:00Z");
    const report = await outbox.deliverDue();
    expect(report).toMatchObject({ settled: { delivered: 3 }, stoppedBy: undefined });
    const records = (await recordsOf(server)).map(
      ({ customerIdentifier, customerAccountId, dimension, quantity, timestamp }) =>
        [customerIdentifier ?? customerAccountId, dimension, quantity, timestamp].join(" "),
    );
    expect(records.toSorted()).toEqual([
      "777788889999 gb_ingested 5 2026-11-10T10:10:00.000Z",
      "demoCustomer1 gb_ingested 2 2026-11-10T10:40:59.000Z",
      "demoCustomer1 queries 3 2026-11-10T10:10:00.000Z",
    ]);
    expect(await outbox.verify()).toMatchObject({ ok: true, problems: [], entries: 3 });
    expect(await outbox.status()).toMatchObject({ health: "ok", waitingReadings: 0, alarms: [] });
    expect((await outbox.now()).getTime() - at("11:10:00").getTime()).toBeLessThan(HOUR_MS);
    const explained = await outbox.explain({ tenant: "t-1", meter: "gb", hour: at("10:00:00") });
    expect(explained).toMatchObject({
      readings: [{ readingId: "1" }, { readingId: "2" }],
      entries: [{ entry: { state: "delivered", units: 2 }, attempts: [{ end: "accepted" }] }],
    });

    // The fraction goes on to the next hour.
    await outbox.record({ readingId: "5", tenant: "t-1", meter: "gb", quantity: "799.5", at: at("11:00:00") });
    await moveTo(server, "2026-11-10T12:10:00Z");
    await outbox.deliverDue();
    expect((await recordsOf(server)).filter(({ quantity }) => quantity === 1)).toHaveLength(1);
  });
});

import { describe, expect, test } from "vitest";
import { MeteringError } from "../outcome.ts";
import type { MeterableRecord } from "../batch/line.ts";
import { KnownIds } from "./lines/remembered.ts";
import { HOUR_MS, Market, NOW_MS, allocation, minutes, record, run } from "../../testing/market.ts";
import type { MeterAllRun } from "./meter-all.ts";
import type { MeterAllOptions } from "./options.ts";

const wireBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const licence = (n: number): MeterableRecord => ({
  timestamp: NOW_MS,
  customerAccountId: "111122223333",
  licenseArn: `arn:aws:license-manager::294406891311:license:l-${n}`,
  dimension: "d",
});

const always = (dice: number): Market => new Market(NOW_MS, { dice: () => dice });

describe("a batch", () => {
  test("holds 25 records at most, of one product, the oldest first", async () => {
    const records = Array.from({ length: 60 }, (_, i) =>
      record(`d${i}`, { productCode: i % 3 === 0 ? "p" : "q", timestamp: NOW_MS - (i % 7) * HOUR_MS }),
    );
    const { run: all, market } = run(records, { concurrency: 1 });
    await all.assertAllAccepted();
    expect(market.batches.map(({ productCode, usageRecords }) => [productCode, usageRecords.length])).toEqual([
      ["p", 20],
      ["q", 25],
      ["q", 15],
    ]);
    const times = market.batches[0]?.usageRecords.map(({ timestamp }) => Number(timestamp));
    expect(times).toEqual(times?.toSorted((a, b) => a - b));
  });

  test("is smaller than 1 MB", async () => {
    const tags = [{ key: "k".repeat(100), value: "v".repeat(250) }];
    const large = Array.from({ length: 6 }, (_, i) =>
      record(`d${i}`, {
        quantity: 1_000,
        usageAllocations: Array.from({ length: 1_000 }, (_one, j) => ({
          allocatedUsageQuantity: 1,
          tags: [...tags, { key: "n", value: `${j}` }],
        })),
      }),
    );
    const { run: all, market } = run(large);
    await all.assertAllAccepted();
    expect(market.batches.length).toBeGreaterThan(1);
    for (const { usageRecords } of market.batches) expect(wireBytes(usageRecords)).toBeLessThan(1_048_576);
  });

  test("a record that is too large for any is refused alone", async () => {
    const usageAllocations = Array.from({ length: 2_400 }, (_, j) => ({
      allocatedUsageQuantity: 1,
      tags: [1, 2, 3].map((n) => ({ key: `${n}`, value: `${j} ${"v".repeat(200)}` })),
    }));
    const results = await run([record("big", { quantity: 2_400, usageAllocations }), record("small")]).run.toArray();
    expect(results).toMatchObject([{ status: "refused", rule: "L1", refusedBy: "client" }, { status: "accepted" }]);
  });

  test("that is refused is halved until the one at fault stands alone", async () => {
    const records = Array.from({ length: 25 }, (_, i) => record(i === 17 ? "bad-dimension" : `d${i}`));
    const { run: all, market } = run(records);
    const results = await all.toArray();
    expect(results.filter(({ status }) => status === "accepted")).toHaveLength(24);
    expect(results[17]).toMatchObject({
      status: "refused",
      refusedBy: "service",
      errorName: "InvalidUsageDimensionException",
    });
    expect(market.batches.length).toBeLessThanOrEqual(11);
  });

  test("of licences holds no product code, and goes apart by licence unless the product is said", async () => {
    const apart = run([licence(1), licence(2)]);
    await apart.run.assertAllAccepted();
    expect(apart.market.batches).toHaveLength(2);
    const together = run([licence(1), licence(2)], { productCode: "p" });
    await together.run.assertAllAccepted();
    expect(together.market.batches).toHaveLength(1);
    expect(together.market.batches[0]).not.toHaveProperty("productCode");
  });
});

describe("before anything is sent, a record is refused", () => {
  const table: readonly (readonly [string, string | undefined, string, MeterableRecord])[] = [
    ["without a customer (Rule I1)", "I1", "InvalidCustomerIdentifierException", record("d", { customerIdentifier: undefined })],
    ["with two (Rule I1)", "I1", "InvalidCustomerIdentifierException", record("d", { customerAccountId: "1" })],
    ["without a product (Rule I2)", "I2", "InvalidProductCodeException", record("d", { productCode: undefined })],
    ["with a licence for a customer identifier (Rule I3)", "I3", "InvalidCustomerIdentifierException", record("d", { licenseArn: "arn:aws:license-manager::1:license:l-1" })],
    ["with a fraction (Rule D1)", "D1", "ValidationException", record("d", { quantity: 1.5 })],
    ["with less than nothing (Rule L3)", "L3", "ValidationException", record("d", { quantity: -1 })],
    ["with too much (Rule L3)", "L3", "ValidationException", record("d", { quantity: 2_147_483_648 })],
    ["with what is no number", undefined, "ValidationException", record("d", { quantity: Number.NaN })],
    ["without a dimension", undefined, "ValidationException", record("")],
    ["with seconds for milliseconds", undefined, "ValidationException", record("d", { timestamp: NOW_MS / 1000 })],
    ["with an account id of letters", undefined, "ValidationException", record("d", { customerIdentifier: undefined, customerAccountId: "x" })],
    ["with allocations that do not add up (Rule A1)", "A1", "InvalidUsageAllocationsException", record("d", { usageAllocations: [allocation(2)] })],
    ["with two allocations of the same tags (Rule A2)", "A2", "InvalidUsageAllocationsException", record("d", { quantity: 2, usageAllocations: [allocation(1, "a"), allocation(1, "a")] })],
    ["with two tags of one key (Rule A5)", "A5", "InvalidTagException", record("d", { usageAllocations: [allocation(1, "a", "a")] })],
    ["with too many tags (Rule A4)", "A4", "ValidationException", record("d", { usageAllocations: [allocation(1, "a", "b", "c", "d", "e", "f")] })],
    ["with too many allocations (Rule A3)", "A3", "ValidationException", record("d", { usageAllocations: Array.from({ length: 2_501 }, () => allocation(0)) })],
  ]; // prettier-ignore
  test.each(table)("%s", async (_what, rule, errorName, bad) => {
    const { run: all, market } = run([record("fine"), bad]);
    const results = await all.toArray();
    expect(results[0]).toMatchObject({ status: "accepted" });
    expect(results[1]).toMatchObject({ status: "refused", refusedBy: "client", rule, errorName });
    expect(market.batches.map(({ usageRecords }) => usageRecords.length)).toEqual([1]);
  });
});

describe("records with one key (Rule K1)", () => {
  test("are all returned unsent", async () => {
    const { run: all, market } = run([record("d"), record("e"), record("d", { timestamp: minutes(10), quantity: 2 })]);
    const results = await all.toArray();
    expect(results.map(({ status }) => status)).toEqual(["refused", "accepted", "refused"]);
    expect(results[0]).toMatchObject({
      rule: "K1",
      refusedBy: "client",
      message: expect.stringContaining("Records 1, 3") as string,
    });
    expect(market.batches.flatMap(({ usageRecords }) => usageRecords)).toHaveLength(1);
  });

  test("are summed where that is asked for, with the latest time and all allocations, and each has its result", async () => {
    const red = { tags: [{ key: "team", value: "red" }] };
    const { run: all, market } = run(
      [
        record("d", { timestamp: minutes(20), quantity: 2, usageAllocations: [{ allocatedUsageQuantity: 2, ...red }] }),
        record("d", { timestamp: minutes(10), quantity: 3 }),
        record("d", { timestamp: minutes(15), quantity: 4, usageAllocations: [{ allocatedUsageQuantity: 4, ...red }] }),
      ],
      { sameKey: "sum" },
    );
    const results = await all.toArray();
    expect(results).toMatchObject([1, 2, 3].map(() => ({ status: "accepted", meteringRecordId: "id-1" })));
    expect(market.batches).toMatchObject([
      {
        usageRecords: [
          {
            timestamp: new Date(minutes(10)),
            quantity: 9,
            usageAllocations: [{ allocatedUsageQuantity: 6, ...red }, { allocatedUsageQuantity: 3 }],
          },
        ],
      },
    ]);
  });

  test("are summed however many they are", async () => {
    const { run: all, market } = run(
      Array.from({ length: 200_000 }, () => record("d")),
      { sameKey: "sum" },
    );
    expect(await all.assertAllAccepted()).toHaveLength(200_000);
    expect(market.batches).toMatchObject([{ usageRecords: [{ quantity: 200_000 }] }]);
  });

  test("whose sum is too much are refused together (Rule L3)", async () => {
    const results = await run([record("d", { quantity: 2_147_483_647 }), record("d")], {
      sameKey: "sum",
    }).run.toArray();
    expect(results).toMatchObject([1, 2].map(() => ({ status: "refused", rule: "L3" })));
  });
});

describe("a success", () => {
  test("is a replay where its id is known: from an earlier run of the client, or from the caller", async () => {
    const market = new Market(NOW_MS);
    const knownIds = new KnownIds();
    const once = (options: MeterAllOptions = {}, ids = knownIds) =>
      run([record("d")], options, market, ids).run.toArray();
    expect(await once()).toMatchObject([{ status: "accepted", meteringRecordId: "id-1" }]);
    expect(await once()).toMatchObject([{ status: "replay", meteringRecordId: "id-1" }]);
    expect(await once({}, new KnownIds()), "nobody can tell").toMatchObject([{ status: "accepted" }]);
    expect(await once({ knownIds: new Set(["id-1"]) }, new KnownIds())).toMatchObject([{ status: "replay" }]);
  });

  test("of other usage under the key is a duplicate", async () => {
    const market = new Market(NOW_MS);
    await run([record("d")], {}, market).run.toArray();
    const results = await run([record("d", { quantity: 7 })], {}, market).run.toArray();
    expect(results).toMatchObject([{ status: "duplicate", meteringRecordId: "id-1" }]);
  });
});

describe("what stays undecided", () => {
  test("came back unprocessed every time", async () => {
    const market = always(0.3);
    const results = await run([record("d")], { resendsMax: 2 }, market).run.toArray();
    expect(results).toMatchObject([{ status: "undecided", why: "unprocessed", mayBeMetered: false }]);
    expect(market.batches).toHaveLength(3);
  });

  test("failed every time, and says whether it may be metered", async () => {
    const throttled = await run([record("d")], { resendsMax: 1 }, always(0.05)).run.toArray();
    expect(throttled).toMatchObject([
      { status: "undecided", why: "failed", mayBeMetered: false, error: { name: "ThrottlingException" } },
    ]);
    const lost = await run([record("d")], { resendsMax: 1 }, always(0.16)).run.toArray();
    expect(lost).toMatchObject([{ status: "undecided", why: "failed", mayBeMetered: true }]);
  });

  test("was sent without an end that anybody saw, and is too late since then", async () => {
    let nowMs = NOW_MS;
    const market = new Market(NOW_MS, { dice: () => 0.16 });
    market.toldMs = () => (nowMs += 40 * HOUR_MS) - 40 * HOUR_MS;
    const results = await run([record("d")], {}, market).run.toArray();
    expect(results).toMatchObject([{ status: "undecided", why: "doubtful", mayBeMetered: true }]);
    expect(market.metered.size).toBe(1);
  });

  test("was never sent, since a call before failed as all would", async () => {
    const market = new Market(NOW_MS);
    const error = new MeteringError({ name: "AccessDeniedException", message: "No." });
    let calls = 0;
    market.batchMeterUsage = () => Promise.resolve({ ok: false, error, calls: (calls += 1) });
    const results = await run(
      [record("d"), record("d", { productCode: "q" })],
      { concurrency: 1 },
      market,
    ).run.toArray();
    expect(results).toMatchObject([
      { status: "undecided", why: "failed", error, mayBeMetered: false },
      { status: "undecided", why: "stopped", error, mayBeMetered: false },
    ]);
    expect(calls).toBe(1);
  });

  test("was left when the caller stopped it: nothing is sent after that", async () => {
    const controller = new AbortController();
    const records = Array.from({ length: 100 }, (_, i) => record(`d${i}`));
    const { run: all, market } = run(records, { concurrency: 1, signal: controller.signal });
    const statuses: string[] = [];
    for await (const result of all) {
      statuses.push(result.status === "undecided" ? result.why : result.status);
      controller.abort();
    }
    expect(market.batches).toHaveLength(1);
    expect(statuses.filter((status) => status === "accepted")).toHaveLength(25);
    expect(statuses.filter((status) => status === "aborted")).toHaveLength(75);
  });
});

describe("a run", () => {
  test("takes an async iterable, and sends nothing before it has ended", async () => {
    const market = new Market(NOW_MS);
    async function* source(): AsyncGenerator<MeterableRecord> {
      for (let i = 0; i < 30; i += 1) {
        await Promise.resolve();
        expect(market.batches).toEqual([]);
        yield record(`d${i}`);
      }
    }
    expect(await run(source(), {}, market).run.assertAllAccepted()).toHaveLength(30);
  });

  const whole = "a whole number from";
  const outside: readonly (readonly [string, unknown, string])[] = [
    ...[0, -1, 1.5, Number.NaN, Infinity].map((value) => ["concurrency", value, `${whole} 1 on`] as const),
    ...[-1, 1.5, Number.NaN, Infinity].map((value) => ["resendsMax", value, `${whole} 0 on`] as const),
    ...[0, -1, 1e-9, Number.NaN, Infinity].map((value) => ["requestsPerSecond", value, "a finite number from 0.001 on"] as const),
    ["ruleSet", "none", "one of classic, current, service"],
    ["sameKey", "both", "one of sum, refuse"],
  ]; // prettier-ignore
  test.each(outside)("is refused at once with %s: %s", (name, value, expected) => {
    const message = `${name} must be ${expected}; it is ${String(value)}.`;
    const error = expect.objectContaining({ name: "InvalidInputError", message }) as Error;
    expect(() => run([record("d")], { [name]: value })).toThrow(error);
  });

  test("of no records has no results", async () => {
    expect(await run([]).run.toArray()).toEqual([]);
  });

  test("that somebody stops listening to sends nothing more", async () => {
    const { run: all, market } = run(
      Array.from({ length: 100 }, (_, i) => record(`d${i}`)),
      { concurrency: 1 },
    );
    for await (const result of all) if (result.index >= 0) break;
    expect(market.batches).toHaveLength(1);
  });

  test("asserts that all were accepted, and brings the results along where they were not", async () => {
    const error = await run([record("d"), record("bad-dimension"), record("unsubscribed")])
      .run.assertAllAccepted()
      .catch((thrown: unknown) => thrown as MeteringError);
    expect(error).toMatchObject({
      name: "NotAllAcceptedError",
      message: "Of 3 usage records 2 were not accepted: 1 accepted, 1 refused, 1 not-subscribed.",
    });
    expect((error as MeteringError).cause).toHaveLength(3);
  });

  const ways: readonly (readonly [string, (all: MeterAllRun<MeterableRecord>) => Promise<unknown>])[] = [
    ["broken off", async (all) => { for await (const result of all) if (result.index >= 0) break; }],
    ["given as an array", (all) => all.toArray()],
    ["asserted", (all) => all.assertAllAccepted().catch(() => undefined)],
  ]; // prettier-ignore
  test.each(ways)(
    "whose results were %s before has none to assert: that is an error, never all well",
    async (_way, end) => {
      const { run: all, market } = run([record("d"), record("bad-dimension")]);
      await end(all);
      const asked = market.batches.length;
      const error = { name: "InvalidInputError", message: expect.stringContaining("once") as string };
      await expect(all.assertAllAccepted()).rejects.toMatchObject(error);
      await expect(all.toArray()).rejects.toMatchObject(error);
      expect(market.batches).toHaveLength(asked);
    },
  );
});

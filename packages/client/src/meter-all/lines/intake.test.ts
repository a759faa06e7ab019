import { describe, expect, test } from "vitest";
import type { MeterableRecord } from "../../batch/line.ts";
import { NOW_MS, allocation, record, run } from "../../../testing/market.ts";

const without = (name: keyof MeterableRecord): object =>
  Object.fromEntries(Object.entries(record("odd")).filter(([member]) => member !== name));

describe("a record of any making", () => {
  test("is read by name, so that one of a class is sent with all that it has", async () => {
    class Usage {
      readonly #quantity = 7;
      readonly timestamp = NOW_MS;
      get productCode(): string {
        return "p";
      }
      get customerIdentifier(): string {
        return "c";
      }
      get dimension(): string {
        return "d";
      }
      get quantity(): number {
        return this.#quantity;
      }
      get usageAllocations(): MeterableRecord["usageAllocations"] {
        return [allocation(this.#quantity)];
      }
    }
    const { run: all, market } = run([new Usage()]);
    await all.assertAllAccepted();
    expect(market.batches[0]).toMatchObject({
      productCode: "p",
      usageRecords: [{ customerIdentifier: "c", dimension: "d", quantity: 7, usageAllocations: [allocation(7)] }],
    });
  });

  test("may say null for what it does not have", async () => {
    const nulls = { usageAllocations: null, customerAccountId: null, licenseArn: null };
    const tagless = { quantity: 1, usageAllocations: [{ allocatedUsageQuantity: 1, tags: null }] };
    const { run: all, market } = run([record("a", nulls as never), record("b", tagless as never)]);
    await all.assertAllAccepted();
    const [a, b] = market.batches[0]?.usageRecords ?? [];
    expect(new Set(Object.keys(a ?? {}))).toEqual(
      new Set(["customerIdentifier", "dimension", "quantity", "timestamp"]),
    );
    expect(b?.usageAllocations).toEqual([{ allocatedUsageQuantity: 1 }]);
  });

  const licence = {
    timestamp: NOW_MS,
    customerAccountId: "111122223333",
    licenseArn: "arn:aws:license-manager::294406891311:license:l-1",
    dimension: "d",
  };
  const odd: readonly (readonly [string, unknown, string])[] = [
    ["nothing at all", null, "UsageRecord must be made of objects; one is null."],
    ["a null allocation", record("d", { usageAllocations: [null] } as never), "usageAllocations must be made of objects"],
    ["a quantity that is not known", record("d", { quantity: null } as never), "quantity must be a finite number; it is null."],
    ["a quantity that is there and undefined", record("d", { quantity: undefined } as never), "quantity must be a finite number; it is undefined."],
    ["a quantity of a class that does not know it", new (class { timestamp = NOW_MS; productCode = "p"; customerIdentifier = "c"; dimension = "d"; quantity?: number; })(), "quantity must be a finite number; it is undefined."],
    ["a getter that gives no quantity", Object.defineProperty(without("quantity"), "quantity", { get: () => undefined }), "quantity must be a finite number; it is undefined."],
    ["a quantity that is called otherwise", { ...without("quantity"), qty: 3 }, "There is no member qty; it is called quantity."],
    ["a quantity as it is called on the wire", { ...without("quantity"), Quantity: 3 }, "There is no member Quantity; it is called quantity."],
    ["a quantity with a slip", { ...without("quantity"), quantitiy: 3 }, "There is no member quantitiy; it is called quantity."],
    ["allocations with a slip", record("d", { usageAllocation: [] } as never), "There is no member usageAllocation; it is called usageAllocations."],
    ["a licence with a slip", record("d", { licenceArn: "arn" } as never), "There is no member licenceArn; it is called licenseArn."],
    ["a bigint quantity", record("d", { quantity: 1n } as never), "quantity must be a finite number; it is of type bigint."],
    ["a bigint part", record("d", { usageAllocations: [{ allocatedUsageQuantity: 1n }] } as never), "allocatedUsageQuantity must be a finite number; it is of type bigint."],
    ["tags that are no list", record("d", { usageAllocations: [{ allocatedUsageQuantity: 1, tags: {} }] } as never), "tags must be an array"],
    ["a product code that is no text", { ...licence, productCode: Symbol("p") }, "productCode must be a string; it is of type symbol."],
    ["a getter that throws", Object.defineProperty({}, "dimension", { get: () => { throw new Error("Not now."); } }), "Not now."],
  ]; // prettier-ignore
  test.each(odd)("is refused alone where it is odd: %s", async (_what, bad, message) => {
    const results = await run([record("a"), bad as MeterableRecord, record("b")]).run.toArray();
    expect(results.map(({ status }) => status)).toEqual(["accepted", "refused", "accepted"]);
    const refused = { refusedBy: "client", errorName: "ValidationException" };
    expect(results[1]).toMatchObject({ ...refused, message: expect.stringContaining(message) as string });
  });

  test("may lack a quantity, which is 0, and may have members of its owner's", async () => {
    const { run: all, market } = run([
      { ...without("quantity"), tenant: "t", id: 7 } as unknown as MeterableRecord,
      record("own", { quantities: [1], qty: 9 } as never),
    ]);
    await all.assertAllAccepted();
    expect(market.batches[0]?.usageRecords.map(({ quantity }) => quantity)).toEqual([undefined, 1]);
  });

  test("is sent as it was checked, whatever its owner does to it later", async () => {
    const tags = [{ key: "team", value: "red" }];
    const usageAllocations = [{ allocatedUsageQuantity: 1, tags }];
    async function* source(): AsyncGenerator<MeterableRecord> {
      yield record("d", { usageAllocations });
      await Promise.resolve();
      tags[0] = { key: "team", value: "blue" };
      usageAllocations.push({ allocatedUsageQuantity: 5, tags: [] });
      for (const one of usageAllocations) one.allocatedUsageQuantity = 9;
    }
    const { run: all, market } = run(source());
    await all.assertAllAccepted();
    const sent = [{ allocatedUsageQuantity: 1, tags: [{ key: "team", value: "red" }] }];
    expect(market.batches[0]?.usageRecords[0]?.usageAllocations).toEqual(sent);
  });
});

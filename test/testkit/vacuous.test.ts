/** What is asked for wrongly is an error: a check that cannot fail, and a market that is not the one that was meant, say nothing. */
import { startMarket, UnexpectedCallsError, type MarketOptions } from "countinghouse/testkit";
import { matchers } from "countinghouse/testkit/matchers";
import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { clientOf, marketOf, NOW, usage } from "./support.ts";

const { toHaveMetered, toHaveMeteredNothingFor, toHaveRefused, toHaveSeenCalls } = matchers;

describe("a matcher does not pass for", () => {
  test.each<[string, unknown, RegExp]>([
    [
      "a member that there is not",
      { quantity: 12 },
      /The expected usage has no member quantity; it has customer, product/,
    ],
    ["no object", "gb", /must be an object with some of customer/],
    [
      "a customer that is undefined",
      { customer: undefined },
      /customer is undefined: leave it out if it does not matter/,
    ],
    ["a customer that is none", { customer: {} }, /customer must be what market\.customer\(\) answered.* got \{\}/],
    ["a customer without a name", { customer: "" }, /customer must be what/],
    ["units that are a text", { units: "12" }, /units must be a whole number from 0 on; got "12"/],
    ["a dimension that is none", { dimension: 5 }, /dimension must be a text that is not empty; got 5/],
    ["a product that is none", { product: {} }, /product must be a text that is not empty/],
    ["an hour that is a number", { hour: 9 }, /hour must be like 2026-03-15T09Z; got 9/],
    ["a time that is none", { hour: new Date("never") }, /hour must be like 2026-03-15T09Z; got Invalid Date/],
  ])("%s", async (_what, expected, message) => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null } });
    await clientOf(market).send(usage(acme, { customer: market.customer(acme), quantity: 9 }));
    expect(() => toHaveMetered(market, expected as object)).toThrow(TypeError);
    expect(() => toHaveMetered(market, expected as object)).toThrow(message);
  });

  test.each([undefined, null, {}, "", 5])("nothing for %j", async (customer) => {
    const market = await marketOf();
    expect(() => toHaveMeteredNothingFor(market, customer as never)).toThrow(/customer (?:must be what|is undefined)/);
  });

  test.each(["W99", "TimestampOutOfBound", "toString", undefined])(
    "a refusal by %s, which is nothing",
    async (what) => {
      const market = await marketOf();
      expect(() => toHaveRefused(market, what as string)).toThrow(/is neither a rule \(W1\), nor an error/);
    },
  );

  test("calls of no operation", async () => {
    const market = await marketOf();
    expect(() => toHaveSeenCalls(market, {})).toThrow("some of the operations must be named: BatchMeterUsage");
  });

  test("a customer of another product who happens to have the same identifier", async () => {
    const market = await marketOf();
    const [one, two] = [market.product({ dimensions: { gb: null } }), market.product({ dimensions: { gb: null } })];
    const [mine, other] = [one, two].map((product) => market.customer(product, { customerIdentifier: "the-same" }));
    if (mine === undefined || other === undefined) throw new Error("There are two customers.");
    await clientOf(market).send(usage(two, { customer: other, quantity: 9 }));
    expect(toHaveMeteredNothingFor(market, mine).pass).toBe(true);
    expect(toHaveMetered(market, { customer: mine }).pass).toBe(false);
    expect(toHaveMetered(market, { customer: other, units: 9 }).pass).toBe(true);
  });

  test("usage that was not taken of a customer by another name", async () => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    await buyer.suspend();
    await clientOf(market).send(usage(acme, { customer: buyer, quantity: 9 }));
    expect(toHaveMetered(market, { customer: buyer.licenseArn }).message()).toContain("9 gb at");
  });
});

test("options and steps that there are not are named", async () => {
  await expect(startMarket({ rule: "classic" } as MarketOptions)).rejects.toThrow("startMarket has no member rule; it has now, rules"); // prettier-ignore
  const market = await marketOf();
  expect(() => market.product({ dimension: { gb: null } } as object)).toThrow("market.product has no member dimension");
  const acme = market.product();
  expect(() => market.customer(acme, { identifier: "x" } as object)).toThrow(
    "market.customer has no member identifier",
  );
  for (const step of [{ hour: 1 }, 3_600, undefined]) {
    await expect(market.clock.advance(step as object)).rejects.toThrow(/^clock\.advance (?:has no member|must be an)/);
  }
  await expect(market.clock.advance({ hours: "soon" as never })).rejects.toThrow("clock.advance takes numbers");
  for (const time of [null, 5, new Date(Number.NaN)]) {
    await expect(market.clock.to(time as never)).rejects.toThrow("clock.to takes a time such as");
  }
  expect(market.clock.now).toEqual(new Date(NOW));
  await expect(startMarket({ now: 5 as never })).rejects.toThrow(
    "now must be a time such as 2026-03-15T10:30:00Z; got 5",
  );
  await expect(startMarket({ unexpectedCalls: "warn" as never })).rejects.toThrow("must be error or ignore; got warn");
});

test("variables for programs leave no room for a session token from elsewhere", async () => {
  const market = await marketOf();
  const acme = market.product({ dimensions: { gb: null } });
  const customer = market.customer(acme);
  vi.stubEnv("AWS_SESSION_TOKEN", "of-elsewhere");
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const [name, value] of Object.entries(market.env)) vi.stubEnv(name, value);
  const client = new MarketplaceMeteringClient({ maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  await client.send(usage(acme, { customer, quantity: 9 }));
  expect(toHaveMetered(market, { customer, units: 9 }).pass).toBe(true);
});

test("a refusal that a fault has only delayed is as unexpected as any other", async () => {
  const market = await startMarket({ now: NOW });
  const acme = market.product({ dimensions: { gb: null } });
  await market.faults.delay("BatchMeterUsage", 1);
  const wrong = usage(acme, { customer: market.customer(acme), dimension: "mb", quantity: 1 });
  await expect(clientOf(market).send(wrong)).rejects.toThrow("mb");
  await expect(market[Symbol.asyncDispose]()).rejects.toThrow(UnexpectedCallsError);
});

test("a trace of no lines has none", async () => {
  const market = await marketOf();
  const acme = market.product({ dimensions: { gb: null } });
  await clientOf(market).send(usage(acme, { customer: market.customer(acme), quantity: 9 }));
  expect(market.trace(0)).toBe("… 1 calls before these");
});

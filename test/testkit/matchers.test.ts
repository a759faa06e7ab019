/** What a failing matcher tells: the nearest records, why others were not taken, and what happened. */
import { clientOf, marketOf, usage } from "./support.ts";
import { matchers } from "countinghouse/testkit/matchers";
import { describe, expect, test } from "vitest";

const AT = "2026-03-15T09:20:00Z";

describe("toHaveMetered", () => {
  test("shows the record of another quantity, and the one that lost against it", async () => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    const client = clientOf(market);
    await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 9, at: AT }));
    await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 12, at: AT }));
    const seen = matchers.toHaveMetered(market, {
      customer: buyer,
      dimension: "gb",
      hour: "2026-03-15T09Z",
      units: 12,
    });
    expect(seen.pass).toBe(false);
    const ids = /\[[0-9a-f-]{36}\]/g;
    expect(
      seen
        .message()
        .replaceAll(ids, "[id]")
        .replaceAll(/request [0-9a-f-]{36}/g, "request id"),
    ).toBe(
      `Expected the market to have metered 12 gb for customer ${buyer.accountId} in the hour 2026-03-15T09:00:00.000Z.
It metered 9 units, by this record:
  9 gb for customer ${buyer.customerIdentifier} of product ${acme.productCode} in the hour 2026-03-15T09:00:00.000Z, us-east-1 [id]
Sent, and not metered:
  12 gb at 2026-03-15T09:20:00.000Z: record 1 of request id: duplicate (Rule K3). The record that stands is neither replaced nor added to; nothing of this one is billed. Usage of one key is not added up within its hour: send an hour's total once, when it is over.

What happened:
#1 2026-03-15T10:30:00.000Z BatchMeterUsage 200: 1 usage record: 1 accepted. [id]
#2 2026-03-15T10:30:00.000Z BatchMeterUsage 200: 1 usage record: 1 duplicate. [id]`,
    );
  });

  test("shows the nearest records where there is none of the kind, the nearest first", async () => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null, calls: null } });
    const [buyer, other] = [market.customer(acme), market.customer(acme)];
    const client = clientOf(market);
    await client.send(usage(acme, { customer: other, dimension: "calls", quantity: 1, at: AT }));
    await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 2, at: "2026-03-15T08:00:00Z" }));
    const { pass, message } = matchers.toHaveMetered(market, { customer: buyer, dimension: "gb", hour: AT });
    expect(pass).toBe(false);
    expect(message()).toMatch(/nothing of the kind. The nearest records:\n {2}2 gb .*\n {2}1 calls /);
  });

  test("shows what was refused, and whose subscription is none", async () => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    await buyer.suspend();
    const client = clientOf(market);
    await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 2, at: AT }));
    const late = { customer: buyer, dimension: "gb", quantity: 2, at: "2026-03-01T09:20:00Z" };
    await expect(client.send(usage(acme, late))).rejects.toThrow("Timestamp");
    const { message } = matchers.toHaveMetered(market, { customer: buyer });
    expect(message()).toContain("It has metered nothing.");
    expect(message()).toMatch(/ {2}2 gb at .*: not-subscribed \(Rule G4\)\./);
    expect(message()).toMatch(/ {2}#2 .* BatchMeterUsage 400: Refused by Rule W4: TimestampOutOfBoundsException\./);
  });

  test("does not take for one hour's usage what was counted twice, under two names or in two regions", async () => {
    const market = await marketOf();
    const acme = market.product({ dimensions: { gb: null } });
    const buyer = market.customer(acme);
    const sent = { customer: buyer, quantity: 5, at: AT };
    await clientOf(market).send(usage(acme, sent));
    expect(matchers.toHaveMetered(market, { customer: buyer, units: 5 }).pass).toBe(true);
    await clientOf(market, { region: "eu-west-1" }).send(usage(acme, sent));
    const { pass, message } = matchers.toHaveMetered(market, { customer: buyer, units: 5 });
    expect(pass).toBe(false);
    expect(message()).toContain("It metered 10 units, by these records:");
  });

  test("refuses an hour that is none", async () => {
    const market = await marketOf();
    expect(() => matchers.toHaveMetered(market, { hour: "nine" })).toThrow(
      "hour must be like 2026-03-15T09Z; got nine",
    );
  });
});

test("the others say what they saw, too", async () => {
  const market = await marketOf();
  const acme = market.product({ dimensions: { gb: null } });
  const buyer = market.customer(acme);
  expect(matchers.toHaveRefused(market, "K3").message()).toContain("It has refused nothing.");
  const client = clientOf(market);
  await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 1, at: AT }));
  await client.send(usage(acme, { customer: buyer, dimension: "gb", quantity: 2, at: AT }));
  expect(matchers.toHaveRefused(market, "K3").pass).toBe(true);
  expect(matchers.toHaveRefused(market, "DuplicateRecord").pass).toBe(true);
  expect(matchers.toHaveRefused(market, "W4").message()).toContain("It has refused by K3.");
  expect(matchers.toHaveMeteredNothingFor(market, buyer).message()).toMatch(/It metered:\n {2}1 gb for customer /);
  expect(matchers.toHaveSeenCalls(market, { BatchMeterUsage: 3, ResolveCustomer: 0 }).message()).toContain(
    "  BatchMeterUsage: expected 3, seen 2\n  ResolveCustomer: expected 0, seen 0",
  );
});

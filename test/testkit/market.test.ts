/** `countinghouse/testkit` as a test uses it: official SDK and our client, over real connections. */
import { MarketplaceMeteringClient, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { MarketplaceMeteringClient as OwnClient } from "@countinghouse/client";
import {
  startMarket,
  UnexpectedCallsError,
  type Market,
  type MarketCustomer,
  type MarketOptions,
} from "countinghouse/testkit";
import { matchers, type MarketMatchers } from "countinghouse/testkit/matchers";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { REFUSED_BYTES_A_MINUTE } from "../../packages/server/src/operations/refusal-budget.ts";
import { clientOf, NOW, usage, USED_AT } from "./support.ts";

declare module "vitest" {
  // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unused-vars -- that is how it is extended
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends MarketMatchers<R> {}
}

expect.extend(matchers);

const HOUR = "2026-03-15T09Z";

/** One that holds unexpected calls against the test when it is asked to; at the test's end they are the test's business. */
async function checkedMarket(options: MarketOptions = {}): Promise<Market> {
  const market = await startMarket({ now: NOW, ...options });
  onTestFinished(async () => {
    await market[Symbol.asyncDispose]().catch((error: unknown) => {
      if (!(error instanceof UnexpectedCallsError)) throw error;
    });
  });
  return market;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a market", () => {
  test("meters what the official SDK sends, for fixtures of which nothing was copied", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: "0.25", calls: null } });
    const buyer = started.customer(acme);
    const other = started.customer(acme);
    await clientOf(started).send(usage(acme, { customer: buyer, quantity: 12 }));
    expect(started).toHaveMetered({ customer: buyer, product: acme, dimension: "gb", hour: HOUR, units: 12 });
    expect(started).toHaveMeteredNothingFor(other);
    expect(started).toHaveSeenCalls({ BatchMeterUsage: 1, ResolveCustomer: 0 });
    expect(started).not.toHaveRefused("K3");
    started.checkCalls();
  });

  test("meters what the project's own client sends, found by the environment", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const { accountId: customerAccountId, licenseArn } = started.customer(acme, { customerIdentifier: null });
    for (const [name, value] of Object.entries(started.env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const client = new OwnClient();
    onTestFinished(() => client.close());
    const usageAllocations = [
      { allocatedUsageQuantity: 7, tags: [{ key: "team", value: "blue" }] },
      { allocatedUsageQuantity: 5, tags: [{ key: "team", value: "red" }] },
    ];
    const record = { timestamp: new Date(USED_AT), dimension: "gb", quantity: 12, usageAllocations };
    await client.batchMeterUsage({ usageRecords: [{ ...record, customerAccountId, licenseArn }] });
    const allocations = { team: { blue: 7, red: 5 } };
    expect(started).toHaveMetered({ customer: customerAccountId, hour: HOUR, units: 12, allocations });
    expect(started).toHaveMetered({ customer: licenseArn });
    expect(started).not.toHaveMetered({ customer: customerAccountId, allocations: { team: { blue: 12 } } });
  });

  test("refuses a signature with another secret, since signatures are real", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const credentials = { ...started.credentials(acme), secretAccessKey: "another" };
    const client = new MarketplaceMeteringClient({ ...started.sdkConfig(), credentials, maxAttempts: 1 });
    onTestFinished(() => client.destroy());
    const answer = client.send(usage(acme, { customer: started.customer(acme), quantity: 1 }));
    await expect(answer).rejects.toMatchObject({ name: "InvalidSignatureException" });
    expect(() => started.checkCalls()).toThrow(/#1 .* BatchMeterUsage 400: .*InvalidSignatureException/);
  });

  test("has sellers of their own, of whom none meters another's product", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const rival = started.product({ dimensions: { gb: null }, seller: "rival" });
    expect(rival.sellerAccountId).not.toBe(acme.sellerAccountId);
    const buyer = started.customer(rival);
    await clientOf(started, { product: rival }).send(usage(rival, { customer: buyer, quantity: 1 }));
    const others = clientOf(started, { product: acme }).send(usage(rival, { customer: buyer, quantity: 2 }));
    await expect(others).rejects.toMatchObject({ name: "InvalidProductCodeException" });
    expect(started).toHaveRefused("P1");
  });

  test("keeps every refusal, so that a fault's are none of the unexpected ones, however many there are", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const customers = Array.from({ length: 25 }, () => started.customer(acme));
    // Some hundred kilobytes more than a server keeps of an account's refusals in a minute.
    const calls = 400;
    await started.faults.throttle("BatchMeterUsage", { count: calls });
    const client = clientOf(started);
    const sent = customers.map((customer) => ({ customer, quantity: 1 }));
    for (let call = 0; call < calls; call += 1) {
      await expect(client.send(usage(acme, ...sent))).rejects.toMatchObject({ name: "ThrottlingException" });
    }
    started.checkCalls();
    const kept: unknown[] = [];
    const events = started.operator.items("GET /audit-events", { query: { eventName: "BatchMeterUsage" } });
    for await (const event of events) kept.push(event);
    expect(kept).toHaveLength(calls);
    expect(JSON.stringify(kept).length).toBeGreaterThan(REFUSED_BYTES_A_MINUTE);
  });

  test("knows what its catalogue says besides", async () => {
    const catalogue = {
      accounts: [{ id: "111122223333" }],
      products: [{ productCode: "mine", title: "Mine", seller: "111122223333", type: "saas", pricing: "usage" }],
    };
    const started = await checkedMarket({ catalogue });
    const products = await started.operator.call("GET /products");
    expect(products.items.map(({ productCode }) => productCode)).toEqual(["mine"]);
    const accountIds = async (): Promise<string[]> =>
      (await started.operator.call("GET /accounts")).items.map(({ id }) => id);
    expect(await accountIds(), "nothing else, before somebody asks for it").toEqual(["111122223333"]);
    const { accessKeyId } = started.credentials();
    expect(started.env["AWS_ACCESS_KEY_ID"]).toBe(accessKeyId);
    expect(await accountIds()).toHaveLength(2);
  });

  test("makes fixtures beside those of its catalogue, under names that are not taken there", async () => {
    const started = await checkedMarket({ catalogue: "packages/server/src/catalogue/demo.yaml" });
    const acme = started.product({ dimensions: { gb: null } });
    for (let made = 0; made < 5; made += 1) {
      const buyer = started.customer(acme);
      await clientOf(started).send(usage(acme, { customer: buyer, dimension: "gb", quantity: 1, at: USED_AT }));
      expect(started).toHaveMetered({ customer: buyer, units: 1 });
    }
  });

  test("says what is wrong with what it is asked for", async () => {
    await expect(startMarket({ now: "yesterday" })).rejects.toThrow("now must be a time such as 2026-03-15T10:30:00Z");
    await expect(startMarket({ catalogue: "/nowhere.yaml" })).rejects.toThrow("/nowhere.yaml cannot be read (ENOENT)");
    const started = await checkedMarket();
    expect(() => started.product({ dimensions: { gb: "cheap" } })).toThrow("must be a decimal number");
    expect(() => started.customer({ ...started.product(), productCode: "gone" })).toThrow("gone");
    await expect(started.clock.to("soon")).rejects.toThrow("2026-03-15T10:30:00Z, next-hour or month-end-cut");
    expect(() => matchers.toHaveMetered({})).toThrow("This is no market");
    expect(() => matchers.toHaveSeenCalls(started, { Meter: 1 })).toThrow("Meter is none of the operations");
  });
});

describe("the clock", () => {
  test("stands still, and goes where it is told", async () => {
    const started = await checkedMarket();
    expect(started.clock.now).toEqual(new Date(NOW));
    await started.clock.advance({ hours: 1, minutes: 5, seconds: 1 });
    expect(started.clock.now).toEqual(new Date("2026-03-15T11:35:01Z"));
    await started.clock.to("next-hour");
    expect(started.clock.now).toEqual(new Date("2026-03-15T12:00:00Z"));
    await started.clock.to("month-end-cut");
    expect(started.clock.now).toEqual(new Date("2026-04-01T06:00:00Z"));
    await expect(started.clock.to(NOW)).rejects.toThrow("forward only");
  });

  test("closes the windows, under either rule set", async () => {
    for (const [rules, rule, hours] of [
      ["classic", "W1", 5],
      ["current", "W4", 23],
    ] as const) {
      const started = await checkedMarket({ rules });
      const acme = started.product({ dimensions: { gb: null } });
      const buyer = started.customer(acme);
      const client = clientOf(started);
      const sent = { customer: buyer, quantity: 1, at: NOW };
      await started.clock.advance({ hours });
      await client.send(usage(acme, sent));
      await started.clock.advance({ hours: 2 });
      await expect(client.send(usage(acme, { ...sent, dimension: "gb", quantity: 2 }))).rejects.toThrow("Timestamp");
      expect(started).toHaveRefused(rule);
      started.checkCalls();
    }
  });

  test("stands on beside a runner's fake timers", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const buyer = started.customer(acme);
    vi.useFakeTimers({ now: new Date(NOW) });
    await started.clock.advance({ hours: 1 });
    await started.restore();
    vi.useRealTimers();
    await clientOf(started).send(usage(acme, { customer: buyer, quantity: 1 }));
    expect(started).toHaveMetered({ customer: buyer, units: 1 });
  });
});

describe("faults", () => {
  test("are met by the next call, and are no unexpected refusals", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const buyer = started.customer(acme);
    const client = clientOf(started);
    const command = usage(acme, { customer: buyer, quantity: 3 });
    await started.faults.throttle("BatchMeterUsage");
    await expect(client.send(command)).rejects.toMatchObject({ name: "ThrottlingException" });
    await started.faults.internalError("BatchMeterUsage");
    await expect(client.send(command)).rejects.toMatchObject({ name: "InternalServiceErrorException" });
    await started.faults.unprocessed();
    expect((await client.send(command)).UnprocessedRecords).toHaveLength(1);
    expect(started).not.toHaveMetered({ customer: buyer });
    await started.faults.dropAnswer("BatchMeterUsage");
    await expect(client.send(command)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(started).toHaveMetered({ customer: buyer, units: 3 });
    await client.send(command);
    expect(started).toHaveMetered({ customer: buyer, units: 3 });
    expect(started.trace()).toContain("(fault on demand: drop-answer)");
    await started.faults.throttle("BatchMeterUsage");
    await started.faults.clear();
    await client.send(command);
    started.checkCalls();
  });
});

describe("a customer", () => {
  test("brings a token, and is gone an hour after cancelling", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const buyer = started.customer(acme);
    const client = clientOf(started);
    const RegistrationToken = await buyer.registrationToken();
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
    expect(resolved).toMatchObject({
      CustomerIdentifier: buyer.customerIdentifier,
      CustomerAWSAccountId: buyer.accountId,
      ProductCode: acme.productCode,
      LicenseArn: buyer.licenseArn,
    });
    await buyer.suspend();
    await client.send(usage(acme, { customer: buyer, quantity: 1 }));
    expect(started).toHaveRefused("CustomerNotSubscribed");
    await buyer.resume();
    await buyer.cancel();
    await client.send(usage(acme, { customer: buyer, quantity: 2 }));
    expect(started).toHaveMetered({ customer: buyer, units: 2 });
    await started.clock.advance({ hours: 1 });
    await client.send(usage(acme, { customer: buyer, quantity: 3, at: "2026-03-15T10:10:00Z" }));
    expect(started).toHaveRefused("G3");
    expect(started).toHaveMetered({ customer: buyer, units: 2 });
  });
});

describe("restore", () => {
  test("takes back what was metered, moved, cancelled and broken, and keeps the fixtures", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const buyer = started.customer(acme);
    const client = clientOf(started);
    const command = usage(acme, { customer: buyer, quantity: 3 });
    for (let round = 0; round < 3; round += 1) {
      await client.send(command);
      expect(started).toHaveMetered({ customer: buyer, units: 3 });
      expect(started).toHaveSeenCalls({ BatchMeterUsage: 1 });
      await buyer.cancel();
      await started.clock.advance({ days: 3 });
      await started.faults.throttle("BatchMeterUsage", { count: 5 });
      await started.restore();
      expect(started.clock.now).toEqual(new Date(NOW));
      expect(started).toHaveMeteredNothingFor(buyer);
      expect(started.trace()).toBe("No call has reached the market.");
    }
    const { items } = await started.operator.call("GET /audit-events");
    expect(items.map(({ eventName }) => eventName)).toEqual(["ResetLedger"]);
    const verified = await started.operator.call("GET /audit-verification");
    expect(verified).toMatchObject({ intact: true });
  });

  test("lets tests make fixtures of their own between", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const first = started.customer(acme);
    await started.restore();
    const second = started.customer(acme);
    const client = clientOf(started);
    await client.send(usage(acme, { customer: first, quantity: 1 }, { customer: second, quantity: 2 }));
    expect(started).toHaveMetered({ customer: second, units: 2 });
  });
});

describe("calls that are refused unasked", () => {
  test("are errors of restore and of the end, which say which", async () => {
    const started = await checkedMarket();
    const acme = started.product({ dimensions: { gb: null } });
    const buyer = started.customer(acme);
    const client = clientOf(started);
    const wrong = usage(acme, { customer: buyer, dimension: "mb", quantity: 1 });
    await expect(client.send(wrong)).rejects.toThrow("mb");
    const refused = await started.restore().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnexpectedCallsError);
    expect(String(refused)).toMatch(/#1 .* BatchMeterUsage 400: Refused by Rule U1: InvalidUsageDimensionException/);
    // It was told once, and the market is as it was.
    await started.restore();
    await expect(client.send(wrong)).rejects.toThrow("mb");
    await expect(started[Symbol.asyncDispose]()).rejects.toThrow(UnexpectedCallsError);
  });

  test("are none once the test has asked for them by rule or by name", async () => {
    const started = await checkedMarket();
    const client = clientOf(started);
    const resolve = new ResolveCustomerCommand({ RegistrationToken: "nobody's" });
    await expect(client.send(resolve)).rejects.toThrow("token");
    expect(started).toHaveRefused("InvalidTokenException");
    await started.restore();
    await expect(client.send(resolve)).rejects.toThrow("token");
    expect(started).toHaveRefused("T2");
    await started.restore();
  });

  test("are nobody's business where the market was told so", async () => {
    const started = await checkedMarket({ unexpectedCalls: "ignore" });
    const resolve = new ResolveCustomerCommand({ RegistrationToken: "nobody's" });
    await expect(clientOf(started).send(resolve)).rejects.toThrow("token");
    await started.restore();
  });

  test("are also those that name no operation", async () => {
    const started = await checkedMarket();
    const answer = await fetch(started.url, {
      method: "POST",
      headers: { "x-amz-target": "AWSMPMeteringService.Nothing" },
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(() => started.checkCalls()).toThrow(/#1 .* unknown 4\d\d: Refused: UnknownOperationException/);
  });
});

describe("many markets in one process", () => {
  test("know nothing of each other", async () => {
    const markets = await Promise.all(Array.from({ length: 20 }, () => checkedMarket()));
    const metered = await Promise.all(
      markets.map(async (started, i) => {
        const acme = started.product({ dimensions: { gb: null } });
        const buyer = started.customer(acme);
        await clientOf(started).send(usage(acme, { customer: buyer, quantity: i + 1 }));
        return buyer;
      }),
    );
    for (const [i, started] of markets.entries()) {
      expect(started).toHaveMetered({ customer: metered[i] as MarketCustomer, units: i + 1 });
      expect(started).toHaveSeenCalls({ BatchMeterUsage: 1 });
    }
  });

  test("end with their sockets, though a client would use one again", async () => {
    const started = await startMarket();
    const client = clientOf(started);
    await expect(client.send(new ResolveCustomerCommand({ RegistrationToken: "nobody's" }))).rejects.toThrow("token");
    expect(started).toHaveRefused("T2");
    await started[Symbol.asyncDispose]();
    await expect(fetch(started.url)).rejects.toThrow("fetch failed");
  });
});

/** The client against the real server: the four operations in their forms (C1, C3, C4, C5), and its end (C7). */
import {
  MarketplaceMeteringClient,
  isMeteringError,
  type ClientConfiguration,
  type Executor,
  type Outcome,
} from "@countinghouse/client";
import { startMarket, type IdentifiedCustomer, type Market } from "countinghouse/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CREDENTIALS, clientOf } from "../support/client.ts";
import { listen } from "../support/listener.ts";
import { matchers } from "../support/market-matchers.ts";

expect.extend(matchers);

const HOUR_MS = 3_600_000;
let market: Market;
let productCode: string;
let buyer: IdentifiedCustomer;

beforeAll(async () => {
  market = await startMarket({ clock: "runs", rules: "classic" });
  const acme = market.product({ dimensions: { gb_ingested: null } });
  ({ productCode } = acme);
  buyer = market.customer(acme);
});
afterEach(() => market.restore());
afterAll(() => market[Symbol.asyncDispose]());

/** As the market's seller. */
const seller = (configuration: ClientConfiguration = {}): MarketplaceMeteringClient =>
  clientOf(market.url, { ...market.sdkConfig(), ...configuration });
const usage = (hoursAgo: number, quantity = 3): { productCode: string; usageRecords: [Usage] } => ({
  productCode,
  usageRecords: [
    {
      timestamp: new Date(Date.now() - hoursAgo * HOUR_MS),
      customerIdentifier: buyer.customerIdentifier,
      dimension: "gb_ingested",
      quantity,
    },
  ],
});
interface Usage {
  timestamp: Date;
  customerIdentifier: string;
  dimension: string;
  quantity: number;
}

function errorOf(outcome: Outcome<unknown>): { name: string; requestId: string | undefined; retryable: boolean } {
  if (outcome.ok) throw new Error("It succeeded.");
  return outcome.error;
}

const called = (wrong: string, right: string) => `There is no member ${wrong}; it is called ${right}.`;

describe("C1, C3: an operation called directly", () => {
  test("BatchMeterUsage gives its results, and the same again gives the same id", async () => {
    const client = seller();
    const input = usage(0);
    const { results, unprocessedRecords } = await client.batchMeterUsage(input);
    expect(unprocessedRecords).toEqual([]);
    const [record] = input.usageRecords;
    const timestamp = new Date(Math.floor(record.timestamp.getTime() / 1000) * 1000);
    expect(results).toMatchObject([{ status: "Success", usageRecord: { ...record, timestamp } }]);
    const again = await client.batchMeterUsageOutcome(input);
    expect(again).toMatchObject({ ok: true, result: { results }, metadata: { status: 200, attempts: 1 } });
    expect(again.ok && again.metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(market).toHaveMetered({ customer: buyer, product: productCode, dimension: "gb_ingested", units: 3 });
    expect(market).toHaveSeenCalls({ BatchMeterUsage: 2 });
  });

  test("ResolveCustomer gives the customer of a registration token", async () => {
    const registrationToken = await buyer.registrationToken();
    expect(await seller().resolveCustomer({ registrationToken })).toMatchObject({
      customerIdentifier: buyer.customerIdentifier,
      customerAccountId: buyer.accountId,
      productCode,
    });
  });

  const refusals: readonly (readonly [string, string, (client: MarketplaceMeteringClient) => Promise<Outcome<unknown>>])[] =
    [
      ["BatchMeterUsage", "InvalidProductCodeException", (client) => client.batchMeterUsageOutcome({ ...usage(0), productCode: "none" })],
      ["BatchMeterUsage", "TimestampOutOfBoundsException", (client) => client.batchMeterUsageOutcome(usage(7))],
      ["ResolveCustomer", "InvalidTokenException", (client) => client.resolveCustomerOutcome({ registrationToken: "x" })],
      ["MeterUsage", "CustomerNotEntitledException", (client) => client.meterUsageOutcome({ productCode, timestamp: Date.now(), usageDimension: "gb_ingested" })],
      ["RegisterUsage", "PlatformNotSupportedException", (client) => client.registerUsageOutcome({ productCode, publicKeyVersion: 1 })],
      ["RegisterUsage", "ValidationException", (client) => client.registerUsageOutcome({ productCode, publicKeyVersion: 0 })],
    ]; // prettier-ignore
  test.each(refusals)("%s that is refused is %s, once, with its request id", async (operation, name, call) => {
    const outcome = await call(seller());
    expect(market).toHaveRefused(name);
    expect(market).toHaveSeenCalls({ [operation]: 1 });
    expect(outcome).toMatchObject({
      ok: false,
      error: { name, operation, fault: "client", status: 400, retryable: false, attempts: 1, mayHaveSucceeded: false },
    });
    expect(errorOf(outcome).requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("throws what its outcome would hold", async () => {
    const error: unknown = await seller()
      .resolveCustomer({ registrationToken: "x" })
      .catch((thrown: unknown) => thrown);
    expect(isMeteringError(error, "InvalidTokenException")).toBe(true);
    expect(market).toHaveRefused("InvalidTokenException");
  });

  test("with a key that is not known is UnrecognizedClientException; with a wrong secret, InvalidSignatureException", async () => {
    const strangers = [
      { accessKeyId: "AKIASTRANGER", secretAccessKey: "x" },
      { ...market.credentials(), secretAccessKey: "x" },
    ];
    const outcomes = await Promise.all(
      strangers.map((credentials) => seller({ credentials }).batchMeterUsageOutcome(usage(0))),
    );
    const names = outcomes.map((outcome) => errorOf(outcome).name);
    expect(names).toEqual(["UnrecognizedClientException", "InvalidSignatureException"]);
    for (const name of names) expect(market).toHaveRefused(name);
  });

  test("that cannot be sent is an error of this side, and nothing is sent", async () => {
    const listener = await listen(() => ({}));
    const client = clientOf(listener.url);
    const seconds = { ...usage(0).usageRecords[0], timestamp: 1_767_323_045 };
    const noNumber = { ...usage(0).usageRecords[0], quantity: Number.NaN };
    const large = { ...usage(0).usageRecords[0], dimension: "x".repeat(1_048_576) };
    for (const record of [seconds, noNumber, large]) {
      const outcome = await client.batchMeterUsageOutcome({ productCode, usageRecords: [record] });
      expect(outcome).toMatchObject({ ok: false, error: { name: "InvalidInputError", attempts: 0 } });
    }
    expect(listener.heard).toEqual([]);
  });

  test("whose quantity would be taken for 0 by mistake is an error of this side, and nothing is sent", async () => {
    const listener = await listen(() => ({}));
    const client = clientOf(listener.url);
    const record = { timestamp: Date.now(), customerIdentifier: "c", dimension: "d" };
    const meter = { productCode, timestamp: Date.now(), usageDimension: "d" };
    const batch = (more: object) =>
      client.batchMeterUsageOutcome({ productCode, usageRecords: [{ ...record, ...more }] });
    const single = (more: object) => client.meterUsageOutcome({ ...meter, ...more });
    const slips: readonly (readonly [Promise<Outcome<unknown>>, string])[] = [
      [batch({ quantity: undefined }), "quantity must be a finite number; it is undefined."],
      [batch({ qty: 1 }), "There is no member qty; it is called quantity."],
      [batch({ usageQuantity: 1 }), "There is no member usageQuantity; it is called quantity."],
      [single({ usageQuantity: undefined }), "usageQuantity must be a finite number; it is undefined."],
      [single({ quantity: 1 }), "There is no member quantity; it is called usageQuantity."],
      [single({ usageQuantity: 1, dryrun: true }), "There is no member dryrun; it is called dryRun."],
    ];
    for (const [outcome, message] of slips) {
      expect(await outcome).toMatchObject({ ok: false, error: { name: "InvalidInputError", message, attempts: 0 } });
    }
    expect(listener.heard).toEqual([]);
    expect([await batch({}), await single({})], "absent, it is 0").toMatchObject([{ ok: true }, { ok: true }]);
  });

  test("as the official client writes it is refused with the right names, and nothing is sent", async () => {
    const listener = await listen(() => ({}));
    const client = clientOf(listener.url);
    const record = { timestamp: Date.now(), customerIdentifier: "c", dimension: "d", quantity: 1 };
    const batch = (more: object) =>
      client.batchMeterUsageOutcome({ productCode, usageRecords: [{ ...record, ...more }] });
    const tagged = { AllocatedUsageQuantity: 1, Tags: [{ Key: "k", Value: "v" }] };
    const untagged = { allocatedUsageQuantity: 1, Tags: [] };
    const slips: readonly (readonly [Promise<Outcome<unknown>>, string])[] = [
      [
        client.batchMeterUsageOutcome({ ProductCode: "p", UsageRecords: [] } as never),
        called("ProductCode", "productCode"),
      ],
      [
        client.batchMeterUsageOutcome({ productCode, UsageRecords: [] } as never),
        called("UsageRecords", "usageRecords"),
      ],
      [
        batch({ customerIdentifier: undefined, CustomerAWSAccountId: "1" }),
        called("CustomerAWSAccountId", "customerAccountId"),
      ],
      [batch({ usageAllocations: [tagged] }), called("AllocatedUsageQuantity", "allocatedUsageQuantity")],
      [batch({ usageAllocations: [untagged] }), called("Tags", "tags")],
      [
        client.meterUsageOutcome({ ProductCode: "p", Timestamp: new Date() } as never),
        called("ProductCode", "productCode"),
      ],
      [
        client.registerUsageOutcome({ productCode, publicKeyVersion: 1, Nonce: "n" } as never),
        called("Nonce", "nonce"),
      ],
      [
        client.resolveCustomerOutcome({ RegistrationToken: "t" } as never),
        called("RegistrationToken", "registrationToken"),
      ],
    ];
    for (const [outcome, message] of slips) {
      expect(await outcome).toMatchObject({ ok: false, error: { name: "InvalidInputError", message, attempts: 0 } });
    }
    const { timestamp, ...rest } = record;
    const all = await client
      .meterAll([
        { ...rest, Timestamp: timestamp },
        { ...record, ProductCode: "p" },
      ] as never)
      .toArray();
    expect(all).toMatchObject([
      { status: "refused", message: called("Timestamp", "timestamp") },
      { status: "refused", message: called("ProductCode", "productCode") },
    ]);
    expect(listener.heard).toEqual([]);
  });

  test("an unprocessed record, which had no quantity, can be sent again as it came", async () => {
    const UnprocessedRecords = [{ Timestamp: 1_767_323_045, CustomerIdentifier: "c", Dimension: "d", Quantity: null }];
    const listener = await listen(() => ({ body: { Results: [], UnprocessedRecords } }));
    const client = clientOf(listener.url);
    const { unprocessedRecords } = await client.batchMeterUsage(usage(0));
    await client.batchMeterUsage({ productCode, usageRecords: unprocessedRecords });
    expect(JSON.parse(listener.heard[1]?.text ?? "")).toMatchObject({ UsageRecords: [{ Dimension: "d" }] });
  });
});

describe("C4: an operation as a Callable", () => {
  test("is a future of its outcome, and runs beside others, as many at once as was said", async () => {
    let now = 0;
    let most = 0;
    const listener = await listen(async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now -= 1;
      return { body: { Results: [], UnprocessedRecords: [] } };
    });
    const client = clientOf(listener.url, { concurrency: 3 });
    const futures = Array.from({ length: 10 }, () => client.batchMeterUsageCallable(usage(0)));
    const outcomes = await Promise.all(futures);
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    expect(most).toBe(3);
  });

  test("fixes its input when it is called", async () => {
    const listener = await listen(() => ({ body: { Results: [] } }));
    const client = clientOf(listener.url, { concurrency: 1 });
    const input = usage(0);
    const futures = [client.batchMeterUsageCallable(input), client.batchMeterUsageCallable(input)];
    input.usageRecords[0].quantity = 99;
    await Promise.all(futures);
    const quantities = listener.heard.map(({ text }) => /"Quantity":(\d+)/.exec(text)?.[1]);
    expect(quantities).toEqual(["3", "3"]);
  });

  test("of every operation reaches the server", async () => {
    const client = seller();
    const outcomes = await Promise.all([
      client.batchMeterUsageCallable(usage(0)),
      client.meterUsageCallable({ productCode, timestamp: Date.now(), usageDimension: "gb_ingested" }),
      client.registerUsageCallable({ productCode, publicKeyVersion: 1 }),
      client.resolveCustomerCallable({ registrationToken: "x" }),
    ]);
    const refusals = ["CustomerNotEntitledException", "PlatformNotSupportedException", "InvalidTokenException"];
    expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.name))).toEqual(["ok", ...refusals]);
    for (const name of refusals) expect(market).toHaveRefused(name);
  });
});

describe("C5: an operation as Async", () => {
  test("hands client, input, outcome and the caller's context to the handler, on the executor that was given", async () => {
    const ran: string[] = [];
    const executor = {
      run: <T>(task: () => Promise<T>): Promise<T> => {
        ran.push("task");
        return task();
      },
    };
    const client = seller({ executor });
    const input = usage(0);
    const token = { registrationToken: "x" };
    const heard = await Promise.all([
      new Promise((resolve) =>
        client.batchMeterUsageAsync(
          input,
          (...all) => resolve([all[0] === client, all[1] === input, all[2].ok, all[3]]),
          7,
        ),
      ),
      new Promise((resolve) => client.resolveCustomerAsync(token, (_c, _i, { ok }, context) => resolve([ok, context]))),
      new Promise((resolve) =>
        client.meterUsageAsync(
          { productCode, timestamp: Date.now(), usageDimension: "d" },
          (_c, _i, { ok }, context) => resolve([ok, context]),
          "meter",
        ),
      ),
      new Promise((resolve) =>
        client.registerUsageAsync(
          { productCode, publicKeyVersion: 1 },
          (_c, _i, { ok }, c) => resolve([ok, c]),
          "register",
        ),
      ),
    ]);
    expect(heard).toEqual([
      [true, true, true, 7],
      [false, undefined],
      [false, "meter"],
      [false, "register"],
    ]);
    expect(ran).toHaveLength(4);
    for (const rule of ["T2", "CustomerNotEntitledException", "PlatformNotSupportedException"]) {
      expect(market).toHaveRefused(rule);
    }
  });

  const failures: readonly (readonly [string, boolean, Executor["run"]])[] = [
    ["throws", false, () => { throw new Error("full"); }],
    ["rejects before it runs anything", false, () => Promise.reject(new Error("full"))],
    ["rejects although the call was made", true, (task) => task().then(() => Promise.reject(new Error("full")))],
  ]; // prettier-ignore
  test.each(failures)("hears of an executor that %s", async (_what, mayHaveSucceeded, run) => {
    const client = seller({ executor: { run } });
    const failure = { name: "ConfigurationError", message: "The executor failed: Error: full", mayHaveSucceeded };
    const outcome = await new Promise((resolve) => client.batchMeterUsageAsync(usage(0), (_c, _i, it) => resolve(it)));
    expect(outcome).toMatchObject({ ok: false, error: { ...failure, operation: "BatchMeterUsage" } });
    expect(await client.batchMeterUsageCallable(usage(0))).toMatchObject({ ok: false, error: failure });
  });
});

describe("C7: a client that is closed", () => {
  test("lets calls under way and submitted ones end, takes no more, and closes its connections", async () => {
    const listener = await listen(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { body: { Results: [] } };
    });
    const client = clientOf(listener.url, { concurrency: 1 });
    const calls = [
      client.batchMeterUsageOutcome(usage(0)),
      client.batchMeterUsageCallable(usage(0)),
      client.batchMeterUsageCallable(usage(0)),
    ];
    await client.close();
    expect(listener.heard).toHaveLength(3);
    for (const call of calls) expect(await call).toMatchObject({ ok: true });
    expect(await client.batchMeterUsageOutcome(usage(0))).toMatchObject({ error: { name: "ClientClosedError" } });
    await expect.poll(() => listener.connections()).toBe(0);
  });

  test("may be so by `await using`", async () => {
    const listener = await listen(() => ({ body: { Results: [] } }));
    {
      await using client = new MarketplaceMeteringClient({
        region: "us-east-1",
        endpoint: listener.url,
        credentials: CREDENTIALS,
      });
      await client.batchMeterUsage(usage(0));
      expect(await listener.connections()).toBe(1);
    }
    await expect.poll(() => listener.connections()).toBe(0);
  });
});

/** What the service clock decides, to the second: how old usage may be, and how long a registration token is good. */
import {
  BatchMeterUsageCommand,
  ExpiredTokenException,
  ResolveCustomerCommand,
  TimestampOutOfBoundsException,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { matchers } from "../support/market-matchers.ts";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

expect.extend(matchers);

const test = testNeeding({ ownServer: "it moves the clock from a time of its own" });

/** Meters usage of that time; answers the record's status, or the error's name. */
async function meter(server: DemoMarket, timestamp: string | number): Promise<string | undefined> {
  const record = { CustomerIdentifier: "demoCustomer1", Dimension: "seats", Quantity: 1 };
  const UsageRecords = [{ ...record, Timestamp: new Date(timestamp) }];
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords });
  try {
    return (await officialClient(server.endpoint).send(command)).Results?.[0]?.Status;
  } catch (error) {
    if (error instanceof TimestampOutOfBoundsException) return error.name;
    throw error;
  }
}

const REFUSED = "TimestampOutOfBoundsException";
const secondsFrom = (time: string, seconds: number): number => Date.parse(time) + seconds * 1000;

describe("under the rule set classic", () => {
  const NOON = "2026-03-10T12:00:00Z";
  let server: DemoMarket;

  beforeAll(async () => {
    server = await demoMarket({ now: NOON });
  });

  afterEach(() => server.market.restore());
  afterAll(() => server.stop());

  const inTime: readonly [number, string][] = [
    [0, "now"],
    [21_599, "younger than six hours"],
    [21_600, "exactly six hours old"],
    [-900, "exactly 15 minutes ahead"],
  ];
  test.for(inTime)("B3, Rules W1, W3: usage of %d s ago, %s, is accepted", async ([seconds]) => {
    expect(await meter(server, secondsFrom(NOON, -seconds))).toBe("Success");
    expect(server.market).toHaveMetered({ customer: "demoCustomer1", dimension: "seats", units: 1 });
  });

  const outOfTime: readonly [string, number, string][] = [
    ["W1", 21_600.001, "a millisecond older than six hours"],
    ["W1", 21_601, "a second older than six hours"],
    ["W1", 86_400, "a day old"],
    ["W3", -900.001, "a millisecond more than 15 minutes ahead"],
  ];
  test.for(outOfTime)("B3, Rule %s: usage of %d s ago, %s, is refused", async ([rule, seconds]) => {
    expect(await meter(server, secondsFrom(NOON, -seconds))).toBe(REFUSED);
    expect(server.market).toHaveRefused(rule);
    expect(server.market).toHaveMeteredNothingFor("demoCustomer1");
  });

  test("B3, Rule W1: usage leaves the window as the clock is moved, its replay too", async () => {
    const sixHoursOld = secondsFrom(NOON, -21_600);
    expect(await meter(server, sixHoursOld)).toBe("Success");
    await server.market.clock.advance({ seconds: 1 });
    expect(await meter(server, sixHoursOld)).toBe(REFUSED);
    await server.market.clock.to("2026-03-10T18:00:00Z");
    expect(await meter(server, NOON)).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -1))).toBe(REFUSED);
    await expect(server.market.clock.to(NOON)).rejects.toThrow("forward only");
  });

  test("S5, Rule T1: a registration token is good for four hours of the service clock, then ExpiredTokenException", async () => {
    const client = officialClient(server.endpoint);
    const command = new ResolveCustomerCommand({ RegistrationToken: await registrationToken(server, "agmt-demo1") });
    const customer = { CustomerIdentifier: "demoCustomer1" };
    await expect(client.send(command)).resolves.toMatchObject(customer);
    await server.market.clock.advance({ seconds: 14_399 });
    await expect(client.send(command)).resolves.toMatchObject(customer);
    await server.market.clock.advance({ seconds: 1 });
    const expired = client.send(command);
    await expect(expired).rejects.toBeInstanceOf(ExpiredTokenException);
    await expect(expired).rejects.toMatchObject({ name: "ExpiredTokenException", $metadata: { httpStatusCode: 400 } });
  });

  test("the Date header tells the wall clock's time, whatever the service clock says, and SDKs go on signing", async () => {
    await server.market.clock.to("2030-01-01T00:00:00Z");
    const request = signed(wireRequest(server.endpoint, "BatchMeterUsage", { UsageRecords: [] }));
    const answer = await send(server.endpoint, request);
    expect(answer.status).toBe(200);
    expect(Math.abs(Date.parse(answer.headers.date ?? "") - Date.now())).toBeLessThan(5_000);
    expect(await meter(server, "2030-01-01T00:00:00Z")).toBe("Success");
    const kept = await meteringRecords(server, { from: "2030-01-01T00:00:00Z" });
    expect(kept).toMatchObject([{ recordedAt: "2030-01-01T00:00:00.000Z" }]);
  });
});

describe("under the rule set current", () => {
  const NOON = "2026-07-15T12:00:00Z";
  let server: DemoMarket;

  beforeAll(async () => {
    server = await demoMarket({ now: NOON, rules: "current" });
  });

  afterEach(() => server.market.restore());
  afterAll(() => server.stop());

  test("Rule W4: usage is accepted until it is 24 hours old, and refused from then on", async () => {
    expect(await meter(server, secondsFrom(NOON, -21_601))).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -86_399.999))).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -86_400))).toBe(REFUSED);
    expect(server.market).toHaveRefused("W4");
    expect(await meter(server, secondsFrom(NOON, 901))).toBe(REFUSED);
  });

  test("Rule W2: usage of the month before is accepted until 06:00 UTC on the 1st, and refused from then on", async () => {
    await server.market.clock.to("2026-08-01T05:59:59.999Z");
    expect(await meter(server, "2026-07-31T23:59:59.999Z")).toBe("Success");
    expect(await meter(server, "2026-07-31T06:00:00Z"), "within 24 hours").toBe("Success");
    await server.market.clock.to("2026-08-01T06:00:00Z");
    expect(await meter(server, "2026-07-31T23:59:59.999Z")).toBe(REFUSED);
    expect(server.market).toHaveRefused("W2");
    expect(await meter(server, "2026-08-01T00:00:00Z"), "usage of this month").toBe("Success");
  });
});

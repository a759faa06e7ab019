/** What the service clock decides, to the second: how old usage may be, and how long a registration token is good. */
import {
  BatchMeterUsageCommand,
  ExpiredTokenException,
  ResolveCustomerCommand,
  TimestampOutOfBoundsException,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { meteringRecords, moveClock, registrationToken } from "../support/operator-api.ts";
import { send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock from a time of its own" });

/** Meters usage of that time; answers the record's status, or the error's name. */
async function meter(server: RunningServer, timestamp: string | number): Promise<string | undefined> {
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
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer(["--store", "memory:", "--clock", `manual:${NOON}`]);
  });

  afterAll(() => server.stop());

  const ages: readonly [number, string, string][] = [
    [0, "now", "Success"],
    [21_599, "younger than six hours", "Success"],
    [21_600, "exactly six hours old", "Success"],
    [21_600.001, "a millisecond older than six hours", REFUSED],
    [21_601, "a second older than six hours", REFUSED],
    [86_400, "a day old", REFUSED],
    [-900, "exactly 15 minutes ahead", "Success"],
    [-900.001, "a millisecond more than 15 minutes ahead", REFUSED],
  ];

  test.for(ages)("B3, Rules W1, W3: usage of %d s ago, %s: %s", async ([seconds, , outcome]) => {
    expect(await meter(server, secondsFrom(NOON, -seconds))).toBe(outcome);
  });

  test("B3, Rule W1: usage leaves the window as the clock is moved, its replay too", async () => {
    const sixHoursOld = secondsFrom(NOON, -21_600);
    expect(await meter(server, sixHoursOld)).toBe("Success");
    await moveClock(server, { advanceSeconds: 1 });
    expect(await meter(server, sixHoursOld)).toBe(REFUSED);
    await moveClock(server, { now: "2026-03-10T18:00:00Z" });
    expect(await meter(server, NOON)).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -1))).toBe(REFUSED);
    const back = await server.operator("PUT", "/clock", { now: NOON });
    expect(back.status, "the clock moves forward only").toBe(409);
  });

  test("S5, Rule T1: a registration token is good for four hours of the service clock, then ExpiredTokenException", async () => {
    const client = officialClient(server.endpoint);
    const command = new ResolveCustomerCommand({ RegistrationToken: await registrationToken(server, "agmt-demo1") });
    const customer = { CustomerIdentifier: "demoCustomer1" };
    await expect(client.send(command)).resolves.toMatchObject(customer);
    await moveClock(server, { advanceSeconds: 14_399 });
    await expect(client.send(command)).resolves.toMatchObject(customer);
    await moveClock(server, { advanceSeconds: 1 });
    const expired = client.send(command);
    await expect(expired).rejects.toBeInstanceOf(ExpiredTokenException);
    await expect(expired).rejects.toMatchObject({ name: "ExpiredTokenException", $metadata: { httpStatusCode: 400 } });
  });

  test("the Date header tells the wall clock's time, whatever the service clock says, and SDKs go on signing", async () => {
    await moveClock(server, { now: "2030-01-01T00:00:00Z" });
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
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer(["--store", "memory:", "--rules", "current", "--clock", `manual:${NOON}`]);
  });

  afterAll(() => server.stop());

  test("Rule W1: usage is accepted until it is 24 hours old, and refused from then on", async () => {
    expect(await meter(server, secondsFrom(NOON, -21_601))).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -86_399.999))).toBe("Success");
    expect(await meter(server, secondsFrom(NOON, -86_400))).toBe(REFUSED);
    expect(await meter(server, secondsFrom(NOON, 901))).toBe(REFUSED);
  });

  test("Rule W2: usage of the month before is accepted until 06:00 UTC on the 1st, and refused from then on", async () => {
    await moveClock(server, { now: "2026-08-01T05:59:59.999Z" });
    expect(await meter(server, "2026-07-31T23:59:59.999Z")).toBe("Success");
    expect(await meter(server, "2026-07-31T06:00:00Z"), "within 24 hours").toBe("Success");
    await moveClock(server, { now: "2026-08-01T06:00:00Z" });
    expect(await meter(server, "2026-07-31T23:59:59.999Z")).toBe(REFUSED);
    expect(await meter(server, "2026-08-01T00:00:00Z"), "usage of this month").toBe("Success");
  });
});

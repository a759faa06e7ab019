/** The clock and the reset through the operator API: for a lab, and refused elsewhere. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import {
  DEMO,
  officialClient,
  startServer,
  temporaryFolder,
  type RunningServer,
  type Served,
} from "../support/server.ts";

const call = (server: Served, method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });

describe("with the system clock, outside a lab", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(["--store", "memory:", "--no-lab"]);
  });
  afterAll(() => server.stop());

  test("the clock shows the time of day", async () => {
    const { json } = await call(server, "GET", "/clock");
    const { now, mode } = json as { now: string; mode: string };
    expect(mode).toBe("system");
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(5_000);
  });

  test("the clock cannot be moved", async () => {
    expectProblem(await call(server, "PUT", "/clock", { advanceSeconds: 1 }), 409, /system clock cannot be moved/);
    expectProblem(await call(server, "PUT", "/clock", { now: "2100-01-01T00:00:00Z" }), 409, /cannot be moved/);
  });

  test("nothing is reset", async () => {
    await call(server, "POST", "/accounts", { id: "999900001111" });
    expectProblem(await call(server, "POST", "/reset"), 403, /needs --lab/);
    expect((await call(server, "GET", "/accounts/999900001111")).status).toBe(200);
  });
});

describe("with a manual clock", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket({ now: "2026-07-20T12:00:00Z" });
  });
  afterAll(() => server.stop());

  test("the clock stands still until it is moved, forward only", async () => {
    expect((await call(server, "GET", "/clock")).json).toEqual({ now: "2026-07-20T12:00:00.000Z", mode: "manual" });
    const moved = await call(server, "PUT", "/clock", { now: "2026-07-20T15:00:00+02:00" });
    expect(moved.json).toEqual({ now: "2026-07-20T13:00:00.000Z", mode: "manual" });
    const advanced = await call(server, "PUT", "/clock", { advanceSeconds: 90.5 });
    expect(advanced.json).toEqual({ now: "2026-07-20T13:01:30.500Z", mode: "manual" });
    const back = await call(server, "PUT", "/clock", { now: "2026-07-20T13:01:30Z" });
    expectProblem(back, 409, /forward only; it stands at 2026-07-20T13:01:30\.500Z/);
    const explained = await call(server, "GET", `/requests/${back.headers.get("x-request-id") ?? ""}/explanation`);
    const compared = { now: "2026-07-20T13:01:30.500Z", to: "2026-07-20T13:01:30.000Z" };
    expect(explained.json).toMatchObject({ refusal: { code: "conflict", compared } });
    const hair = await call(server, "PUT", "/clock", { advanceSeconds: 0.0004 });
    expect(hair.json, "moves by whole milliseconds").toEqual(advanced.json);
    expect((await call(server, "PUT", "/clock", { advanceSeconds: 0 })).status).toBe(200);
    expect((await call(server, "GET", "/clock")).json).toMatchObject({ now: "2026-07-20T13:01:30.500Z" });
  });

  test("the clock goes as far as times can be written", async () => {
    const last = await demoMarket({ now: "9999-12-31T23:00:00Z" });
    onTestFinished(() => last.stop());
    expect((await call(last, "PUT", "/clock", { advanceSeconds: 3_599 })).status).toBe(200);
    const beyond = await call(last, "PUT", "/clock", { advanceSeconds: 1 });
    expectProblem(beyond, 409, /as far as the year 9999; it stands at 9999-12-31T23:59:59\.000Z/);
    expect((await call(last, "GET", "/clock")).json).toMatchObject({ now: "9999-12-31T23:59:59.000Z" });
  });

  test.each([
    [{}, "must have exactly one of now and advanceSeconds"],
    [{ now: "2030-01-01T00:00:00Z", advanceSeconds: 1 }, "must have exactly one of now and advanceSeconds"],
    [{ now: "tomorrow" }, /^now: /],
    [{ now: "2030-01-01" }, /^now: /],
    [{ advanceSeconds: -1 }, /^advanceSeconds: /],
    [{ advanceSeconds: "60" }, /^advanceSeconds: /],
    [{ advanceSeconds: 1e12 }, /^advanceSeconds: /],
    [{ advanceSeconds: 1, seconds: 1 }, "unknown member seconds"],
  ])("a move like %j does not fit", async (body, complaint) => {
    const answer = await call(server, "PUT", "/clock", body);
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(complaint) as string]);
  });
});

test("an offset clock ticks on from where it was moved to", async () => {
  const server = await startServer(["--store", "memory:", "--clock", "offset:2030-01-01T00:00:00Z"]);
  try {
    await call(server, "PUT", "/clock", { now: "2031-01-01T00:00:00Z" });
    const first = (await call(server, "GET", "/clock")).json as { now: string; mode: string };
    await new Promise((resume) => setTimeout(resume, 20));
    const second = (await call(server, "GET", "/clock")).json as { now: string };
    expect(first).toMatchObject({ mode: "offset", now: expect.stringMatching(/^2031-01-01T00:00:0/) as string });
    expect(Date.parse(second.now)).toBeGreaterThanOrEqual(Date.parse(first.now) + 20);
  } finally {
    await server.stop();
  }
});

describe("a reset", () => {
  const folder = temporaryFolder();
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(["--store", `sqlite:${folder.path}`, "--clock", "manual:2026-07-20T12:00:00Z"]);
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  const meter = async (credentials = DEMO as { accessKeyId: string; secretAccessKey: string }): Promise<string> => {
    const client = officialClient(server.endpoint, credentials);
    try {
      const { Results = [] } = await client.send(
        new BatchMeterUsageCommand({
          ProductCode: DEMO.productCode,
          UsageRecords: [
            {
              Timestamp: new Date("2026-07-20T12:00:00Z"),
              CustomerIdentifier: "demoCustomer1",
              Dimension: "seats",
              Quantity: 3,
            },
          ],
        }),
      );
      return Results[0]?.MeteringRecordId ?? "";
    } catch (error) {
      return (error as Error).name;
    } finally {
      client.destroy();
    }
  };

  test("empties the ledger, puts the catalogue back, and leaves the clock where it is", async () => {
    const catalogue = async (): Promise<unknown[]> =>
      Promise.all(
        ["/accounts", "/products", "/agreements"].map(async (path) => (await call(server, "GET", path)).json),
      );
    const before = await catalogue();
    const id = await meter();
    const key = (await call(server, "POST", `/accounts/${DEMO.seller}/access-keys`, {})).json as {
      accessKeyId: string;
      secretAccessKey: string;
    };
    await call(server, "POST", "/accounts", { id: "999900001111" });
    await call(server, "PATCH", `/products/${DEMO.productCode}`, { title: "Changed" });
    await call(server, "PATCH", "/agreements/agmt-demo1", { endsAt: "2021-01-01T00:00:00Z" });
    await call(server, "DELETE", `/accounts/${DEMO.seller}/access-keys/AKIACOUNTINGHOUSE002`);
    await call(server, "PUT", "/clock", { advanceSeconds: 3_600 });
    expect(await meter(key)).toBe(id);

    const answer = await call(server, "POST", "/reset");
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(await catalogue()).toEqual(before);
    expect((await call(server, "GET", "/metering-records")).json).toEqual({ items: [] });
    expect((await call(server, "GET", "/clock")).json).toEqual({ now: "2026-07-20T13:00:00.000Z", mode: "manual" });
    expect(await meter(key)).toBe("UnrecognizedClientException");
    const again = await meter();
    expect(again).toMatch(/^[0-9a-f-]{36}$/);
    expect(again).not.toBe(id);
  });

  test("is as durable as what it removed", async () => {
    await call(server, "POST", "/accounts", { id: "999900001111" });
    await call(server, "POST", "/reset");
    const id = await meter();
    await server.kill();
    server = await startServer(["--store", `sqlite:${folder.path}`, "--clock", "manual"]);
    expect((await call(server, "GET", "/accounts/999900001111")).status).toBe(404);
    expect((await call(server, "GET", "/clock")).json).toMatchObject({ now: "2026-07-20T13:00:00.000Z" });
    expect(await meter()).toBe(id);
  });
});

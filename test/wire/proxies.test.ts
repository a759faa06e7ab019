/** Behind a proxy that is trusted, requests come from where it says; behind none, from who is connected. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { jsonOf, send, signed, wireRequest, withHeaders, type RawAnswer } from "../support/raw-client.ts";
import { DEMO, runCommand, startServer, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it sets --trusted-proxies" });

const PLACES = 2;
let trusting: RunningServer;
let plain: RunningServer;

beforeAll(async () => {
  const flags = ["--store", "memory:", "--network-connections-max", String(PLACES)];
  [trusting, plain] = await Promise.all([
    startServer(flags, { COUNTINGHOUSE_TRUSTED_PROXIES: "127.0.0.1/32, fd00::/8" }),
    startServer(["--store", "memory:"]),
  ]);
});

afterAll(() => Promise.all([trusting.stop(), plain.stop()]));

function meter({ endpoint }: RunningServer, forwarded?: string | readonly string[]): Promise<RawAnswer> {
  const request = signed(wireRequest(endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords: [] }));
  return send(endpoint, withHeaders(request, { "x-forwarded-for": forwarded }));
}

async function sourceOf(server: RunningServer, query: string): Promise<unknown> {
  const { body } = await server.operator("GET", `/audit-events?limit=1&${query}`);
  return (body as { items: { sourceIPAddress: string }[] }).items[0]?.sourceIPAddress;
}

describe("the trail's source address", () => {
  test.for([
    ["203.0.113.9", "203.0.113.9"],
    ["198.51.100.1, 203.0.113.9", "203.0.113.9"],
    [["198.51.100.1", "203.0.113.9, 127.0.0.1"], "203.0.113.9"],
    ["[2001:db8::9]:443", "2001:db8::9"],
    ["somebody", "127.0.0.1"],
    [undefined, "127.0.0.1"],
  ] as const)("of a request that was forwarded for %j is %s", async ([forwarded, address]) => {
    expect((await meter(trusting, forwarded)).status).toBe(200);
    expect(await sourceOf(trusting, "eventName=BatchMeterUsage")).toBe(address);
  });

  test("is the peer's, whatever is said, where no proxy is trusted", async () => {
    expect((await meter(plain, "203.0.113.9")).status).toBe(200);
    expect(await sourceOf(plain, "eventName=BatchMeterUsage")).toBe("127.0.0.1");
  });

  test("of operator calls goes by the same rule", async () => {
    for (const [server, address] of [
      [trusting, "203.0.113.9"],
      [plain, "127.0.0.1"],
    ] as const) {
      const response = await fetch(`${server.operatorUrl}/accounts`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${server.operatorToken}`,
          "content-type": "application/json",
          "x-forwarded-for": "203.0.113.9",
        },
        body: JSON.stringify({ id: "121212121212" }),
      });
      expect(response.ok).toBe(true);
      expect(await sourceOf(server, "order=newest")).toBe(address);
    }
  });
});

test("shares go by the address that is forwarded for: one caller's many requests are not another's", async () => {
  const fault = { operation: "BatchMeterUsage", kind: "delay", delayMs: 2_000, count: PLACES };
  expect((await trusting.operator("POST", "/faults", fault)).status).toBe(201);
  const slow = Array.from({ length: PLACES }, () => meter(trusting, "203.0.113.1"));
  await delay(500);
  const [over, other] = await Promise.all([meter(trusting, "203.0.113.1"), meter(trusting, "203.0.113.2")]);
  expect(jsonOf(over)).toEqual({ __type: "ThrottlingException", message: "Rate exceeded" });
  expect(other.status).toBe(200);
  const elsewhere = await fetch(`${trusting.endpoint}/readyz`, { headers: { "x-forwarded-for": "203.0.113.1" } });
  expect(elsewhere.status).toBe(503);
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(PLACES).fill(200));
  expect((await meter(trusting, "203.0.113.1")).status).toBe(200);
});

test.for(["10.0.0.0/33", "10.0.0", "fd00::/129", "proxy.example", "10.0.0.0/8 x", "10.0.0.0/-1", "fe80::1%eth0"])(
  "--trusted-proxies %j is refused, with what was expected",
  async (given) => {
    const { code, stderr } = await runCommand(["serve", "--store", "memory:", "--trusted-proxies", given]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^countinghouse: --trusted-proxies must be addresses or networks such as 10\.0\.0\.0\/8/),
    ]);
  },
);

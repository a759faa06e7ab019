/** A lab tells the service clock's time in every answer on the wire; any other server does not. */
import { startMarket } from "countinghouse/testkit";
import { expect } from "vitest";
import { DEMO_CATALOGUE } from "../support/demo-market.ts";
import { send, signed, wireRequest, type RawAnswer, type RawRequest } from "../support/raw-client.ts";
import { startServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock, and turns the lab off" });

const NOON = "2026-03-10T12:00:00.000Z";

const requestsTo = (endpoint: string): readonly (readonly [string, number, RawRequest])[] => {
  const batch = wireRequest(endpoint, "BatchMeterUsage", { UsageRecords: [] });
  const sts = Buffer.from("Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
  return [
    ["a success", 200, signed(batch)],
    ["a refusal", 400, signed(wireRequest(endpoint, "ResolveCustomer", { RegistrationToken: "none" }))],
    ["a request without a signature", 400, batch],
    ["an operation that there is not", 400, signed(wireRequest(endpoint, "MeterNothing", {}))],
    ["what is no operation", 403, { ...batch, method: "GET", body: Buffer.alloc(0) }],
    ["a body that is too large", 413, wireRequest(endpoint, "BatchMeterUsage", Buffer.alloc(1_048_576, "x"))],
    ["STS", 400, { ...batch, headers: { host: batch.headers["host"], "content-type": "application/x-www-form-urlencoded" }, body: sts }],
  ]; // prettier-ignore
};
const timeOf = ({ headers }: RawAnswer): unknown => headers["x-countinghouse-service-time"];

test("a lab's, to the millisecond, errors included, as the clock is moved", async () => {
  await using market = await startMarket({ now: NOON, catalogue: DEMO_CATALOGUE, unexpectedCalls: "ignore" });
  for (const [what, status, request] of requestsTo(market.url)) {
    const answer = await send(market.url, request);
    expect([what, answer.status, timeOf(answer)]).toEqual([what, status, NOON]);
  }
  await market.clock.to("2026-03-10T18:00:00.007Z");
  for (const [, , request] of requestsTo(market.url)) {
    expect(timeOf(await send(market.url, request))).toBe("2026-03-10T18:00:00.007Z");
  }
});

test("a server that is no lab tells the time by its Date alone", async () => {
  const server = await startServer(["--store", "memory:", "--no-lab"]);
  try {
    for (const [what, status, request] of requestsTo(server.endpoint)) {
      const answer = await send(server.endpoint, request);
      expect([what, answer.status, timeOf(answer)]).toEqual([what, status, undefined]);
    }
  } finally {
    await server.stop();
  }
});

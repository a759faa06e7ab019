/** What a page of another site is told: every answer of the wire, of whichever kind, may be read by it; nothing else may. */
import { trailService } from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { send, signed, wireRequest, withHeaders, type RawAnswer, type RawRequest } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");
const ORIGIN = "https://page.example";

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

/** As a page's script sends it. */
function ask(request: RawRequest): Promise<RawAnswer> {
  return send(server.endpoint, withHeaders(request, { origin: ORIGIN }));
}

const batch = (): RawRequest =>
  wireRequest(server.endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords: [] });
const form = (text: string): RawRequest =>
  withHeaders(
    { ...batch(), body: Buffer.from(text) },
    {
      "x-amz-target": undefined,
      "content-type": "application/x-www-form-urlencoded",
    },
  );

const answers: readonly (readonly [string, number, () => RawRequest])[] = [
  ["a call that succeeds", 200, () => signed(batch())],
  ["a call that is refused", 400, () => signed(wireRequest(server.endpoint, "ResolveCustomer", { RegistrationToken: "x" }))],
  ["a call that is not signed", 400, batch],
  ["a call that is signed for another service", 400, () => signed(wireRequest(server.endpoint, "LookupEvents", {}, trailService))],
  ["an operation that there is none of", 400, () => withHeaders(batch(), { "x-amz-target": "Nothing.Nothing" })],
  ["no operation at all", 403, () => withHeaders(batch(), { "x-amz-target": undefined, "content-type": "text/plain" })],
  ["another method", 403, () => ({ ...batch(), method: "PUT" })],
  ["another media type", 404, () => withHeaders(batch(), { "content-type": "text/plain" })],
  ["JSON by another name", 404, () => withHeaders(batch(), { "content-type": "application/json" })],
  ["a body that is too large", 413, () => ({ ...batch(), body: Buffer.alloc(1_048_576) })],
  ["a form of STS that is refused", 400, () => form("Action=AssumeRoleWithWebIdentity&Version=2011-06-15")],
]; // prettier-ignore

describe("a page of another site may read the answer to", () => {
  test.for(answers)("%s (%d)", async ([, status, request]) => {
    const answer = await ask(request());
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "x-amzn-RequestId,Date",
    });
    const toNoPage = await send(server.endpoint, request());
    expect(toNoPage.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("the preflight of all of these", async () => {
    const preflight = {
      ...withHeaders(batch(), { "x-amz-target": undefined }),
      method: "OPTIONS",
      body: Buffer.alloc(0),
    };
    const answer = await ask(preflight);
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"], "once").toBe("*");
  });
});

test("a page of another site may not read anything else", async () => {
  for (const path of ["/operator/v1/accounts", "/healthz", "/metrics", "/buy", "/nothing", "/workload/credentials/x"]) {
    const answer = await ask({
      ...batch(),
      method: "GET",
      path,
      headers: { host: new URL(server.endpoint).host },
      body: Buffer.alloc(0),
    });
    expect(answer.headers, path).not.toHaveProperty("access-control-allow-origin");
  }
});

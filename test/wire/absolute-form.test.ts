/** RFC 9112, 3.2.2: a request whose target is a whole URI, as a client sends it to what it takes for a proxy. */
import { afterAll, beforeAll, expect } from "vitest";
import { bytesOf, exchange, signed, wireRequest, withHeaders, type RawRequest } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

const batch = (): RawRequest =>
  wireRequest(server.endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords: [] });

/** What is signed is the path; what is sent is the whole URI. */
function sent(request: RawRequest, base = server.endpoint): Promise<string> {
  const whole = withHeaders({ ...request, path: base + request.path }, { connection: "close" });
  return exchange(server.endpoint, bytesOf(whole));
}

const get = (path: string, over: RawRequest["headers"] = {}): RawRequest => ({
  method: "GET",
  path,
  headers: { host: new URL(server.endpoint).host, ...over },
  body: Buffer.alloc(0),
});

test("Rule N1: a right signature is right, whatever its path and query", async () => {
  expect(await sent(signed(batch()))).toMatch(/^HTTP\/1.1 200 /);
  expect(await sent(signed({ ...batch(), path: "/some/where?a=b" }))).toMatch(/^HTTP\/1.1 200 /);
});

test("Rule N1: without a path it is the root", async () => {
  const request = signed(batch());
  const whole = withHeaders({ ...request, path: server.endpoint }, { connection: "close" });
  expect(await exchange(server.endpoint, bytesOf(whole))).toMatch(/^HTTP\/1.1 200 /);
});

test("Rule N1: a wrong one is wrong", async () => {
  const altered = withHeaders(signed(batch()), { "x-amz-target": "AWSMPMeteringService.ResolveCustomer" });
  expect(await sent(altered)).toContain("InvalidSignatureException");
});

test("the target's host is the one that counts: it is signed, and the Host header is not read", async () => {
  const request = signed(batch());
  const { host } = new URL(server.endpoint);
  expect(await sent(withHeaders(request, { host: "another.example" }))).toMatch(/^HTTP\/1.1 200 /);
  expect(await sent(withHeaders(request, { host }), "http://another.example")).toContain("InvalidSignatureException");
});

test("the other routes are found, too, and the buy page's guard looks at the target's host", async () => {
  expect(await sent(get("/healthz"))).toMatch(/^HTTP\/1.1 200 /);
  expect(await sent(get("/operator/v1/accounts"))).toMatch(/^HTTP\/1.1 401 /);
  expect(await sent(get("/buy"))).toMatch(/^HTTP\/1.1 200 /);
  expect(await sent(get("/buy"), "http://rebound.example")).toMatch(/^HTTP\/1.1 4\d\d /);
  expect(await sent(get("/buy", { host: "rebound.example" }))).toMatch(/^HTTP\/1.1 200 /);
});

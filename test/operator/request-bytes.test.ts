/** Requests and their bytes, in a lab: listed, shown, sent again, and their signatures step by step; and no secret in any of it. */
import { canonicalRequest } from "@countinghouse/protocol";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { jsonOf, send, signed, wireRequest, withHeaders, type RawRequest } from "../support/raw-client.ts";
import { DEMO, startServer } from "../support/server.ts";

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket();
});
afterAll(() => server.stop());

const usage = (quantity: number, over: object = {}): object => ({
  ProductCode: DEMO.productCode,
  UsageRecords: [
    { Timestamp: Date.now() / 1_000, CustomerIdentifier: DEMO.customers[0], Dimension: "seats", Quantity: quantity },
  ],
  ...over,
});
const metering = (input: object | string | Buffer): RawRequest =>
  wireRequest(server.endpoint, "BatchMeterUsage", input);

/** Sends a request; answers its id. */
async function sent(request: RawRequest): Promise<string> {
  const { headers } = await send(server.endpoint, request);
  return headers["x-amzn-requestid"] as string;
}

const get = (path: string): Promise<OperatorAnswer> => callOperator(server, "GET", path);
const post = (path: string, body: unknown): Promise<OperatorAnswer> => callOperator(server, "POST", path, { body });

interface Raw {
  readonly request: { readonly headers: readonly { name: string; value: string }[]; readonly body?: string };
  readonly answer: { readonly status: number; readonly body?: string };
}

async function raw(id: string): Promise<Raw> {
  const answer = await get(`/requests/${id}/raw`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Raw;
}

test("a request that was kept is shown decoded, explained, timed, and as it stood on the wire", async () => {
  const input = JSON.stringify(usage(7));
  const id = await sent(signed(metering(input)));
  const shown = (await get(`/requests/${id}`)).json;
  expect(shown).toMatchObject({
    requestId: id,
    kept: true,
    operation: "BatchMeterUsage",
    accessKeyId: DEMO.accessKeyId,
    productCode: DEMO.productCode,
    outcome: "ok",
    records: { accepted: 1 },
    request: { productCode: DEMO.productCode, usageRecords: [{ dimension: "seats", quantity: 7 }] },
    answer: { results: [{ status: "Success" }] },
    explanation: { requestId: id, records: [{ outcome: "accepted" }] },
    event: { requestID: id },
    timing: { milliseconds: expect.any(Number) as number },
    rawHeld: true,
  });
  expect(await raw(id)).toMatchObject({
    requestId: id,
    request: { method: "POST", path: "/", query: "", body: input, bodyBytes: input.length, bodyIsWhole: true },
    answer: { status: 200, body: expect.stringContaining("MeteringRecordId") as string, bodyIsWhole: true },
  });
});

test("what was refused before it was believed is held, and nothing else is known of it", async () => {
  const id = await sent(signed(metering(usage(1)), { secretAccessKey: "not-the-secret" }));
  const strange = await sent(withHeaders(metering("{}"), { "x-amz-target": "Nothing.AtAll" }));
  const { json } = await get("/requests?source=memory&limit=2");
  expect((json as { items: object[] }).items).toMatchObject([
    { requestId: strange, kept: false, outcome: "refused", code: "UnknownOperationException" },
    { requestId: id, kept: true, outcome: "refused", code: "InvalidSignatureException" },
  ]);
  expect((await get(`/requests/${strange}`)).json).toMatchObject({
    kept: false,
    request: null,
    answer: null,
    rawHeld: true,
  });
  expect((await raw(strange)).answer.status).toBe(400);
});

test("requests are listed by what came of them, and a range that ends before it begins is refused", async () => {
  const id = await sent(signed(metering(usage(7, { ProductCode: "nothing" }))));
  const { json } = await get(`/requests?outcome=refused&operation=BatchMeterUsage&accountId=${DEMO.seller}&limit=1`);
  expect((json as { items: object[] }).items).toMatchObject([{ requestId: id, outcome: "refused" }]);
  const backwards = await get("/requests?from=2026-07-20T12:00:00Z&to=2026-07-20T11:00:00Z");
  expectProblem(backwards, 422, /does not fit/, ["to: must lie after from"]);
  expectProblem(await get("/requests?cursor=nonsense"), 400, /cursor is invalid/);
  expectProblem(await get("/requests?source=memory&cursor=NA"), 400, /cursor is invalid/);
  expectProblem(await get("/requests?source=disk"), 422, /does not fit/, [
    'source: Invalid option: expected one of "ledger"|"memory"',
  ]);
});

test("pages go on where the one before ended, whatever they are filtered by", async () => {
  const seen: string[] = [];
  let cursor = "";
  do {
    const { json } = await get(`/requests?outcome=refused&limit=1${cursor}`);
    const page = json as { items: { requestId: string }[]; nextCursor?: string };
    seen.push(...page.items.map(({ requestId }) => requestId));
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  const { json } = await get("/requests?outcome=refused&limit=1000");
  expect(seen).toEqual((json as { items: { requestId: string }[] }).items.map(({ requestId }) => requestId));
  expect(seen.length).toBeGreaterThan(1);
});

const form = (body: string): RawRequest => ({
  method: "POST",
  path: "/",
  headers: { host: new URL(server.endpoint).host, "content-type": "application/x-www-form-urlencoded" },
  body: Buffer.from(body),
});

describe("no secret is shown", () => {
  test("of a signature, of a session token, of an authorization of another kind", async () => {
    const request = signed(metering(usage(2)));
    const { authorization } = request.headers as { readonly authorization: string };
    const signature = /Signature=([0-9a-f]+)/.exec(authorization)?.[1] as string;
    for (const header of [
      authorization,
      authorization.replace("Signature=", "Signature ="),
      `Bearer ${signature}`,
      signature,
    ]) {
      const id = await sent(
        withHeaders(request, {
          authorization: header,
          "x-amz-security-token": `secret${signature}`,
          cookie: signature,
        }),
      );
      const text = JSON.stringify([await raw(id), (await get(`/requests/${id}`)).json]);
      expect(text).not.toContain(signature);
    }
    const inQuery = `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${signature}&X%2DAmz%2DSecurity%2DToken=${signature}`;
    const { text } = await get(`/requests/${await sent({ ...metering("{}"), path: inQuery })}/raw`);
    expect(text).not.toContain(signature);
  });

  test("of registration tokens, however they are written", async () => {
    const token = await registrationToken(server, "agmt-demo1");
    const escaped = token
      .split("")
      .map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("");
    for (const body of [
      `{"RegistrationToken":"${token}"}`,
      `{"\\u0052egistrationToken":"${escaped}"}`,
      `{"RegistrationToken":"${token}"`,
      `{"\\u0052egistrationToken":"${token}", oops`,
      `{"registrationtoken":{"Deep":["${token}"]}}`,
      `{"RegistrationToken":"${token}","RegistrationToken":null}`,
      `{"RegistrationToken":"${token}","Deep":${"[".repeat(25_000)}${"]".repeat(25_000)}}`,
      `{"RegistrationToken":"${token}","padding":"${"x".repeat(70_000)}"}`,
    ]) {
      const id = await sent(signed(wireRequest(server.endpoint, "ResolveCustomer", body)));
      const { request } = await raw(id);
      expect(request.body).not.toContain(token);
      expect(request.body).not.toContain(escaped);
    }
  });

  test("of STS's forms and answers", async () => {
    for (const name of ["WebIdentityToken", "WebIdentity%54oken", "WebIdentityToken+", "webidentitytoken"]) {
      const id = await sent(
        form(`Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&${name}=header.payload.sign`),
      );
      const { request } = await raw(id);
      if (name !== "WebIdentityToken+") expect(request.body).not.toContain("header.payload.sign");
      expect(request.body).toContain("RoleArn=x");
    }
  });
});

test("of a large body 64 KiB are held, and it is said that there was more", async () => {
  const id = await sent(signed(metering(JSON.stringify(usage(1, { padding: "é".repeat(200_000) })))));
  const { request } = (await raw(id)) as Raw & { request: { bodyBytes: number; bodyIsWhole: boolean } };
  expect(request.bodyBytes).toBeGreaterThan(400_000);
  expect(request.bodyIsWhole).toBe(false);
  expect(request.body?.length).toBeLessThanOrEqual(65_536);
  expectProblem(await post(`/requests/${id}/replay`, {}), 409, /Only a part of its body is held/);
  expectProblem(await post("/signature-diagnosis", { requestId: id }), 409, /Not all of its body is held/);
});

test("the newest five hundred are held, and no more", async () => {
  const first = await sent(metering("{}"));
  for (let i = 0; i < 50; i += 1) await Promise.all(Array.from({ length: 10 }, () => sent(metering("{}"))));
  expectProblem(await get(`/requests/${first}/raw`), 404, /are not held/);
  expect((await get("/server")).json).toMatchObject({ rawRequests: { held: 500 } });
});

test("sixteen mebibytes are held, and no more", async () => {
  for (let i = 0; i < 260; i += 1) await sent(metering("x".repeat(65_536)));
  const { rawRequests } = (await get("/server")).json as { rawRequests: { held: number; bytes: number } };
  expect(rawRequests.bytes).toBeLessThanOrEqual(16 * 1_048_576);
  expect(rawRequests.held).toBeLessThan(260);
});

describe("a replay", () => {
  test("is a new request over the wire, signed anew, and counted once", async () => {
    const id = await sent(signed(metering(usage(7))));
    const { json } = await post(`/requests/${id}/replay`, {});
    expect(json).toMatchObject({ status: 200, accessKeyId: DEMO.accessKeyId });
    const again = json as { requestId: string; body: string };
    expect(again.requestId).not.toBe(id);
    expect((await get(`/requests/${again.requestId}`)).json).toMatchObject({ kept: true, rawHeld: true });
  });

  test("may carry another body, and be of a request whose bytes are held no more", async () => {
    const { json: list } = await get("/requests?operation=BatchMeterUsage&order=oldest&limit=1");
    const requestId = (list as { items: { requestId: string }[] }).items[0]?.requestId;
    expectProblem(await get(`/requests/${requestId}/raw`), 404, /are not held/);
    expectProblem(await post(`/requests/${requestId}/replay`, {}), 409, /Its bytes are not held/);
    const { json } = await post(`/requests/${requestId}/replay`, { body: usage(3, { ProductCode: "nothing" }) });
    expect(json).toMatchObject({ status: 400, body: expect.stringContaining("InvalidProductCodeException") as string });
  });

  test("mends what was signed wrong, by a key that is named", async () => {
    const id = await sent(signed(metering(usage(9)), { accessKeyId: "AKIANOBODYKNOWSTHIS0" }));
    expectProblem(
      await post(`/requests/${id}/replay`, {}),
      409,
      /The catalogue has no access key AKIANOBODYKNOWSTHIS0/,
    );
    const { json } = await post(`/requests/${id}/replay`, { accessKeyId: DEMO.accessKeyId });
    expect(json).toMatchObject({ status: 200 });
    expect(JSON.stringify(json)).not.toContain(DEMO.secretAccessKey);
  });

  test("of nothing is refused", async () => {
    const nothing = "01a228a5-7b55-772b-b8de-171b0eecccff";
    expectProblem(await post(`/requests/${nothing}/replay`, {}), 404, /^No request/);
    expectProblem(await post("/requests/..%2f..%2fclock/replay", {}), 404, /^No request/);
    expectProblem(await post(`/requests/${nothing}/replay`, { key: 1 }), 422, /does not fit/, ["unknown member key"]);
  });
});

const diagnose = async (body: object): Promise<Record<string, unknown>> => {
  const answer = await post("/signature-diagnosis", body);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.text).not.toContain(DEMO.secretAccessKey);
  return answer.json as Record<string, unknown>;
};

describe("a diagnosis", () => {
  test("of a good signature finds nothing that differs", async () => {
    const found = await diagnose({ requestId: await sent(signed(metering(usage(7)))) });
    expect(found).toMatchObject({ good: true });
    expect(found).not.toHaveProperty("firstDifference");
  });

  test.each([
    ["another secret", { secretAccessKey: "not-the-secret" }, "signature", /Another secret access key/],
    ["a key that nobody knows", { accessKeyId: "AKIANOBODYKNOWSTHIS0" }, "access-key", /no such access key/],
  ])("of %s says so", async (_what, signing, step, hint) => {
    const found = await diagnose({ requestId: await sent(signed(metering(usage(7)), signing)) });
    expect(found).toMatchObject({
      good: false,
      firstDifference: { step, hint: expect.stringMatching(hint) as string },
    });
  });

  test("names the mistake, where it is one of the usual ones", async () => {
    const request = signed(metering(usage(7)));
    const withoutPort = signed(withHeaders(metering(usage(7)), { host: "127.0.0.1" }));
    const host = request.headers["host"] as string;
    const found = await diagnose({ requestId: await sent(withHeaders(withoutPort, { host })) });
    expect(found).toMatchObject({
      firstDifference: { step: "signature", hint: expect.stringContaining("without its port") as string },
    });
    const empty = await diagnose({ requestId: await sent({ ...signed(metering("")), body: Buffer.from("{}") }) });
    expect(empty).toMatchObject({ firstDifference: { hint: expect.stringContaining("empty body") as string } });
  });

  test("of one without a signature says what is missing", async () => {
    const found = await diagnose({ requestId: await sent(metering("{}")) });
    expect(found).toMatchObject({ firstDifference: { step: "read", hint: "Missing Authentication Token" } });
  });

  test("says the first line of a canonical request that differs", async () => {
    const request = signed(metering(usage(7)));
    const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, [String(value)]]));
    const signedHeaders = (/SignedHeaders=([^,]+)/.exec(String(request.headers["authorization"]))?.[1] ?? "").split(
      ";",
    );
    const payloadHash = createHash("sha256").update(request.body).digest("hex");
    const theirs = canonicalRequest({
      method: "POST",
      path: "/elsewhere",
      query: "",
      headers,
      signedHeaders,
      payloadHash,
    });
    const described = { headers: request.headers, body: request.body.toString() };
    expect(await diagnose({ request: described, canonicalRequest: theirs })).toMatchObject({
      good: true,
      steps: expect.arrayContaining([
        expect.objectContaining({ step: "canonical-request", verdict: "different", hint: "Line 2 differs: the path." }),
      ]) as unknown[],
    });
    const bad = { ...described, body: `${described.body} ` };
    expect(await diagnose({ request: bad, canonicalRequest: theirs })).toMatchObject({
      good: false,
      firstDifference: { step: "canonical-request", line: 2 },
    });
  });

  test.each([
    ["nothing", {}, "must have exactly one of requestId and request"],
    ["both", { requestId: "x", request: { headers: {} } }, "must have exactly one of requestId and request"],
    [
      "a hash that is none",
      { request: { headers: {}, bodySha256: "x" } },
      "request: bodySha256 must be 64 hexadecimal digits in small letters",
    ],
    ["a key", { request: { headers: {} }, secretAccessKey: "x" }, "unknown member secretAccessKey"],
  ])("with %s does not fit", async (_what, body, complaint) => {
    expectProblem(await post("/signature-diagnosis", body), 422, /does not fit/, [complaint]);
  });

  test("of what is hostile is read, and refused", async () => {
    for (const headers of [
      { authorization: "AWS4-HMAC-SHA256 ".repeat(500) },
      { authorization: `AWS4-HMAC-SHA256 Credential=${"a/".repeat(4_000)}, SignedHeaders=host, Signature=x` },
      { __proto__: "x", constructor: "y" },
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`h${i}`, "x".repeat(100)])),
    ]) {
      const answer = await post("/signature-diagnosis", { request: { headers } });
      expect(answer.json).toMatchObject({ good: false, firstDifference: { step: "read" } });
    }
  });
});

test("outside a lab there are no bytes, no replay and no diagnosis", async () => {
  const plain = await startServer(["--store", "memory:", "--no-lab"]);
  const id = (await send(plain.endpoint, signed(wireRequest(plain.endpoint, "BatchMeterUsage", usage(7))))).headers[
    "x-amzn-requestid"
  ] as string;
  const call = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
    callOperator(plain, method, path, body === undefined ? {} : { body });
  expect((await call("GET", `/requests/${id}`)).json).toMatchObject({ kept: true, rawHeld: false });
  for (const answer of [
    await call("GET", `/requests/${id}/raw`),
    await call("POST", `/requests/${id}/replay`, {}),
    await call("POST", "/signature-diagnosis", { requestId: id }),
    await call("POST", "/registration-tokens/inspect", { registrationToken: "x" }),
    await call("GET", "/requests?source=memory"),
  ]) {
    expectProblem(answer, 403, /needs --lab/);
  }
  expect(jsonOf(await send(plain.endpoint, metering("{}")))).toBeDefined();
  await plain.stop();
});

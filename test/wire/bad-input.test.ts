/**
 * Input that no SDK would send: every refusal before the operation in its order, bodies that are no JSON, values of the
 * wrong type or beyond their bounds. None of it changes the ledger, and the server serves on.
 */
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import {
  jsonOf,
  send,
  signed,
  wireRequest,
  withHeaders,
  type RawAnswer,
  type RawRequest,
} from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const JSON_1_1 = "application/x-amz-json-1.1";
const NOT_AN_OPERATION =
  "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n";

let server: WireServer;
let endpoint: string;

beforeAll(async () => {
  server = await demoServer();
  endpoint = server.endpoint;
});

afterEach(async () => {
  expect(await meteringRecords(server)).toEqual([]);
  expect((await fetch(`${endpoint}/healthz`)).status).toBe(200);
  expect((await fetch(`${endpoint}/readyz`)).status).toBe(200);
});

afterAll(() => server.stop());

const post = (body: object | string | Buffer, operation = "BatchMeterUsage"): Promise<RawAnswer> =>
  send(endpoint, signed(wireRequest(endpoint, operation, body)));

const record = (): Record<string, unknown> => ({
  Timestamp: Math.floor(Date.now() / 1000),
  CustomerIdentifier: "demoCustomer1",
  Dimension: "seats",
  Quantity: 1,
});
const batch = (...UsageRecords: unknown[]): object => ({ ProductCode: DEMO.productCode, UsageRecords });

const type = (__type: string, message?: string): string => JSON.stringify({ __type, message });

describe("the ladder of refusals before the operation", () => {
  /** What a step changes about the request; the status, body and media type it is answered with then. */
  type Step = readonly [mend: Partial<RawRequest>, status: number, body: string, contentType?: string];

  test("Rule D4: each reason to refuse stands in its order, with its status and body", async () => {
    const target = "AWSMPMeteringService.BatchMeterUsage";
    const host = new URL(endpoint).host;
    const steps: readonly Step[] = [
      [{}, 403, NOT_AN_OPERATION],
      [{ method: "POST" }, 400, type("UnknownOperationException"), JSON_1_1],
      [{ headers: { host, "x-amz-target": target } }, 400, type("SerializationException"), JSON_1_1],
      [{ headers: { host }, body: Buffer.from("{") }, 403, NOT_AN_OPERATION],
      [{ headers: { host, "content-type": "text/plain" } }, 403, NOT_AN_OPERATION],
      [
        { headers: { host, "content-type": "text/plain", "x-amz-target": "Some.Other" } },
        404,
        "<UnknownOperationException/>\n",
      ],
      [
        { headers: { host, "content-type": "application/json", "x-amz-target": "Some.Other" } },
        400,
        type("SerializationException"),
        JSON_1_1,
      ],
      [
        { body: Buffer.from("{}") },
        404,
        '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
        "application/json",
      ],
      [
        { headers: { host, "content-type": JSON_1_1, "x-amz-target": "Some.Other" } },
        400,
        type("UnknownOperationException"),
        JSON_1_1,
      ],
      [
        { headers: { host, "content-type": JSON_1_1, "x-amz-target": target } },
        400,
        type("MissingAuthenticationTokenException", "Missing Authentication Token"),
        JSON_1_1,
      ],
    ];
    let request: RawRequest = { method: "PUT", path: "/", headers: { host }, body: Buffer.alloc(0) };
    for (const [mend, status, body, contentType] of steps) {
      request = { ...request, ...mend };
      const answer = await send(endpoint, request);
      expect(answer.text).toBe(body);
      expect(answer.status).toBe(status);
      expect(answer.headers["content-type"]).toBe(contentType);
      expect(answer.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(Math.abs(Date.parse(answer.headers.date ?? "") - Date.now())).toBeLessThan(5_000);
    }
    const refusedInput = await send(endpoint, signed(request));
    expect(jsonOf(refusedInput)["__type"]).toBe("ValidationException");
  });

  test.for(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "%s is no operation, signed or not",
    async (method) => {
      const request = signed({ ...wireRequest(endpoint, "BatchMeterUsage", {}), method });
      const answer = await send(endpoint, request);
      expect(answer.status).toBe(403);
      expect(answer.text).toBe(method === "HEAD" ? "" : NOT_AN_OPERATION);
    },
  );

  test("OPTIONS with an Origin is a browser's preflight, answered with CORS headers and no body", async () => {
    const request = withHeaders(wireRequest(endpoint, "BatchMeterUsage", ""), { origin: "https://seller.example" });
    const answer = await send(endpoint, { ...request, method: "OPTIONS" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": "*", "access-control-max-age": "172800" });
  });

  test.for([
    "AWSMPMeteringService",
    "AWSMPMeteringService.",
    "AWSMPMeteringService.batchMeterUsage",
    "AWSMPMeteringService.BatchMeterUsage.x",
    "AWSMPMeteringService.constructor",
    "DynamoDB_20120810.ListTables",
  ])("the target %s is unknown", async (target) => {
    const answer = await send(endpoint, withHeaders(wireRequest(endpoint, "", {}), { "x-amz-target": target }));
    expect([answer.status, answer.text]).toEqual([400, '{"__type":"UnknownOperationException"}']);
  });

  test("a target or a content type that is said twice is none", async () => {
    const request = wireRequest(endpoint, "BatchMeterUsage", {});
    const targets = withHeaders(request, { "x-amz-target": ["AWSMPMeteringService.BatchMeterUsage", "x"] });
    expect((await send(endpoint, signed(targets))).text).toBe('{"__type":"UnknownOperationException"}');
    const types = withHeaders(request, { "content-type": [JSON_1_1, JSON_1_1] });
    expect((await send(endpoint, signed(types))).text).toBe("<UnknownOperationException/>\n");
  });

  test("parameters of the content type, and its capitals, do not count", async () => {
    const request = wireRequest(endpoint, "BatchMeterUsage", batch());
    const labelled = withHeaders(request, { "content-type": "Application/X-Amz-JSON-1.1 ; charset=UTF-8" });
    expect((await send(endpoint, signed(labelled))).status).toBe(200);
  });
});

describe("Rule D4: a body that is not UTF-8 text of one JSON object is a SerializationException:", () => {
  const bodies: readonly [string, string | Buffer][] = [
    ["not JSON", "UsageRecords=1"],
    ["JSON that breaks off", '{"UsageRecords":[{'],
    ["two objects", "{}{}"],
    ["JavaScript", "{UsageRecords: []}"],
    ["white space", " \n "],
    ["null", "null"],
    ["a number", "1"],
    ["a string", '"{}"'],
    ["true", "true"],
    ["UTF-8 that is cut off", Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc3]), Buffer.from('"}')])],
    ["Latin-1", Buffer.from('{"x":"é"}', "latin1")],
    ["UTF-16", Buffer.from("{}", "utf16le")],
    ["a byte order mark", Buffer.from("\uFEFF{}")],
    ["a nought byte", '{"x":"\0"}'],
  ];

  test.for(bodies)("%s", async ([, body]) => {
    const answer = await post(body);
    expect([answer.status, answer.text]).toEqual([400, '{"__type":"SerializationException"}']);
  });

  test("an array has the wrong type, and says so", async () => {
    const answer = await post("[]");
    const Message = "Start of list found where not expected";
    expect(jsonOf(answer)).toEqual({ __type: "SerializationException", Message });
  });
});

describe("Rule D3: a value of the wrong type is a SerializationException, before any bound counts:", () => {
  const wrong: readonly [string, object, string][] = [
    ["text for a quantity", { Quantity: "1" }, "class java.lang.String can not be converted to an Integer"],
    ["a truth for a quantity", { Quantity: true }, "class java.lang.Boolean can not be converted to an Integer"],
    [
      "a number for a dimension",
      { Dimension: 1 },
      "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String",
    ],
    [
      "text for a time",
      { Timestamp: "2026-01-01T00:00:00Z" },
      "class java.lang.String can not be converted to milliseconds since epoch",
    ],
    ["a list for a dimension", { Dimension: [] }, "Start of list found where not expected"],
    ["an object for a dimension", { Dimension: {} }, "Start of structure or map found where not expected."],
    ["text for allocations", { UsageAllocations: "x" }, "Expected list or null"],
    ["text for an allocation", { UsageAllocations: ["x"] }, "Expected null"],
  ];

  test.for(wrong)("%s", async ([, changes, Message]) => {
    const outOfBounds = { ...record(), Dimension: "" };
    const answer = await post(batch(outOfBounds, { ...record(), ...changes }));
    expect(jsonOf(answer)).toEqual({ __type: "SerializationException", Message });
    expect(answer.status).toBe(400);
  });
});

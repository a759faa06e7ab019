/**
 * Smithy RPC v2 CBOR on the wire, below any SDK: paths, headers, errors and empty bodies as its specification has them, input
 * that no SDK sends, and that whatever is kept of a request does not depend on its protocol.
 */
import { entitlementService, meteringService, trailService, type Service } from "@countinghouse/protocol";
import { cbor } from "@smithy/core/cbor";
import { afterAll, beforeAll, describe, expect } from "vitest";
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
import { fromCbor, inCbor } from "../support/rpc-client.ts";
import { CONTRACT, DEMO, startServer } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");
const testOfQuotas = testNeeding({ ownServer: "it has quotas" });

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

const SERVICES: Readonly<Record<string, Service>> = { GetEntitlements: entitlementService, LookupEvents: trailService };

/** Not signed. */
function ask(operation: string, input: object | Buffer = {}): RawRequest {
  return inCbor(wireRequest(server.endpoint, operation, input, SERVICES[operation]));
}

function answerTo(request: RawRequest, operation = "BatchMeterUsage"): Promise<RawAnswer> {
  return send(server.endpoint, signed(request, { service: (SERVICES[operation] ?? meteringService).signingName }));
}

const record = (): object => ({
  Timestamp: Math.floor(Date.now() / 1_000) + 0.25,
  CustomerIdentifier: "demoCustomer1",
  Dimension: "seats",
  Quantity: 1,
});
const batch = (...UsageRecords: object[]): object => ({ ProductCode: DEMO.productCode, UsageRecords });
const raw = ({ body }: RawAnswer): unknown => cbor.deserialize(body);

const unknown = (message: string): object => ({
  __type: "com.amazon.coral.service#UnknownOperationException",
  message,
});
const serialization = (message: string): object => ({
  __type: "com.amazonaws.marketplacemetering#SerializationException",
  message,
});

describe("an answer", () => {
  test("is CBOR, names its protocol, and has times under tag 1", async () => {
    const usage = record();
    const answer = await answerTo(ask("BatchMeterUsage", batch(usage)));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/cbor",
      "smithy-protocol": "rpc-v2-cbor",
      "content-length": String(answer.body.length),
      "x-amzn-requestid": expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    const Timestamp = expect.objectContaining({ tag: 1, value: (usage as { Timestamp: number }).Timestamp }) as object;
    expect(raw(answer)).toEqual({
      Results: [
        { UsageRecord: { ...usage, Timestamp }, MeteringRecordId: expect.any(String) as string, Status: "Success" },
      ],
      UnprocessedRecords: [],
    });
  });

  const refusals: readonly (readonly [string, number, string, object | undefined, () => Promise<RawAnswer>])[] = [
    ["of the metering service", 400, "com.amazonaws.marketplacemetering#InvalidTokenException", undefined,
      () => answerTo(ask("ResolveCustomer", { RegistrationToken: "x" }))],
    ["of the entitlement service", 400, "com.amazonaws.marketplaceentitlementservice#InvalidParameterException", undefined,
      () => answerTo(ask("GetEntitlements", {
        ProductCode: CONTRACT.productCode,
        Filter: { CUSTOMER_IDENTIFIER: ["a"], CUSTOMER_AWS_ACCOUNT_ID: ["b"] },
      }), "GetEntitlements")],
    ["of CloudTrail", 400, "com.amazonaws.cloudtrail#InvalidMaxResultsException", undefined,
      () => answerTo(ask("LookupEvents", { MaxResults: 51 }), "LookupEvents")],
    ["by a constraint", 400, "com.amazonaws.marketplacemetering#ValidationException", { message:
      "1 validation error detected: Value null at 'registrationToken' failed to satisfy constraint: Member must not be null" },
      () => answerTo(ask("ResolveCustomer"))],
    ["by a type", 400, "com.amazonaws.marketplacemetering#SerializationException", { message:
      "class java.lang.String can not be converted to an Integer" },
      () => answerTo(ask("BatchMeterUsage", batch({ ...record(), Quantity: "1" })))],
    ["without a signature", 400, "com.amazonaws.marketplacemetering#MissingAuthenticationTokenException", { message:
      "Missing Authentication Token" },
      () => send(server.endpoint, ask("BatchMeterUsage"))],
    ["by a signature for another service", 400, "com.amazonaws.cloudtrail#InvalidSignatureException", undefined,
      () => answerTo(ask("LookupEvents"))],
  ]; // prettier-ignore
  test.for(refusals)("that refuses %s has the whole name of its error in its body", async ([, status, __type, more, made]) => {
    const answer = await made();
    expect(raw(answer)).toEqual({ __type, message: expect.any(String) as string, ...more });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" });
    expect(answer.headers).not.toHaveProperty("x-amzn-errortype");
  }); // prettier-ignore

  test("that has no body names its protocol all the same: one that is too large, one to another method, a preflight", async () => {
    const request = ask("BatchMeterUsage", Buffer.alloc(1_048_576));
    for (const [status, asked] of [
      [413, request],
      [403, { ...ask("BatchMeterUsage"), method: "PUT" }],
      [403, { ...ask("BatchMeterUsage"), method: "GET", body: Buffer.alloc(0) }],
      [200, withHeaders({ ...ask("BatchMeterUsage", Buffer.alloc(0)), method: "OPTIONS" }, { origin: "http://page.example" })],
    ] as const) {
      const answer = await send(server.endpoint, asked);
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({ "smithy-protocol": "rpc-v2-cbor" });
    }
  }); // prettier-ignore

  test("may be read by a page of another site, with the header that names its protocol", async () => {
    const { headers } = await answerTo(withHeaders(ask("BatchMeterUsage", batch()), { origin: "http://page.example" }));
    expect(headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "x-amzn-RequestId,Date,Smithy-Protocol",
    });
  });
});

describe("Rule D6: an operation is found", () => {
  test.for([
    ["BatchMeterUsage", "/service/AWSMPMeteringService/operation/BatchMeterUsage"],
    ["BatchMeterUsage", "/service/com.amazonaws.marketplacemetering.AWSMPMeteringService/operation/BatchMeterUsage"],
    ["BatchMeterUsage", "/behind/a/v1/service/AWSMPMeteringService/operation/BatchMeterUsage"],
    ["BatchMeterUsage", "/service/x/operation/y/service/AWSMPMeteringService/operation/BatchMeterUsage"],
    ["GetEntitlements", "/service/AWSMPEntitlementService/operation/GetEntitlements"],
    ["GetEntitlements", "/service/com.amazonaws.marketplaceentitlementservice.AWSMPEntitlementService/operation/GetEntitlements"],
    ["LookupEvents", "/service/CloudTrail_20131101/operation/LookupEvents"],
    ["LookupEvents", "/service/com.amazonaws.cloudtrail.CloudTrail_20131101/operation/LookupEvents"],
    ["LookupEvents", "/service/com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101/operation/LookupEvents"],
  ] as const)("%s by %s", async ([operation, path]) => {
    const inputs = { BatchMeterUsage: batch(), GetEntitlements: { ProductCode: CONTRACT.productCode }, LookupEvents: {} };
    const answer = await answerTo({ ...ask(operation, inputs[operation]), path }, operation);
    expect(answer.status, JSON.stringify(fromCbor(answer))).toBe(200);
  }); // prettier-ignore

  const form = "it is /service/{service}/operation/{operation}.";
  test.for([
    ["/service/AWSMPMeteringService/operation/GetEntitlements", `AWSMPMeteringService has no GetEntitlements: ${form}`],
    ["/service/Nothing/operation/BatchMeterUsage", `Nothing has no BatchMeterUsage: ${form}`],
    ["/service/AWSMPMeteringService/operation/com.amazonaws.marketplacemetering.BatchMeterUsage",
      `AWSMPMeteringService has no com.amazonaws.marketplacemetering.BatchMeterUsage: ${form}`],
    ["/service/AWSMPMeteringService/operation/BatchMeterUsage/", `The path names none: ${form}`],
    ["/", `The path names none: ${form}`],
    ["/service/__proto__/operation/constructor", `__proto__ has no constructor: ${form}`],
  ] as const)("and by %s there is none", async ([path, message]) => {
    const answer = await answerTo({ ...ask("BatchMeterUsage", batch()), path });
    expect(raw(answer)).toEqual(unknown(message));
    expect(answer.status).toBe(400);
  }); // prettier-ignore

  test.for(["x-amz-target", "x-amzn-target"])("and a request that has an %s header as well is refused", async (name) => {
    const both = withHeaders(ask("BatchMeterUsage", batch()), { [name]: "AWSMPMeteringService.BatchMeterUsage" });
    const refusal = unknown(`A request of Smithy RPC v2 names its operation in its path, and has no ${name} header.`);
    expect(raw(await answerTo(both))).toEqual(refusal);
    const withoutProtocol = withHeaders(both, { "smithy-protocol": undefined });
    expect(raw(await answerTo(withoutProtocol)), "whatever protocol it names").toEqual(refusal);
    const inJson = withHeaders(wireRequest(server.endpoint, "BatchMeterUsage", batch()), {
      "smithy-protocol": "rpc-v2-cbor",
      [name]: "AWSMPMeteringService.BatchMeterUsage",
    });
    expect(fromCbor(await answerTo(inJson))["__type"], "nor without such a path").toBe("UnknownOperationException");
  }); // prettier-ignore

  test.for([[undefined, "it is missing"], ["rpc-v2-json", "it is 'rpc-v2-json'"]] as const)(
    "and a request whose protocol is %s is refused",
    async ([protocol, found]) => {
      const answer = await answerTo(withHeaders(ask("BatchMeterUsage", batch()), { "smithy-protocol": protocol }));
      expect(raw(answer)).toEqual(unknown(`The smithy-protocol header must be 'rpc-v2-cbor'; ${found}.`));
      expect(answer.headers).toMatchObject({ "smithy-protocol": "rpc-v2-cbor" });
    },
  ); // prettier-ignore
});

test("Rules N1, N4: the operation is part of what is signed", async () => {
  const resolving = signed(ask("ResolveCustomer", batch()));
  const altered = { ...resolving, path: ask("BatchMeterUsage").path };
  expect(fromCbor(await send(server.endpoint, altered))["__type"]).toBe("InvalidSignatureException");
  expect(fromCbor(await send(server.endpoint, resolving))["__type"]).toBe("ValidationException");
});

describe("Rules D4 and D5: a body", () => {
  test.for([
    [undefined, "it is missing"],
    ["application/x-amz-json-1.1", "it is 'application/x-amz-json-1.1'"],
    [["application/cbor", "application/cbor"], "it is 'application/cbor,application/cbor'"],
  ] as const)("that is labelled %j is refused", async ([label, found]) => {
    const answer = await answerTo(withHeaders(ask("BatchMeterUsage", batch()), { "content-type": label }));
    expect(raw(answer)).toEqual(serialization(`The content-type header must be 'application/cbor'; ${found}.`));
  });

  test("that is empty is a structure without members, labelled or not", async () => {
    const empty = { ...ask("LookupEvents"), body: Buffer.alloc(0) };
    for (const label of ["application/cbor", undefined]) {
      const found = await answerTo(withHeaders(empty, { "content-type": label }), "LookupEvents");
      expect(found.status, JSON.stringify(fromCbor(found))).toBe(200);
    }
    const refused = await answerTo({ ...ask("ResolveCustomer"), body: Buffer.alloc(0) });
    expect(fromCbor(refused)["__type"]).toBe("ValidationException");
  });

  test("is read whatever its label says beside the media type, and whatever Accept says", async () => {
    const label = { "content-type": "application/cbor; x=y", accept: "*/*" };
    expect((await answerTo(withHeaders(ask("BatchMeterUsage", batch()), label))).status).toBe(200);
  });

  const hostile: readonly (readonly [string, Buffer])[] = [
    ["that ends early", Buffer.from([0xa2, 0x61, 0x61, 0x01])],
    ["that is a text", Buffer.from([0x61, 0x61])],
    ["with a key twice", Buffer.from([0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01])],
    ["with an unknown tag", Buffer.from([0xa1, 0x61, 0x61, 0xc2, 0x41, 0x01])],
    ["that is JSON", Buffer.from("{}x")],
    ["of endless lists", Buffer.alloc(60_000, 0x9f)],
    ["of endless lists, of which there are many", Buffer.alloc(1_000_000, 0x9f)],
    ["of a million values", Buffer.concat([Buffer.from([0x9a, 0, 0x0f, 0x42, 0x40]), Buffer.alloc(1_000_000)])],
    ["that says it is endless", Buffer.from([0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ];
  test.for(hostile)("%s is refused, and nothing is kept of it", async ([, body]) => {
    const before = await meteringRecords(server);
    const answer = await answerTo({ ...ask("BatchMeterUsage"), body });
    expect(answer.status).toBe(400);
    expect(raw(answer)).toEqual(serialization(expect.stringMatching(/^The body (must hold one CBOR map|is no CBOR that can be taken: .+)\.$/) as string));
    expect(await meteringRecords(server)).toEqual(before);
    expect((await fetch(`${server.endpoint}/readyz`)).status).toBe(200);
  }); // prettier-ignore

  test("of a stranger is not looked into where it is large", async () => {
    const request = { ...ask("BatchMeterUsage"), body: Buffer.alloc(65_537, 0x9f) };
    expect(fromCbor(await send(server.endpoint, request))["__type"]).toBe("MissingAuthenticationTokenException");
    const small = { ...request, body: request.body.subarray(1) };
    expect(fromCbor(await send(server.endpoint, small))["__type"]).toBe("SerializationException");
  });
});

test("Rule V1: the same request in either protocol is kept alike, and so is its refusal", async () => {
  const calls: readonly (readonly [string, object, number])[] = [
    ["BatchMeterUsage", batch({ ...record(), Timestamp: Math.floor(Date.now() / 1_000), Dimension: "queries" }), 200],
    ["BatchMeterUsage", batch({ ...record(), Dimension: "nothing" }), 400],
    ["BatchMeterUsage", batch({ ...record(), Quantity: "1" }), 400],
    ["ResolveCustomer", { RegistrationToken: "" }, 400],
    ["GetEntitlements", { ProductCode: CONTRACT.productCode, Filter: { DIMENSION: ["users"] }, MaxResults: 1 }, 200],
    ["LookupEvents", { LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "Nothing" }] }, 200],
  ];
  // Metered once before, so that it is the same usage again in both.
  await answerTo(ask("BatchMeterUsage", calls[0]?.[1]));
  for (const [operation, input, status] of calls) {
    const inJson = await answerTo(wireRequest(server.endpoint, operation, input, SERVICES[operation]), operation);
    const inCborToo = await answerTo(ask(operation, input), operation);
    expect([operation, inJson.status, inCborToo.status]).toEqual([operation, status, status]);
    const { Message, ...told } = jsonOf(inJson);
    expect(plainTokens(fromCbor(inCborToo))).toEqual(plainTokens(Message === undefined ? told : { ...told, message: Message }));
    const [kept, keptToo] = await Promise.all([inJson, inCborToo].map(keptOf));
    expect(keptToo).toEqual(kept);
  }
}); // prettier-ignore

/** Page tokens are sealed, each time otherwise. */
function plainTokens(answer: Record<string, unknown>): object {
  return "NextToken" in answer ? { ...answer, NextToken: "a token" } : answer;
}

/** What the ledger has of the call, but for its id and time. */
async function keptOf({ headers }: RawAnswer): Promise<object> {
  const requestId = String(headers["x-amzn-requestid"]);
  const { body } = await server.operator("GET", `/requests/${requestId}/explanation`);
  const text = JSON.stringify(body).replaceAll(requestId, "this request");
  return JSON.parse(text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "a time")) as object;
}

testOfQuotas("Rule Q2: both protocols draw on one quota, and each is told in its own", async () => {
  const limited = await startServer(["--store", "memory:", "--quotas", "aws"]);
  const request = (i: number): RawRequest => {
    const inJson = wireRequest(limited.endpoint, "BatchMeterUsage", batch());
    return signed(i % 2 === 0 ? inJson : inCbor(inJson));
  };
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => send(limited.endpoint, request(i))));
  const throttled = answers.filter(({ status }) => status === 400);
  expect(new Set(throttled.map((answer) => jsonOf(answer)["__type"]))).toEqual(new Set(["ThrottlingException"]));
  expect(new Set(throttled.map(({ headers }) => headers["content-type"]))).toEqual(
    new Set(["application/x-amz-json-1.1", "application/cbor"]),
  );
  await limited.stop();
});

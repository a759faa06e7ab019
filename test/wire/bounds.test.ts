/** The bounds of what may be sent, each met and each crossed: sizes, lengths, counts and values. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest, withHeaders, type RawAnswer } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const BODY_BYTES_MAX = 1_048_575;

let server: WireServer;
let endpoint: string;

beforeAll(async () => {
  server = await demoServer();
  endpoint = server.endpoint;
});

afterAll(() => server.stop());

const post = (body: object | string | Buffer, operation = "BatchMeterUsage"): Promise<RawAnswer> =>
  send(endpoint, signed(wireRequest(endpoint, operation, body)));

const record = (changes: object = {}): object => ({
  Timestamp: Math.floor(Date.now() / 1000),
  CustomerIdentifier: "demoCustomer1",
  Dimension: "seats",
  Quantity: 1,
  ...changes,
});
const batch = (...UsageRecords: unknown[]): object => ({ ProductCode: DEMO.productCode, UsageRecords });
const many = <T>(count: number, item: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i));

const at = (path: string, value: string, constraint: string): string =>
  `Value ${value} at '${path}' failed to satisfy constraint: Member must ${constraint}`;

/** A good request of so many bytes. */
function ofBytes(bytes: number): string {
  const frame = JSON.stringify({ ...batch(), Padding: "" });
  return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
}

describe("Rule L5: a violated constraint is a ValidationException that says where, and keeps nothing:", () => {
  const one = (path: string, value: string, constraint: string): string =>
    `1 validation error detected: ${at(path, value, constraint)}`;
  const RECORD = "usageRecords.1.member";
  const bucket = (changes: object): object => record({ UsageAllocations: [{ AllocatedUsageQuantity: 1, ...changes }] });
  const tag = { Key: "k", Value: "v" };

  const violations: readonly [string, object, string][] = [
    ["no records at all", {}, one("usageRecords", "null", "not be null")],
    [
      "B4, Rule L2: 26 records",
      batch(...many(26, () => record())),
      one("usageRecords", "'[UsageRecord x 26]'", "have length less than or equal to 25"),
    ],
    [
      "Rule D2: members that are missing, or null",
      batch({ Dimension: null }),
      `2 validation errors detected: ${at(`${RECORD}.timestamp`, "null", "not be null")}; ${at(`${RECORD}.dimension`, "null", "not be null")}`,
    ],
    [
      "Rule L3: a quantity below 0",
      batch(record({ Quantity: -1 })),
      one(`${RECORD}.quantity`, "'-1'", "have value greater than or equal to 0"),
    ],
    [
      "Rule L3: a quantity beyond 32 bits",
      batch(record({ Quantity: 2_147_483_648 })),
      one(`${RECORD}.quantity`, "'2147483648'", "have value less than or equal to 2147483647"),
    ],
    [
      "Rule D1: a fraction of a quantity",
      batch(record({ Quantity: 1.5 })),
      one(`${RECORD}.quantity`, "'1.5'", "be a whole number"),
    ],
    [
      "an empty dimension",
      batch(record({ Dimension: "" })),
      `2 validation errors detected: ${at(`${RECORD}.dimension`, "''", "have length greater than or equal to 1")}; ${at(`${RECORD}.dimension`, "''", String.raw`satisfy regular expression pattern: [\s\S]+`)}`,
    ],
    [
      "an account that is not digits",
      batch(record({ CustomerIdentifier: undefined, CustomerAWSAccountId: "4444-5555" })),
      one(`${RECORD}.customerAWSAccountId`, "'4444-5555'", "satisfy regular expression pattern: ^[0-9]+$"),
    ],
    [
      "a product code with a space",
      { ...batch(), ProductCode: "a b" },
      one("productCode", "'a b'", "satisfy regular expression pattern: ^[-a-zA-Z0-9/=:_.@]*$"),
    ],
    [
      "Rule A3: 2,501 allocations",
      batch(record({ UsageAllocations: many(2_501, () => ({ AllocatedUsageQuantity: 0 })) })),
      one(`${RECORD}.usageAllocations`, "'[UsageAllocation x 2501]'", "have length less than or equal to 2500"),
    ],
    [
      "B5, Rule A4: six tags",
      batch(bucket({ Tags: many(6, (i) => ({ ...tag, Key: `k${i}` })) })),
      one(`${RECORD}.usageAllocations.1.member.tags`, "'[Tag x 6]'", "have length less than or equal to 5"),
    ],
    [
      "an empty list of tags",
      batch(bucket({ Tags: [] })),
      one(`${RECORD}.usageAllocations.1.member.tags`, "'[Tag x 0]'", "have length greater than or equal to 1"),
    ],
  ];

  test.for(violations)("%s", async ([, body, message]) => {
    const answer = await post(body);
    expect(jsonOf(answer)).toEqual({ __type: "ValidationException", message });
    expect(answer.status).toBe(400);
    expect(await meteringRecords(server)).toEqual([]);
  });

  test("Rule D3: at most ten at once, and none with more than a piece of what was sent", async () => {
    const answer = await post(batch(...many(25, () => ({ Timestamp: 0, Dimension: "x".repeat(10_000) }))));
    const { message } = jsonOf(answer) as { message: string };
    expect(message).toMatch(/^10 validation errors detected: /);
    expect(message.match(/usageRecords\.\d+\.member\.dimension/g)).toHaveLength(10);
    expect(message.length).toBeLessThan(5_000);
  });

  test("T2: a registration token is not told again", async () => {
    const answer = await post({ RegistrationToken: "" }, "ResolveCustomer");
    expect(jsonOf(answer)["message"]).toMatch(/^1 validation error detected: Value at 'registrationToken' failed/);
  });

  test.for(["1e400", "-1e400", "1e308", "123456789012345678901234567890", "0.1", "-1"])(
    "Rule D1: the quantity %s is neither rounded nor clamped",
    async (quantity) => {
      const body = JSON.stringify(batch(record({ Quantity: "HERE" }))).replace('"HERE"', quantity);
      expect(jsonOf(await post(body))["__type"]).toBe("ValidationException");
    },
  );

  test.for(["1e400", "-1e400", "1e300", "8640000000001", "-8640000000001"])(
    "the time %s lies beyond all time",
    async (time) => {
      const body = JSON.stringify(batch(record({ Timestamp: "HERE" }))).replace('"HERE"', time);
      expect(jsonOf(await post(body))["__type"]).toBe("ValidationException");
    },
  );

  test.for([8_640_000_000_000, -8_640_000_000_000, 0.000_1, -1])(
    "Rule W1: the time %d is out of bounds",
    async (Timestamp) => {
      expect(jsonOf(await post(batch(record({ Timestamp }))))["__type"]).toBe("TimestampOutOfBoundsException");
    },
  );
});

describe("B7, Rule L1: a body", () => {
  test("of 1,048,575 bytes is taken in", async () => {
    const body = ofBytes(BODY_BYTES_MAX);
    expect(Buffer.byteLength(body)).toBe(BODY_BYTES_MAX);
    expect((await post(body)).status).toBe(200);
  });

  test.for([BODY_BYTES_MAX + 1, 5_000_000])("of %d bytes is answered 413, without a body", async (bytes) => {
    const answer = await post(ofBytes(bytes));
    expect([answer.status, answer.text]).toEqual([413, ""]);
    expect(answer.headers).not.toHaveProperty("x-amzn-requestid");
  });

  test.for([
    [BODY_BYTES_MAX, 200],
    [BODY_BYTES_MAX + 1, 413],
    [5_000_000, 413],
  ] as const)(
    "of %d bytes, sent in pieces without saying its length first, is answered %d",
    async ([bytes, status]) => {
      const request = signed(wireRequest(endpoint, "BatchMeterUsage", ofBytes(bytes)));
      const answer = await send(endpoint, withHeaders(request, { "transfer-encoding": "chunked" }));
      expect(answer.status).toBe(status);
    },
  );
});

const broken = (bytes: number): string => `{"a":"${"x".repeat(bytes - 6)}`;

const sent = (bytes: number, secretAccessKey: string): Promise<RawAnswer> =>
  send(endpoint, signed(wireRequest(endpoint, "BatchMeterUsage", broken(bytes)), { secretAccessKey }));

describe("Rule D4: a body of more than 64 KiB is looked into only once its signature is good", () => {
  const LOOKED_INTO_MAX = 65_536;
  test("one of 64 KiB that is no JSON is refused for that, whoever sends it", async () => {
    expect(Buffer.byteLength(broken(LOOKED_INTO_MAX))).toBe(LOOKED_INTO_MAX);
    for (const secret of [DEMO.secretAccessKey, "a guess"]) {
      expect(jsonOf(await sent(LOOKED_INTO_MAX, secret))).toEqual({ __type: "SerializationException" });
    }
  });

  test("a larger one is refused for its signature first, and then for that", async () => {
    const stranger = await sent(LOOKED_INTO_MAX + 1, "a guess");
    expect(jsonOf(stranger)["__type"]).toBe("InvalidSignatureException");
    const caller = await sent(LOOKED_INTO_MAX + 1, DEMO.secretAccessKey);
    expect([caller.status, jsonOf(caller)]).toEqual([400, { __type: "SerializationException" }]);
  });
});

describe("a path that is no percent-encoded text", () => {
  test.for(["/operator/v1/%FF", "/buy/%", "/%zz", "/.well-known/%E9"])(
    "%s is refused, before it is routed",
    async (path) => {
      const answer = await send(endpoint, { method: "GET", path, headers: { host: "x" }, body: Buffer.alloc(0) });
      expect([answer.status, answer.text]).toEqual([400, "The path is not percent-encoded text\n"]);
    },
  );
});

describe("what only looks dangerous is harmless:", () => {
  test("Rule D2: members that are unknown, even such as every object has", async () => {
    const body = `{"__proto__":{"Quantity":7,"ProductCode":"x"},"constructor":{"prototype":{"Quantity":7}},"ProductCode":"${DEMO.productCode}",
      "UsageRecords":[${JSON.stringify(record({ toString: 1, Unknown: null })).replace('"Quantity":1', '"__proto__":{"Quantity":7}')}]}`;
    const { Results } = jsonOf(await post(body)) as { Results: { Status: string; UsageRecord: object }[] };
    expect(Results).toHaveLength(1);
    expect(Results[0]).toMatchObject({ Status: "Success" });
    expect(Results[0]?.UsageRecord).not.toHaveProperty("Quantity");
    expect(await meteringRecords(server)).toMatchObject([{ quantity: 0 }]);
  });

  test("JSON nested half a million deep", async () => {
    const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    expect((await post(`{"UsageRecords":[],"Unknown":${deep}}`)).status).toBe(200);
    const answer = await post(`{"UsageRecords":${deep}}`);
    expect(jsonOf(answer)).toMatchObject({ __type: "SerializationException" });
  });

  test("B4: 25 records, and none at all", async () => {
    expect((await post(batch())).text).toBe('{"Results":[],"UnprocessedRecords":[]}');
    const results = jsonOf(await post(batch(...many(25, () => record({ Dimension: "queries" })))))["Results"];
    expect(results).toHaveLength(25);
  });

  test("Rules L3, A3, A4: the largest quantity, in 2,500 buckets of the most tags", async () => {
    const Tags = many(5, (i) => ({ Key: `key-${i}`, Value: "v" }));
    const buckets = many(2_500, (i) => ({
      AllocatedUsageQuantity: i === 0 ? 2_147_483_647 : 0,
      Tags: Tags.with(0, { Key: "key-0", Value: String(i) }),
    }));
    const large = record({ Dimension: "gb_ingested", Quantity: 2_147_483_647, UsageAllocations: buckets });
    const answer = await post(batch(large));
    expect(jsonOf(answer)["Results"]).toMatchObject([{ Status: "Success" }]);
    expect(await meteringRecords(server, { dimension: "gb_ingested" })).toMatchObject([{ quantity: 2_147_483_647 }]);
  });

  test("names with line breaks, half characters and noughts", async () => {
    for (const Dimension of ["seats\n", "a\u0000b", "\ud800", "__proto__", "請求"]) {
      expect(jsonOf(await post(batch(record({ Dimension }))))["__type"]).toBe("InvalidUsageDimensionException");
      const CustomerIdentifier = Dimension;
      expect(jsonOf(await post(batch(record({ CustomerIdentifier }))))["__type"]).toBe(
        "InvalidCustomerIdentifierException",
      );
    }
  });
});

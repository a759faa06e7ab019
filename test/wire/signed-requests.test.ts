/** S2: what a signature covers, what it leaves open, and who is believed: one request at a time, altered on its way. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { jsonOf, presigned, send, signed, wireRequest, withHeaders, type RawRequest } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoProcess, testNeeding, type WireProcess } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const MINUTE_MS = 60_000;
const ISSUED_BY_NOBODY = "a-session-token-that-nobody-issued";
const MISMATCH = /^The request signature we calculated does not match the signature you provided\./;

let server: WireProcess;
let unsigned: RawRequest;

beforeAll(async () => {
  server = await demoProcess(["--store", "memory:"]);
  const record = { Timestamp: Math.floor(Date.now() / 1000), CustomerIdentifier: "demoCustomer1", Dimension: "seats" };
  const input = { ProductCode: DEMO.productCode, UsageRecords: [{ ...record, Quantity: 1 }] };
  unsigned = wireRequest(server.endpoint, "BatchMeterUsage", input);
});

afterAll(() => server.stop());

async function expectAccepted(request: RawRequest): Promise<void> {
  const answer = await send(server.endpoint, request);
  expect(answer.text).toContain('"Status":"Success"');
  expect(answer.status).toBe(200);
}

async function expectRefused(request: RawRequest, code: string, message: RegExp): Promise<void> {
  const answer = await send(server.endpoint, request);
  expect(jsonOf(answer)).toEqual({ __type: code, message: expect.stringMatching(message) });
  expect(answer.status).toBe(400);
}

const sha256 = (body: Buffer | string): string => createHash("sha256").update(body).digest("hex");
const utf8 = "größe 請求 🧾";

describe("a request that was signed as it stands is accepted", () => {
  const variants: readonly [string, (request: RawRequest) => RawRequest][] = [
    ["as every SDK sends it", (request) => signed(request)],
    ["in the query", (request) => presigned(request)],
    [
      "with the hash of its body stated",
      (request) => signed(withHeaders(request, { "x-amz-content-sha256": sha256(request.body) })),
    ],
    [
      "by a Date header in HTTP's form",
      (request) => {
        const at = new Date();
        return signed(withHeaders(request, { date: at.toUTCString() }), { at, byDateHeader: true });
      },
    ],
    [
      "with padded values",
      (request) => {
        const padded = signed(withHeaders(request, { "x-note": "a b c" }));
        return withHeaders(padded, { "x-note": "  a   b \t c  " });
      },
    ],
    ["with repeated headers", (request) => signed(withHeaders(request, { "x-note": ["one", "two", "one"] }))],
    ["with UTF-8 in a header, as botocore sends it", (request) => signed(withHeaders(request, { "x-note": utf8 }))],
    [
      "with more headers added by a proxy",
      (request) => withHeaders(signed(request), { via: "1.1 proxy", "x-forwarded-for": "10.0.0.1" }),
    ],
    [
      "with its parts in another order, and no spaces",
      (request) => {
        const right = signed(request);
        const authorization = String(right.headers["authorization"]).replace(/ (.*), (.*), (.*)$/, " $3,$1,$2");
        return withHeaders(right, { authorization });
      },
    ],
    ...["/a/b%20c/?x=1", "/../b/./c//d", "/%2E%2E/%C3%A9", "/a+b/~*'()!?b=2&a=%20+&a=1&empty", "//"].map(
      (path): [string, (request: RawRequest) => RawRequest] => [
        `below the path ${path}`,
        (request) => signed({ ...request, path }),
      ],
    ),
  ];

  test.for(variants)("S2, Rule N1: %s", async ([, variant]) => {
    await expectAccepted(variant(unsigned));
  });

  test.for(["us-east-1", "eu-central-1", "cn-northwest-1", "ap-southeast-7", "xx-own-1"])(
    "Rule N1: for the region %s, as for any well-formed one, which the record is then of",
    async (region) => {
      await expectAccepted(signed(unsigned, { region }));
      const kept = await meteringRecords(server);
      expect(kept.filter((record) => record.region === region)).toHaveLength(1);
    },
  );

  test.for([-14, 14])("Rule N2: %d minutes off the wall clock", async (minutes) => {
    await expectAccepted(signed(unsigned, { at: new Date(Date.now() + minutes * MINUTE_MS) }));
  });
});

describe("a request that was altered after it was signed is refused", () => {
  const otherBody = Buffer.from(JSON.stringify({ UsageRecords: [] }));
  const alterations: readonly [string, (request: RawRequest) => RawRequest][] = [
    ["another body", (request) => ({ ...signed(request), body: otherBody })],
    ["another body, and in the query", (request) => ({ ...presigned(request), body: otherBody })],
    [
      "another body than the stated hash is of",
      (request) => ({
        ...signed(withHeaders(request, { "x-amz-content-sha256": sha256(request.body) })),
        body: otherBody,
      }),
    ],
    [
      "a stated hash of another body",
      (request) => signed(withHeaders(request, { "x-amz-content-sha256": sha256(otherBody) })),
    ],
    [
      "a hash that promises nothing",
      (request) => signed(withHeaders(request, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" })),
    ],
    [
      "another operation",
      (request) => withHeaders(signed(request), { "x-amz-target": "AWSMPMeteringService.ResolveCustomer" }),
    ],
    ["another host", (request) => withHeaders(signed(request), { host: "metering.example" })],
    ["another path", (request) => ({ ...signed(request), path: "/other" })],
    ["a query it did not have", (request) => ({ ...signed(request), path: "/?x=1" })],
    [
      "a header it did not have, among those that are signed",
      (request) => {
        const right = signed(withHeaders(request, { "x-note": "one" }));
        return withHeaders(right, { "x-note": ["one", "two"] });
      },
    ],
    ["the secret of another key", (request) => signed(request, { secretAccessKey: "example-secret-2" })],
    [
      "a scope that it was not signed for",
      (request) => {
        const right = signed(request);
        const authorization = String(right.headers["authorization"]).replace("us-east-1", "eu-west-1");
        return withHeaders(right, { authorization });
      },
    ],
    [
      "a signature that is cut short",
      (request) => {
        const right = signed(request);
        return withHeaders(right, { authorization: String(right.headers["authorization"]).slice(0, -1) });
      },
    ],
  ];

  test.for(alterations)("S2, Rules N1, N4: %s", async ([, alter]) => {
    await expectRefused(alter(unsigned), "InvalidSignatureException", MISMATCH);
  });

  test.for([
    ["in the headers", signed],
    ["in the query", presigned],
  ] as const)(
    "S2, Rule N4: an operation that is not signed (%s), and the text says that this is missing",
    async ([, sign]) => {
      const request = sign(unsigned, { unsigned: ["x-amz-target"] });
      const missing = /^'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization\.$/;
      await expectRefused(request, "InvalidSignatureException", missing);
      // Whether the key is one, and its secret the right one, is not told by it.
      const stranger = sign(unsigned, { unsigned: ["x-amz-target"], accessKeyId: "AKIANOBODY0000000000" });
      await expectRefused(stranger, "InvalidSignatureException", missing);
    },
  );

  test("S2, Rule N1: two Authorization headers that contradict each other", async () => {
    const [first, second] = [signed(unsigned), signed(unsigned, { region: "eu-west-1" })];
    const authorization = [first, second].map(({ headers }) => String(headers["authorization"]));
    const request = withHeaders(first, { authorization });
    await expectRefused(request, "IncompleteSignatureException", /^There is more than one 'Authorization' header\.$/);
  });

  test.for([-16, 16])("Rule N2: signed %d minutes off the wall clock", async (minutes) => {
    const request = signed(unsigned, { at: new Date(Date.now() + minutes * MINUTE_MS) });
    await expectRefused(request, "InvalidSignatureException", /^Signature (expired|not yet current): /);
  });

  test.for(["", "c", "useast1", "us-east", "US-EAST-1", "us-east-1 ", "../us-east-1"])(
    "Rule N1: signed for '%s', which is no region",
    async (region) => {
      const request = signed(unsigned, { region });
      await expectRefused(
        request,
        region.includes("/") ? "IncompleteSignatureException" : "InvalidSignatureException",
        /./,
      );
    },
  );

  test("Rule N1: signed for another service", async () => {
    const request = signed(unsigned, { service: "sts" });
    const message = /^Credential should be scoped to correct service: 'aws-marketplace'\. $/;
    await expectRefused(request, "InvalidSignatureException", message);
  });

  test("Rule N1: with a session token on a long-term key, signed or not", async () => {
    const token = { "x-amz-security-token": ISSUED_BY_NOBODY };
    const message = /^The security token included in the request is invalid$/;
    await expectRefused(signed(withHeaders(unsigned, token)), "UnrecognizedClientException", message);
    await expectRefused(withHeaders(signed(unsigned), token), "UnrecognizedClientException", message);
  });
});

describe("what is secret stays so", () => {
  test("no answer and no line of output holds a secret, a session token, a registration token or a signature", async () => {
    const token = await registrationToken(server, "agmt-demo1");
    const resolve = (RegistrationToken: unknown): RawRequest =>
      wireRequest(server.endpoint, "ResolveCustomer", { RegistrationToken });
    const forged = `${token}x`;
    const wrong = signed(unsigned, { secretAccessKey: "not-the-secret-but-somebodys" });
    const requests = [
      signed(resolve(token)),
      signed(resolve(forged)),
      signed(resolve({ nested: token })),
      signed(resolve("")),
      wrong,
      presigned(unsigned, { secretAccessKey: "not-the-secret-but-somebodys" }),
      signed(withHeaders(unsigned, { "x-amz-security-token": ISSUED_BY_NOBODY })),
    ];
    const answers = await Promise.all(requests.map((request) => send(server.endpoint, request)));
    const signatures = requests.flatMap(
      ({ headers, path }) => `${String(headers["authorization"])} ${path}`.match(/[0-9a-f]{64}/g) ?? [],
    );
    expect(signatures).toHaveLength(requests.length);
    const said = answers.map(({ text, headers }) => text + JSON.stringify(headers)).join("\n") + server.output();
    for (const secret of [token, ISSUED_BY_NOBODY, "not-the-secret-but-somebodys", ...signatures]) {
      expect(said).not.toContain(secret);
    }
    // The banner, where it is seen, tells how to sign with the demo's own key; nothing after it does.
    expect(said.split(DEMO.secretAccessKey)).toHaveLength(server.output() === "" ? 1 : 2);
  });
});

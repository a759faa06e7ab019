/**
 * S2, Rule N1: every refusal of a signature, in its order and word for word. A request is made to fail for the first
 * reason there is, mended, made to meet the second, and so on to the end, where it is accepted.
 */
import { formatAmzDate, parseAuthorization } from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect } from "vitest";
import {
  jsonOf,
  presigned,
  send,
  signed,
  wireRequest,
  withHeaders,
  type RawAnswer,
  type RawRequest,
} from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("nothing");

const SESSION_TOKEN = "a-session-token-that-nobody-issued";
const MINUTE_MS = 60_000;

let server: WireServer;
let unsigned: RawRequest;

beforeAll(async () => {
  server = await demoServer();
  unsigned = wireRequest(server.endpoint, "BatchMeterUsage", { UsageRecords: [] });
});

afterAll(() => server.stop());

function expectRefused(answer: RawAnswer, code: string, message: string | RegExp): void {
  expect(jsonOf(answer)).toEqual({
    __type: code,
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });
  expect(answer.status).toBe(400);
  expect(answer.headers["content-type"]).toBe("application/x-amz-json-1.1");
  expect(answer.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.text).not.toContain(DEMO.secretAccessKey);
  expect(answer.text).not.toContain(SESSION_TOKEN);
}

/** What a step changes about the attempt, and the refusal it meets then. */
type Step<Attempt> = readonly [mend: Partial<Attempt>, code: string, message: string | RegExp];

async function climb<Attempt extends object>(
  start: Attempt,
  steps: readonly Step<Attempt>[],
  request: (attempt: Attempt) => RawRequest,
): Promise<Attempt> {
  let attempt = start;
  for (const [mend, code, message] of steps) {
    attempt = { ...attempt, ...mend };
    expectRefused(await send(server.endpoint, request(attempt)), code, message);
  }
  return attempt;
}

const INCOMPLETE = "IncompleteSignatureException";
const INVALID = "InvalidSignatureException";
const UNRECOGNIZED = "UnrecognizedClientException";
const EXPIRED = /^Signature expired: (\d{8}T\d{6}Z) is now earlier than (\d{8}T\d{6}Z) \((\d{8}T\d{6}Z) - 15 min\.\)$/;
const NOT_YET =
  /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)$/;
const HOST = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
const FIVE_PARTS =
  "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'";
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

const noRegion = (region: string): string => `Credential should be scoped to a valid region, not '${region}'. `;
const needs = (part: string): string => `Authorization header requires '${part}' parameter. `;
const queryNeeds = (part: string): string => `AWS query-string parameters must include 'X-Amz-${part}'. `;

/** The last steps are the same for both forms: from a scope that is wrong in every part to a token that nobody issued. */
function scopeSteps(at: Date): readonly Step<{ credential: string }>[] {
  const amzDate = formatAmzDate(at.getTime());
  const day = amzDate.slice(0, 8);
  const service = "Credential should be scoped to correct service: 'aws-marketplace'. ";
  const terminator = "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. ";
  const date = `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '${day}', from '${amzDate}'.`;
  return [
    [{ credential: "AKIANOBODY/b/c/d/e" }, INVALID, noRegion("c") + service + terminator + date],
    [{ credential: "AKIANOBODY/b/us-east-1/d/e" }, INVALID, service + terminator + date],
    [{ credential: "AKIANOBODY/b/us-east-1/aws-marketplace/e" }, INVALID, terminator + date],
    [{ credential: "AKIANOBODY/b/us-east-1/aws-marketplace/aws4_request" }, INVALID, date],
    [
      { credential: `AKIANOBODY/${day}/us-east-1/aws-marketplace/aws4_request` },
      UNRECOGNIZED,
      "The security token included in the request is invalid.",
    ],
    [{ credential: `${DEMO.accessKeyId}/${day}/us-east-1/aws-marketplace/aws4_request` }, INVALID, MISMATCH],
  ];
}

describe("in the header form", () => {
  interface Attempt {
    readonly path: string;
    readonly scheme: string;
    readonly credential?: string | undefined;
    readonly signedHeaders?: string | undefined;
    readonly signature?: string | undefined;
    readonly date?: string | undefined;
    readonly token?: string | undefined;
  }

  const authorizationOf = ({ scheme, credential, signedHeaders, signature }: Attempt): string => {
    const parts = { Credential: credential, SignedHeaders: signedHeaders, Signature: signature };
    const given = Object.entries(parts).filter(([, value]) => value !== undefined);
    return `${scheme} ${given.map(([name, value]) => `${name}=${value}`).join(", ")}`;
  };
  const requestOf = (attempt: Attempt): RawRequest => ({
    ...withHeaders(unsigned, {
      authorization: authorizationOf(attempt),
      "x-amz-date": attempt.date,
      "x-amz-security-token": attempt.token,
    }),
    path: attempt.path,
  });
  const NEEDS_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";

  test("Rules N1, N2: each reason to refuse stands in its order, with its code and text", async () => {
    const at = new Date();
    const right = parseAuthorization(String(signed(unsigned, { at }).headers["authorization"]));
    const steps: readonly Step<Attempt>[] = [
      [{}, INVALID, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."],
      [{ path: "/" }, "MissingAuthenticationTokenException", "Missing Authentication Token"],
      [
        { scheme: "AWS4-HMAC-SHA25" },
        INCOMPLETE,
        `${needs("Credential")}${needs("Signature")}${needs("SignedHeaders")}${NEEDS_DATE}Authorization=AWS4-HMAC-SHA25`,
      ],
      [
        { credential: "a/b/c/d" },
        INCOMPLETE,
        `${needs("Signature")}${needs("SignedHeaders")}${NEEDS_DATE}Authorization=AWS4-HMAC-SHA25 Credential=a/b/c/d`,
      ],
      [
        { signature: "s" },
        INCOMPLETE,
        `${needs("SignedHeaders")}${NEEDS_DATE}Authorization=AWS4-HMAC-SHA25 Credential=a/b/c/d, Signature=s`,
      ],
      [
        { signedHeaders: "x-amz-date" },
        INCOMPLETE,
        `${NEEDS_DATE}Authorization=AWS4-HMAC-SHA25 Credential=a/b/c/d, SignedHeaders=x-amz-date, Signature=s`,
      ],
      [
        { date: "201" },
        INCOMPLETE,
        "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
      ],
      [{ date: formatAmzDate(at.getTime() - 16 * MINUTE_MS) }, INVALID, EXPIRED],
      [{ date: formatAmzDate(at.getTime() + 16 * MINUTE_MS) }, INVALID, NOT_YET],
      [{ date: formatAmzDate(at.getTime()) }, INVALID, HOST],
      [
        { signedHeaders: `${right.signedHeaders};host` },
        INVALID,
        "A header is named more than once in 'SignedHeaders' of the AWS Authorization.",
      ],
      [
        { signedHeaders: right.signedHeaders },
        INCOMPLETE,
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
      ],
      [{ scheme: "AWS4-HMAC-SHA256" }, INCOMPLETE, FIVE_PARTS],
      ...scopeSteps(at),
      [
        { signature: right.signature, token: SESSION_TOKEN },
        UNRECOGNIZED,
        "The security token included in the request is invalid",
      ],
    ];
    const last = await climb({ path: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", scheme: "Basic" }, steps, requestOf);
    expect((await send(server.endpoint, requestOf({ ...last, token: undefined }))).status).toBe(200);
  });

  test("Rule N1: a request without any signature is refused, whatever else it says", async () => {
    const answer = await send(server.endpoint, withHeaders(unsigned, { "x-amz-security-token": SESSION_TOKEN }));
    expectRefused(answer, "MissingAuthenticationTokenException", "Missing Authentication Token");
  });

  test("Rule N1: a date is in ISO-8601's basic format, or HTTP's own, and nothing else that could pass for one", async () => {
    const now = new Date();
    const dates = [now.toISOString(), formatAmzDate(now.getTime()).slice(0, 8), String(now), "20260230T000000Z", "now"];
    for (const date of dates) {
      const answer = await send(server.endpoint, withHeaders(signed(unsigned), { "x-amz-date": date }));
      expectRefused(
        answer,
        INCOMPLETE,
        `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      );
    }
  });
});

const many = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}=1`).join("&");
const queried = (query: string): RawRequest => ({ ...unsigned, path: `/?${query}` });

describe("in the query form", () => {
  interface Attempt {
    readonly algorithm: string;
    readonly credential: string;
    readonly date: string;
    readonly signedHeaders: string;
    readonly signature: string;
    readonly token?: string | undefined;
  }

  const requestOf = (attempt: Attempt): RawRequest => {
    const parameters = {
      "X-Amz-Algorithm": attempt.algorithm,
      "X-Amz-Credential": attempt.credential,
      "X-Amz-Date": attempt.date,
      "X-Amz-SignedHeaders": attempt.signedHeaders,
      ...(attempt.token === undefined ? {} : { "X-Amz-Security-Token": attempt.token }),
      "X-Amz-Signature": attempt.signature,
    };
    return { ...unsigned, path: `/?${new URLSearchParams(parameters).toString()}` };
  };
  const EXAMINE = "Re-examine the query-string parameters.";

  test("Rules N1, N2: each reason to refuse stands in its order, with its code and text", async () => {
    const at = new Date();
    const right = new URLSearchParams(presigned(unsigned, { at }).path.slice(2));
    const nothing = { algorithm: "", credential: "", date: "", signedHeaders: "", signature: "" };
    const missing = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"].map(queryNeeds);
    const steps: readonly Step<Attempt>[] = [
      [{}, INCOMPLETE, missing.join("") + EXAMINE],
      [{ algorithm: "X", credential: "a/b/c/d" }, INCOMPLETE, missing.slice(2).join("") + EXAMINE],
      [{ signature: "s", signedHeaders: "content-type" }, INCOMPLETE, queryNeeds("Date") + EXAMINE],
      [{ date: "201" }, INCOMPLETE, /^Date must be in ISO-8601 'basic format'\. Got '201'\./],
      [{ date: formatAmzDate(at.getTime() - 16 * MINUTE_MS) }, INVALID, EXPIRED],
      [{ date: formatAmzDate(at.getTime() + 16 * MINUTE_MS) }, INVALID, NOT_YET],
      [{ date: formatAmzDate(at.getTime()) }, INVALID, HOST],
      [
        { signedHeaders: right.get("X-Amz-SignedHeaders") ?? "" },
        INCOMPLETE,
        "Unsupported AWS 'algorithm': 'X' (only AWS4-HMAC-SHA256 for now). ",
      ],
      [{ algorithm: "AWS4-HMAC-SHA256" }, INCOMPLETE, FIVE_PARTS],
      ...scopeSteps(at),
    ];
    const last = await climb<Attempt>(nothing, steps, requestOf);
    const mended = requestOf({ ...last, signature: right.get("X-Amz-Signature") ?? "" });
    expect((await send(server.endpoint, mended)).status).toBe(200);
  });

  test("Rule N1: a session token on a long-term key is refused", async () => {
    const withToken = { ...unsigned, path: `/?X-Amz-Security-Token=${SESSION_TOKEN}` };
    const answer = await send(server.endpoint, presigned(withToken));
    expectRefused(answer, UNRECOGNIZED, "The security token included in the request is invalid");
  });

  test("Rule N2: a presigned request is good for as long as it says, and for 15 minutes at most", async () => {
    const at = new Date(Date.now() - 10 * MINUTE_MS);
    expect((await send(server.endpoint, presigned(unsigned, { at, expiresSeconds: 840 }))).status).toBe(200);
    const late = await send(server.endpoint, presigned(unsigned, { at, expiresSeconds: 540 }));
    expectRefused(late, INVALID, /^Signature expired: .* - 9 min\.\)$/);
    const before = new Date(Date.now() - 16 * MINUTE_MS);
    for (const expiresSeconds of [undefined, 3_600, 604_800]) {
      const sent = presigned(unsigned, { at: before, ...(expiresSeconds === undefined ? {} : { expiresSeconds }) });
      expectRefused(await send(server.endpoint, sent), INVALID, EXPIRED);
    }
  });

  test("Rule N1: a query of more parameters than anybody signs, or that is no text, is malformed", async () => {
    // A presigned request adds five of its own.
    expect((await send(server.endpoint, presigned(queried(many(27))))).status).toBe(200);
    expect((await send(server.endpoint, signed(queried(many(32))))).status).toBe(200);
    const tooMany = "The query string has more than 32 parameters.";
    expectRefused(await send(server.endpoint, presigned(queried(many(28)))), INCOMPLETE, tooMany);
    expectRefused(await send(server.endpoint, signed(queried(many(33)))), INCOMPLETE, tooMany);
    const noText = "The query string is not percent-encoded UTF-8.";
    for (const query of ["%FF", "a=%", "%zz=1&a=b"]) {
      expectRefused(await send(server.endpoint, signed(queried(query))), INCOMPLETE, noText);
      expectRefused(await send(server.endpoint, presigned(queried(query))), INCOMPLETE, noText);
    }
  });
});

const atPath = (length: number): RawRequest => signed({ ...unsigned, path: `/${"p/".repeat(length / 2 - 1)}p` });

describe("Rule N1: what a request has too much of makes it malformed", () => {
  test("two Authorization headers, be they the same", async () => {
    const good = String(signed(unsigned).headers["authorization"]);
    for (const authorization of [
      [good, good],
      ["AWS4-HMAC-SHA256 Credential=x", good],
    ]) {
      const answer = await send(server.endpoint, withHeaders(signed(unsigned), { authorization }));
      expectRefused(answer, INCOMPLETE, "There is more than one 'Authorization' header.");
    }
  });

  test("a path beyond all endpoints", async () => {
    expect((await send(server.endpoint, atPath(2_048))).status).toBe(200);
    expectRefused(await send(server.endpoint, atPath(2_050)), INCOMPLETE, "The path has more than 2048 characters.");
  });

  test("names of signed headers", async () => {
    const names = Array.from({ length: 101 }, (_, i) => `x-${i}`);
    const authorization = (count: number): string =>
      String(signed(unsigned).headers["authorization"]).replace(
        /SignedHeaders=[^,]*/,
        `SignedHeaders=${["host", "x-amz-target", ...names.slice(0, count - 2)].join(";")}`,
      );
    const refused = async (count: number): Promise<RawAnswer> =>
      send(server.endpoint, withHeaders(signed(unsigned), { authorization: authorization(count) }));
    expectRefused(await refused(100), INVALID, /^The request signature we calculated/);
    const tooMany = "'SignedHeaders' of the AWS Authorization names more than 100 headers.";
    expectRefused(await refused(101), INVALID, tooMany);
  });
});

describe("Rule N1: a region in the credential's scope", () => {
  const longest = `us-${"a".repeat(27)}-1`;
  const tooLong = `us-${"a".repeat(28)}-1`;

  test("has at most 32 characters, however well it is signed", async () => {
    expect([longest.length, tooLong.length]).toEqual([32, 33]);
    for (const sign of [signed, presigned]) {
      expect((await send(server.endpoint, sign(unsigned, { region: longest }))).status).toBe(200);
      for (const region of [tooLong, `us-east-${"1".repeat(25)}`, `us-east-${"1".repeat(400)}`]) {
        expectRefused(await send(server.endpoint, sign(unsigned, { region })), INVALID, noRegion(region));
      }
    }
  });

  test("is repeated in the refusal up to 512 characters", async () => {
    const region = "r".repeat(2_000);
    const answer = await send(server.endpoint, signed(unsigned, { region }));
    expectRefused(answer, INVALID, noRegion(`${"r".repeat(512)}…`));
  });

  test("of 32 characters is form alone: who signs by another secret is refused for that", async () => {
    const answer = await send(server.endpoint, signed(unsigned, { region: longest, secretAccessKey: "a guess" }));
    expectRefused(answer, INVALID, MISMATCH);
  });
});

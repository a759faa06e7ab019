import { createHash, createHmac } from "node:crypto";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { meteringService } from "../service.ts";
import { parseAuthorization } from "./authorization.ts";
import { canonicalRequest } from "./canonical-request.ts";
import { scopeText, signature, signingKey, stringToSign, type SigningHashes } from "./signature.ts";

const RUNS = { numRuns: 1_000 };

type SourceData = string | ArrayBuffer | ArrayBufferView;

function bytesOf(data: SourceData): string | Uint8Array {
  if (typeof data === "string") return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

class Sha256 {
  readonly #hash;
  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }
  update(data: SourceData): void {
    this.#hash.update(bytesOf(data));
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

const hashes: SigningHashes = {
  sha256Hex: (text) => createHash("sha256").update(text).digest("hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

/** What a client gives to its signer and its HTTP library. */
interface Intent {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, readonly string[]])[];
  readonly body: string | Uint8Array | undefined;
  readonly region: string;
  readonly date: Date;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly applyChecksum: boolean;
  readonly spell: (text: string) => string;
}

/** What a server reads: raw texts, nothing decoded. */
interface Message {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
}

type Signed = Pick<HttpRequest, "method" | "path" | "headers">;

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly amzDate: string;
}

function signatureOf(message: Message, claim: Claim, secretAccessKey: string): string {
  const [, date = "", region = "", service = "", ...rest] = claim.credential.split("/");
  const scope = { date, region, service };
  expect(`AKIDEXAMPLE/${scopeText(scope)}`).toBe(claim.credential);
  expect(rest).toHaveLength(1);
  const canonical = canonicalRequest({
    ...message,
    signedHeaders: claim.signedHeaders.split(";"),
    payloadHash: createHash("sha256").update(message.body).digest("hex"),
  });
  const key = signingKey(hashes, secretAccessKey, scope);
  return signature(hashes, key, stringToSign(hashes, claim.amzDate, scope, canonical));
}

function signerOf(intent: Intent): SignatureV4 {
  const { region, secretAccessKey, sessionToken, applyChecksum } = intent;
  return new SignatureV4({
    service: meteringService.signingName,
    region,
    sha256: Sha256,
    applyChecksum,
    credentials: {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  });
}

function requestOf(intent: Intent): HttpRequest {
  const query: Record<string, string | string[]> = {};
  for (const [name, values] of Map.groupBy(intent.parameters, (pair) => pair[0])) {
    const [first = "", ...more] = values.map(([, value]) => value);
    query[name] = more.length === 0 ? first : [first, ...more];
  }
  return new HttpRequest({
    method: intent.method,
    path: intent.path,
    query,
    headers: Object.fromEntries([["Host", "metering.example"], ...intent.headers.map(asOneHeader)]),
    body: intent.body,
  });
}

/** The signer knows no repeated headers; a client that repeats one signs the values joined, as HTTP would combine them. */
function asOneHeader([name, values]: readonly [string, readonly string[]]): [string, string] {
  if (values.length === 1) return [name, values[0] ?? ""];
  return [name, values.map((value) => value.replace(/^[ \t]+|[ \t]+$/g, "")).join(",")];
}

function onTheWire(intent: Intent, signed: Signed, parameters: Intent["parameters"]): Message {
  const sent = new Map(intent.headers);
  const headers = Object.entries(signed.headers).map(
    ([name, value]) => [name.toLowerCase(), sent.get(name) ?? [value]] as const,
  );
  const { spell } = intent;
  return {
    method: signed.method,
    path: signed.path,
    query: parameters.map(([name, value]) => `${spell(name)}=${spell(value)}`).join("&"),
    headers: new Map(headers),
    body: Buffer.from(intent.body ?? ""),
  };
}

const oddText = fc.oneof(
  fc.constantFrom(
    "",
    "+",
    " ",
    "!'()*~",
    "%",
    "%20",
    "%zz",
    "a=b&c",
    "a;b",
    "é",
    "e\u0301",
    "請求書",
    "🧾",
    "constructor",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
);

const path = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.constantFrom(
          "",
          ".",
          "..",
          "...",
          ".a",
          "%2E%2E",
          "%2F",
          "%2f",
          "a%20b",
          "%E8%AB%8B",
          "a+b",
          "é",
          "$&:;=@,",
        ),
        oddText.map(encodeURIComponent),
      ),
      { maxLength: 6 },
    ),
    fc.boolean(),
  )
  .map(([segments, slash]) => `/${segments.join("/")}${slash ? "/" : ""}`);

// The official signer keeps parameters in a plain object, which cannot hold this one name.
const parameterName = oddText.filter((name) => name !== "__proto__" && name.toLowerCase() !== "x-amz-signature");

const OWN_HEADERS = ["host", "authorization", "date", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];
const headerName = fc
  .oneof(
    fc.constantFrom("Content-Type", "X-Amz-Target", "x-amz-meta", "X-Padded", "User-Agent", "constructor"),
    fc.stringMatching(/^[a-zA-Z0-9!#$&'*+.^_`|~-]{1,12}$/),
  )
  .filter((name) => name !== "__proto__" && !OWN_HEADERS.includes(name.toLowerCase()));

const headerValue = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        " ",
        "  ",
        "\t",
        " \t ",
        ",",
        '"a  b"',
        "é",
        "à",
        "\u00A0",
        "\u0085",
        "\u2003",
        "\u3000",
        "\uFEFF",
      ),
      fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.replace(/\p{Cc}/gu, "")),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(""));

const intents: fc.Arbitrary<Intent> = fc.record({
  method: fc.constantFrom("POST", "GET", "PUT", "DELETE"),
  path,
  parameters: fc.array(fc.tuple(fc.oneof(parameterName, fc.constantFrom("a", "b")), oddText), { maxLength: 6 }),
  headers: fc.uniqueArray(fc.tuple(headerName, fc.array(headerValue, { minLength: 1, maxLength: 3 })), {
    maxLength: 6,
    selector: ([name]) => name.toLowerCase(),
  }),
  body: fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array(), fc.constant("")), { nil: undefined }),
  region: fc.oneof(
    fc.constantFrom("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"),
    fc.stringMatching(/^[a-z0-9-]{1,20}$/),
  ),
  date: fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
  secretAccessKey: fc.string({ minLength: 1, maxLength: 40 }),
  sessionToken: fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
  applyChecksum: fc.boolean(),
  // HTTP libraries differ in the characters that they escape, and in the case of the digits; a server sees all forms.
  spell: fc.constantFrom(
    encodeURIComponent,
    (text: string) => encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase()),
    (text: string) => encodeURIComponent(text).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
  ),
});

test("what the official signer put into the Authorization header is computed again from the wire", async () => {
  await fc.assert(
    fc.asyncProperty(intents, async (intent) => {
      const signed = await signerOf(intent).sign(requestOf(intent), { signingDate: intent.date });
      const { algorithm, ...parts } = parseAuthorization(signed.headers["authorization"] ?? "");
      expect(algorithm).toBe("AWS4-HMAC-SHA256");
      const { credential = "", signedHeaders = "", signature: claimed = "" } = parts;
      const claim = { credential, signedHeaders, signature: claimed, amzDate: signed.headers["x-amz-date"] ?? "" };
      const message = onTheWire(intent, signed, intent.parameters);
      expect(signatureOf(message, claim, intent.secretAccessKey)).toBe(claim.signature);
    }),
    RUNS,
  );
});

test("what the official signer put into a presigned query is computed again from the wire", async () => {
  await fc.assert(
    fc.asyncProperty(intents, async (intent) => {
      const presigned = await signerOf(intent).presign(requestOf(intent), { signingDate: intent.date });
      const given = new Set(intent.parameters.map(([name]) => name));
      const added = Object.entries(presigned.query ?? {}).filter(([name]) => !given.has(name));
      const all = [...intent.parameters, ...added.map(([name, value]) => [name, String(value)] as const)];
      const message = onTheWire(intent, presigned, all);
      const read = (name: string): string => {
        const part = message.query.split("&").find((parameter) => parameter.startsWith(`${name}=`));
        return decodeURIComponent(part?.slice(name.length + 1) ?? "");
      };
      const claim: Claim = {
        credential: read("X-Amz-Credential"),
        signedHeaders: read("X-Amz-SignedHeaders"),
        signature: read("X-Amz-Signature"),
        amzDate: read("X-Amz-Date"),
      };
      const query = message.query.replace(/(^|&)X-Amz-Signature=[^&]*/, "");
      expect(signatureOf({ ...message, query }, claim, intent.secretAccessKey)).toBe(claim.signature);
    }),
    RUNS,
  );
});

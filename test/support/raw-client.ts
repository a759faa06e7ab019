/**
 * A client with nothing between a test and the wire: a request is a value that can be signed, altered at will, and sent as it
 * is.
 *
 * It signs by the steps of `@countinghouse/protocol`. The official signer would not sign what tests need: a `Date` header, a
 * missing target, a wrong scope. Server and tests then share these steps, but that hides no fault: `official-signer.test.ts`
 * compares the steps with the official signer, and the official SDK and the AWS CLI have suites of their own here.
 */
import { createHash, createHmac } from "node:crypto";
import { request as openRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import {
  ALGORITHM,
  CBOR_CONTENT_TYPE,
  JSON_CONTENT_TYPE,
  canonicalRequest,
  encodeRfc3986,
  formatAmzDate,
  meteringService,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type Service,
  type SigningHashes,
} from "@countinghouse/protocol";
import { speaksCbor } from "./in-cbor.ts";
import { fromCbor, inCbor } from "./rpc-client.ts";
import { DEMO } from "./server.ts";

export interface RawRequest {
  readonly method: string;
  /** Path and query, as they are on the wire. */
  readonly path: string;
  /** By lower-case name; a list is sent as repeated headers, undefined is left out. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Buffer;
}

export interface Signing {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
  readonly service?: string;
  readonly at?: Date;
  /** Headers that are sent unsigned. */
  readonly unsigned?: readonly string[];
  /** Signs the request's `Date` header, and adds no `X-Amz-Date`. */
  readonly byDateHeader?: boolean;
  /** For a presigned request. */
  readonly expiresSeconds?: number;
}

/** An unsigned request for an operation, with the headers of every SDK; in CBOR where a suite of `test/wire/in-cbor/` says so. */
export function wireRequest(
  endpoint: string,
  operation: string,
  input: object | string | Buffer,
  service: Pick<Service, "targetPrefix"> = meteringService,
): RawRequest {
  const body = Buffer.isBuffer(input) ? input : Buffer.from(typeof input === "string" ? input : JSON.stringify(input));
  const request: RawRequest = {
    method: "POST",
    path: "/",
    headers: {
      host: new URL(endpoint).host,
      "content-type": JSON_CONTENT_TYPE,
      "x-amz-target": `${service.targetPrefix}.${operation}`,
    },
    body,
  };
  return speaksCbor("raw") ? inCbor(request) : request;
}

/** The request with some headers replaced, added, or (undefined) removed; a signature stays as it is. */
export function withHeaders(request: RawRequest, headers: RawRequest["headers"]): RawRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** The request with a signature in its headers, over all of them but the `unsigned` ones. */
export function signed(request: RawRequest, signing: Signing = {}): RawRequest {
  const { at = new Date(), byDateHeader = false } = signing;
  const dated = byDateHeader ? request : withHeaders(request, { "x-amz-date": formatAmzDate(at.getTime()) });
  const signedHeaders = namesToSign(dated, signing);
  const { credential, signatureOf } = signerFor(signing, at);
  const parts = [
    `Credential=${credential}`,
    `SignedHeaders=${signedHeaders.join(";")}`,
    `Signature=${signatureOf(dated, signedHeaders)}`,
  ];
  return withHeaders(dated, { authorization: `${ALGORITHM} ${parts.join(", ")}` });
}

/** The request with a signature in its query. */
export function presigned(request: RawRequest, signing: Signing = {}): RawRequest {
  const { at = new Date(), expiresSeconds } = signing;
  const signedHeaders = namesToSign(request, signing);
  const { credential, signatureOf } = signerFor(signing, at);
  const claims = withQuery(request, {
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": credential,
    "X-Amz-Date": formatAmzDate(at.getTime()),
    ...(expiresSeconds === undefined ? {} : { "X-Amz-Expires": String(expiresSeconds) }),
    "X-Amz-SignedHeaders": signedHeaders.join(";"),
  });
  return withQuery(claims, { "X-Amz-Signature": signatureOf(claims, signedHeaders) });
}

/** The request with parameters added to its query. */
function withQuery(request: RawRequest, parameters: Readonly<Record<string, string>>): RawRequest {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeRfc3986(value)}`);
  return { ...request, path: `${request.path}${request.path.includes("?") ? "&" : "?"}${query.join("&")}` };
}

/** Sends the request on a connection of its own, or on one of the agent's. */
export function send(endpoint: string, request: RawRequest, agent: Agent | false = false): Promise<RawAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(
      {
        hostname,
        port,
        method: request.method,
        path: request.path,
        headers: headerLines(request).flat(),
        agent,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const received = Buffer.concat(chunks);
          const text = received.toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: received });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

/** An answer's JSON, whose members tests can read; an answer in CBOR is converted to JSON. */
export function jsonOf(answer: RawAnswer): Record<string, unknown> {
  if (answer.headers["content-type"] === CBOR_CONTENT_TYPE) return fromCbor(answer);
  return JSON.parse(answer.text) as Record<string, unknown>;
}

/** The request as the bytes of HTTP/1.1. */
export function bytesOf(request: RawRequest): Buffer {
  const lines = headerLines(request).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${request.method} ${request.path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  return Buffer.concat([head, request.body]);
}

/** Sends bytes, and then ends its side or resets the connection, if asked to; answers everything that came until the end. */
export function exchange(endpoint: string, bytes: Buffer | string, then?: "end" | "reset"): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes, () => {
        if (then === "end") socket.end();
        if (then === "reset") socket.resetAndDestroy();
      });
    });
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    // A broken connection counts as closed; what came before is the answer.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}

const hashes: SigningHashes = {
  sha256Hex: (text) => createHash("sha256").update(text).digest("hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

interface Signer {
  readonly credential: string;
  readonly signatureOf: (request: RawRequest, signedHeaders: readonly string[]) => string;
}

function signerFor(signing: Signing, at: Date): Signer {
  const {
    accessKeyId,
    secretAccessKey,
    region = "us-east-1",
    service = meteringService.signingName,
  } = { ...DEMO, ...signing };
  const amzDate = formatAmzDate(at.getTime());
  const scope = { date: amzDate.slice(0, 8), region, service };
  return {
    credential: `${accessKeyId}/${scopeText(scope)}`,
    signatureOf: (request, signedHeaders) => {
      const [path = "/", query = ""] = request.path.split("?", 2);
      const canonical = canonicalRequest({
        method: request.method,
        path,
        query,
        headers: new Map(Object.entries(request.headers).map(([name, value = []]) => [name, [value].flat()])),
        signedHeaders,
        payloadHash: createHash("sha256").update(request.body).digest("hex"),
      });
      const key = signingKey(hashes, secretAccessKey, scope);
      return signature(hashes, key, stringToSign(hashes, amzDate, scope, canonical));
    },
  };
}

function namesToSign(request: RawRequest, { unsigned = [] }: Signing): string[] {
  const present = Object.keys(request.headers).filter((name) => request.headers[name] !== undefined);
  return present.filter((name) => !unsigned.includes(name)).toSorted();
}

function headerLines({ headers, body }: RawRequest): [string, string][] {
  const given = headers["transfer-encoding"] ?? headers["content-length"];
  const all = given === undefined ? { ...headers, "content-length": String(body.length) } : headers;
  return Object.entries(all).flatMap(([name, value = []]) =>
    [value].flat().map((line): [string, string] => [name, Buffer.from(line).toString("latin1")]),
  );
}

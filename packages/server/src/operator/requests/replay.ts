/** Sends a request again over the wire, like any client: signed anew, with an access key of the catalogue. */
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import {
  ALGORITHM,
  canonicalRequest,
  formatAmzDate,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type EpochMs,
} from "@countinghouse/protocol";
import { createSecretKey, hash } from "node:crypto";
import { nodeHashes } from "../../identity/authenticator.ts";

/** The address on which this server listens. */
export interface OwnAddress {
  readonly host: string;
  readonly port: number;
  /** The server's own certificate; undefined where it serves no TLS. */
  readonly cert: string | undefined;
}

export interface SignedBy {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** The service's name in signatures. */
  readonly service: string;
}

export interface Sendable {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Headers that belong to the first request's connection or signature. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "date",
  "expect",
  "host",
  "keep-alive",
  "transfer-encoding",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-forwarded-for",
  "x-forwarded-proto",
]);
const ANSWER_MS = 30_000;
const ANSWER_BYTES_MAX = 1_048_576;

/** Undefined where the connection ended without an answer. */
export async function sendAgain(
  sendable: Sendable,
  by: SignedBy,
  to: OwnAddress,
  wallMs: EpochMs,
): Promise<Answered | undefined> {
  const host = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  const kept = [...sendable.headers].filter(([name]) => !LEFT_OUT.has(name));
  const headers = new Map<string, readonly string[]>([
    ...kept,
    ["host", [host]],
    ["x-amz-date", [formatAmzDate(wallMs)]],
  ]);
  const authorization = authorizationOf({ ...sendable, headers }, by);
  const sent = Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? values[0] : [...values]]),
  );
  return exchange(sendable, to, { ...sent, authorization });
}

function authorizationOf({ method, path, headers, body }: Sendable, by: SignedBy): string {
  const amzDate = headers.get("x-amz-date")?.[0] ?? "";
  const scope = { date: amzDate.slice(0, 8), region: by.region, service: by.service };
  const signedHeaders = ["content-type", "host", "x-amz-date", "x-amz-target"].filter((name) => headers.has(name));
  const payloadHash = hash("sha256", body, "hex");
  const canonical = canonicalRequest({ method, path, query: "", headers, signedHeaders, payloadHash });
  const key = createSecretKey(signingKey(nodeHashes, by.secretAccessKey, scope));
  const signed = signature(nodeHashes, key, stringToSign(nodeHashes, amzDate, scope, canonical));
  const credential = `${by.accessKeyId}/${scopeText(scope)}`;
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signed}`;
}

function exchange(
  { method, path, body }: Sendable,
  { host, port, cert }: OwnAddress,
  headers: OutgoingHttpHeaders,
): Promise<Answered | undefined> {
  const options = { host, port, method, path, headers: { ...headers, "content-length": String(body.length) } };
  return new Promise((resolve) => {
    const give = (answered: Answered | undefined): void => resolve(answered);
    // The server is recognized by its certificate, whatever name the certificate is for.
    const request =
      cert === undefined
        ? httpRequest({ ...options, agent: false })
        : httpsRequest({ ...options, agent: false, ca: cert, checkServerIdentity: () => undefined });
    request.setTimeout(ANSWER_MS, () => request.destroy());
    request.on("error", () => give(undefined));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
      });
      response.on("error", () => give(undefined));
      response.on("end", () => {
        give({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}

/** The request with another body, in AWS JSON 1.1. */
export function withBody(sendable: Sendable, target: string, body: object): Sendable {
  const headers = new Map([...sendable.headers].filter(([name]) => name !== "smithy-protocol" && name !== "accept"));
  headers.set("content-type", ["application/x-amz-json-1.1"]);
  headers.set("x-amz-target", [target]);
  return { method: "POST", path: "/", headers, body: Buffer.from(JSON.stringify(body)) };
}

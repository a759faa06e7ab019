/**
 * Finds why a signature does not match: compares each step as this server makes it with the request, and with the caller's own
 * steps. Shows nothing of a key, and no valid signature.
 */
import { createSecretKey, hash, timingSafeEqual } from "node:crypto";
import { HIDDEN, canonicalRequest, signature, signingKey, stringToSign, type EpochMs } from "@countinghouse/protocol";
import { nodeHashes } from "../../identity/authenticator.ts";
import { readSignature, type SignatureClaims, type SignedRequest } from "../../identity/signed-request.ts";
import type { SignatureDiagnosis } from "../contract/ledger/requests.ts";

type Step = SignatureDiagnosis["steps"][number];
type Difference = NonNullable<SignatureDiagnosis["firstDifference"]>;

interface Asked {
  readonly request: SignedRequest;
  /** Used instead of the body. */
  readonly bodySha256?: string | undefined;
  readonly canonicalRequest?: string | undefined;
  readonly stringToSign?: string | undefined;
}

interface Known {
  /** The secret of an access key, given the session token that came with it; undefined where there is none. */
  readonly secretOf: (accessKeyId: string, sessionToken: string | undefined) => string | undefined;
  /** When the request came. */
  readonly wallMs: EpochMs;
}

export function diagnose(asked: Asked, { secretOf, wallMs }: Known): SignatureDiagnosis {
  const { request } = asked;
  const claims = readSignature(request, signedService(request), wallMs);
  if ("code" in claims) {
    const hint = claims.message.replace(/Authorization=.*/s, `Authorization=${HIDDEN}`);
    return {
      good: false,
      steps: [{ step: "read", verdict: "different", hint }],
      firstDifference: { step: "read", hint },
    };
  }
  const payloadHash = asked.bodySha256 ?? hash("sha256", request.body, "hex");
  const canonical = canonicalOf(request, claims, payloadHash);
  const toSign = stringToSign(nodeHashes, claims.amzDate, claims.scope, canonical);
  const secret = secretOf(claims.accessKeyId, claims.sessionToken);
  const good = secret !== undefined && isSignedBy(secret, claims, toSign);
  const steps: Step[] = [
    { step: "read", verdict: "same" },
    keyStep(claims.accessKeyId, secret),
    payloadStep(request, payloadHash),
    compared("canonical-request", canonical, asked.canonicalRequest),
    compared("string-to-sign", toSign, asked.stringToSign),
    good ? { step: "signature", verdict: "same" } : badSignature(request, claims, payloadHash, secret),
  ];
  return { good, steps, firstDifference: good ? undefined : firstDifference(steps) };
}

/** The service in the scope of the request's own signature; whether that is the right service is not checked here. */
function signedService({ headers, query }: SignedRequest): string {
  const text = headers.get("authorization")?.[0] ?? decodeSafely(query);
  return /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(text)?.[1] ?? "";
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function canonicalOf(
  { method, path, headers }: SignedRequest,
  { query, signedHeaders }: SignatureClaims,
  payloadHash: string,
): string {
  return canonicalRequest({ method, path, query, headers, signedHeaders, payloadHash });
}

function isSignedBy(secret: string, { scope, signature: given }: SignatureClaims, toSign: string): boolean {
  const key = createSecretKey(signingKey(nodeHashes, secret, scope));
  const expected = Buffer.from(signature(nodeHashes, key, toSign));
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function keyStep(accessKeyId: string, secret: string | undefined): Step {
  if (secret !== undefined) return { step: "access-key", verdict: "same", ours: accessKeyId };
  const hint = "The catalogue has no such access key, or its session token is missing, altered or not of this server.";
  return { step: "access-key", verdict: "different", theirs: accessKeyId, hint };
}

function payloadStep({ headers }: SignedRequest, ours: string): Step {
  const theirs = headers.get("x-amz-content-sha256")?.join(",");
  if (theirs === undefined) return { step: "payload-hash", verdict: "unknown", ours };
  if (theirs === ours) return { step: "payload-hash", verdict: "same", ours, theirs };
  const hint =
    "The header x-amz-content-sha256 is not the SHA-256 of the body as it arrived: the body was changed, or it was hashed otherwise.";
  return { step: "payload-hash", verdict: "different", ours, theirs, hint };
}

function compared(step: "canonical-request" | "string-to-sign", ours: string, theirs: string | undefined): Step {
  if (theirs === undefined) return { step, verdict: "unknown", ours: withoutToken(ours) };
  const given = theirs.replaceAll("\r\n", "\n");
  const told = { step, ours: withoutToken(ours), theirs: withoutToken(given) };
  if (given === ours) return { ...told, verdict: "same" };
  const line = lineOfDifference(ours, given);
  const what = step === "canonical-request" ? whatStandsIn(line, ours) : TO_SIGN_LINES[line - 1];
  return {
    ...told,
    verdict: "different",
    hint: `Line ${line} differs: ${what ?? "one has more lines than the other"}.`,
  };
}

const TO_SIGN_LINES = ["the algorithm", "the date", "the scope", "the hash of the canonical request"] as const;

function whatStandsIn(line: number, canonical: string): string {
  const names = ["the method", "the path", "the query"];
  const lines = canonical.split("\n");
  if (line <= names.length) return names[line - 1] as string;
  if (line === lines.length) return "the hash of the body";
  if (line === lines.length - 1) return "the names of the signed headers";
  const [name = ""] = (lines[line - 1] ?? "").split(":", 1);
  return name === "" ? "the end of the headers" : `the header ${name}`;
}

function lineOfDifference(ours: string, theirs: string): number {
  const other = theirs.split("\n");
  const at = ours.split("\n").findIndex((text, i) => text !== other[i]);
  return at === -1 ? ours.split("\n").length + 1 : at + 1;
}

function withoutToken(text: string): string {
  return text
    .replace(/^(x-amz-security-token:).*$/m, `$1${HIDDEN}`)
    .replaceAll(/(X-Amz-Security-Token=)[^&\n]*/g, `$1${HIDDEN}`);
}

/** Requests that clients sign by mistake instead of the one that they send, each with the mistake. */
function badSignature(
  request: SignedRequest,
  claims: SignatureClaims,
  payloadHash: string,
  secret: string | undefined,
): Step {
  if (secret === undefined) return { step: "signature", verdict: "unknown" };
  const host = request.headers.get("host")?.[0] ?? "";
  const withHost = (value: string): SignedRequest => ({
    ...request,
    headers: new Map([...request.headers, ["host", [value]]]),
  });
  const mistakes: readonly (readonly [string, SignedRequest, string])[] = [
    [
      "It is good for the same host without its port: sign the header Host as it is sent.",
      withHost(host.replace(/:\d+$/, "")),
      payloadHash,
    ],
    [
      "It is good for the same host in small letters: sign the header Host as it is sent.",
      withHost(host.toLowerCase()),
      payloadHash,
    ],
    ["It is good for an empty body: sign the hash of the body that is sent.", request, hash("sha256", "", "hex")],
    ["It is good for UNSIGNED-PAYLOAD: sign the hash of the body.", request, "UNSIGNED-PAYLOAD"],
    ["It is good for the path /: sign the path that is sent.", { ...request, path: "/" }, payloadHash],
  ];
  for (const [hint, mistaken, hashed] of mistakes) {
    const canonical = canonicalOf(mistaken, claims, hashed);
    const toSign = stringToSign(nodeHashes, claims.amzDate, claims.scope, canonical);
    if (isSignedBy(secret, claims, toSign)) return { step: "signature", verdict: "different", hint };
  }
  const hint =
    "Another secret access key was signed with, or another text: give canonicalRequest and stringToSign as the other side made them, and the first line that differs is told.";
  return { step: "signature", verdict: "different", hint };
}

function firstDifference(steps: readonly Step[]): Difference | undefined {
  const first = steps.find(({ verdict }) => verdict === "different");
  if (first === undefined) return undefined;
  const line = /^Line (\d+) differs/.exec(first.hint ?? "")?.[1];
  return { step: first.step, line: line === undefined ? undefined : Number(line), hint: first.hint ?? "It differs." };
}

/** A request as an official SDK would send it, byte for byte: headers and signature. */
import { createHmac, hash, randomUUID } from "node:crypto";
import {
  ALGORITHM,
  JSON_CONTENT_TYPE,
  batchMeterUsage,
  canonicalRequest,
  formatAmzDate,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type CredentialScope,
  type SigningHashes,
} from "@countinghouse/protocol";

export const ACCESS_KEY_ID = "AKIACOUNTINGHOUSE777";
export const SECRET_ACCESS_KEY = "bench-secret-not-kept-anywhere-else-0000";

/** Who signs, and which operation is called. */
interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly target: string;
}

const METERING: Signer = {
  accessKeyId: ACCESS_KEY_ID,
  secretAccessKey: SECRET_ACCESS_KEY,
  target: batchMeterUsage.target,
};
const HOST = "metering.bench.example";

const hashes: SigningHashes = {
  sha256Hex: (text) => hash("sha256", text, "hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

const signingKeys = new Map<string, Uint8Array>();

function signingKeyOf(scope: CredentialScope, { secretAccessKey, sessionToken }: Signer): Uint8Array {
  // A session's signing key is used only once.
  if (sessionToken !== undefined) return signingKey(hashes, secretAccessKey, scope);
  const known = signingKeys.get(scopeText(scope));
  if (known !== undefined) return known;
  const key = signingKey(hashes, secretAccessKey, scope);
  signingKeys.set(scopeText(scope), key);
  return key;
}

/** Headers and body, signed now; good for fifteen minutes. */
export function signedRequest(body: string, region: string, nowMs: number, signer: Signer = METERING): Buffer {
  const { accessKeyId, sessionToken, target } = signer;
  const amzDate = formatAmzDate(nowMs);
  const scope = { date: amzDate.slice(0, 8), region, service: batchMeterUsage.signingName };
  const payloadHash = hashes.sha256Hex(body);
  const signed = {
    "amz-sdk-invocation-id": randomUUID(),
    "amz-sdk-request": "attempt=1; max=3",
    "content-length": String(Buffer.byteLength(body)),
    "content-type": JSON_CONTENT_TYPE,
    host: HOST,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": amzDate,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
    "x-amz-target": target,
    "x-amz-user-agent": "aws-sdk-js/3.1138.0",
  };
  const signedHeaders = Object.keys(signed);
  const headers = new Map(Object.entries(signed).map(([name, value]) => [name, [value]]));
  const canonical = canonicalRequest({ method: "POST", path: "/", query: "", headers, signedHeaders, payloadHash });
  const signatureHex = signature(hashes, signingKeyOf(scope, signer), stringToSign(hashes, amzDate, scope, canonical));
  const lines = [
    "POST / HTTP/1.1",
    ...Object.entries(signed).map(([name, value]) => `${name}: ${value}`),
    `authorization: ${ALGORITHM} Credential=${accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signatureHex}`,
    "user-agent: aws-sdk-js/3.1138.0 ua/2.1 os/linux lang/js md/nodejs#24.21.0 api/marketplace-metering#3.1138.0 m/N,E,e",
    "Connection: keep-alive",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

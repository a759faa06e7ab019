/** Calls the wire as any seller's program does: JSON, signed, over HTTP. */
import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import {
  ALGORITHM,
  canonicalRequest,
  formatAmzDate,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type SigningHashes,
} from "@countinghouse/protocol";

export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** What its requests say that it is. */
  readonly program: string;
}

export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface WireCaller {
  call(by: Caller, operation: string, input: object): Promise<Answered>;
}

const REGION = "us-east-1";

const hashes: SigningHashes<KeyObject> = {
  sha256Hex: (text) => hash("sha256", text, "hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

export function wireCaller(endpoint: string, wallMs: () => number): WireCaller {
  return {
    call: async (by, operation, input) => {
      const body = JSON.stringify(input);
      const headers = signedHeaders({ host: new URL(endpoint).host, by, operation, body, wallMs: wallMs() });
      const response = await fetch(endpoint, { method: "POST", headers, body });
      const text = await response.text();
      return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answered["body"]) };
    },
  };
}

interface Unsigned {
  readonly host: string;
  readonly by: Caller;
  readonly operation: string;
  readonly body: string;
  readonly wallMs: number;
}

function signedHeaders({ host, by, operation, body, wallMs }: Unsigned): Record<string, string> {
  const service = operation === "GetEntitlements" ? "AWSMPEntitlementService" : "AWSMPMeteringService";
  const sent: Record<string, string> = {
    "content-type": "application/x-amz-json-1.1",
    host,
    "x-amz-date": formatAmzDate(wallMs),
    "x-amz-target": `${service}.${operation}`,
    ...(by.sessionToken === undefined ? {} : { "x-amz-security-token": by.sessionToken }),
  };
  const names = Object.keys(sent).toSorted();
  const amzDate = sent["x-amz-date"] ?? "";
  const scope = { date: amzDate.slice(0, 8), region: REGION, service: "aws-marketplace" };
  const canonical = canonicalRequest({
    method: "POST",
    path: "/",
    query: "",
    headers: new Map(Object.entries(sent).map(([name, value]) => [name, [value]])),
    signedHeaders: names,
    payloadHash: hash("sha256", body, "hex"),
  });
  const key = createSecretKey(signingKey(hashes, by.secretAccessKey, scope));
  const signed = signature(hashes, key, stringToSign(hashes, amzDate, scope, canonical));
  const { host: _host, ...others } = sent;
  const credential = `${by.accessKeyId}/${scopeText(scope)}`;
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signed}`;
  return { ...others, authorization, "user-agent": by.program };
}

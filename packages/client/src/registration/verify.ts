/**
 * Verifies the signature in the answer to RegisterUsage: a JWT that AWS Marketplace has signed with PS256. It proves to a
 * container that the service itself has answered. Source: the seller guide's Java example, and RFC 7515, 7518.
 */
import { MeteringError } from "../outcome.ts";
import { importPublicKey, type RsaJwk } from "./public-key.ts";

/** What the JWT is compared with. */
export interface RegistrationExpectation {
  /** The RSA public key that came with the product, in PEM or as a JWK. */
  readonly publicKey: string | RsaJwk;
  /** The values that were sent to RegisterUsage. */
  readonly productCode: string;
  readonly publicKeyVersion: number;
  /** The nonce that was sent to RegisterUsage, if one was; the JWT must hold it. */
  readonly nonce?: string | undefined;
  /** How old the JWT may be, in seconds, and how far ahead of this clock; by default it may have any age. */
  readonly ageSecondsMax?: number | undefined;
  /** The time, in milliseconds since the epoch; by default this machine's. */
  readonly nowMs?: number | undefined;
}

export interface RegistrationClaims {
  readonly productCode: string;
  readonly publicKeyVersion: number;
  readonly nonce: string | undefined;
  /** When it was signed. */
  readonly issuedAt: Date;
}

/** Verifies `RegisterUsageOutput.signature`. Rejects with a `MeteringError`, `InvalidRegistrationError`, if it is not valid. */
export async function verifyRegistration(
  signature: string,
  expected: RegistrationExpectation,
): Promise<RegistrationClaims> {
  const key = await importPublicKey(expected.publicKey);
  const parts = signature.split(".");
  const [header = "", payload = "", proof = ""] = parts;
  if (parts.length !== 3) throw invalid("It is not a JWT of three parts.");
  const { alg, crit } = objectOf(header, "header");
  // The algorithm is fixed here, and not chosen by the token: `none` and all others are refused.
  if (alg !== "PS256") throw invalid(`Its algorithm is ${JSON.stringify(alg)}, and must be PS256.`);
  if (crit !== undefined) throw invalid("Its header asks for extensions.");
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  const algorithm = { name: "RSA-PSS", saltLength: 32 };
  if (!(await crypto.subtle.verify(algorithm, key, bytesOf(proof, "signature"), signed))) {
    throw invalid("Its signature does not match the public key.");
  }
  return checkClaims(objectOf(payload, "payload"), expected);
}

function checkClaims(claims: Readonly<Record<string, unknown>>, expected: RegistrationExpectation): RegistrationClaims {
  const { iat } = claims;
  // The documentation spells the claims with a capital letter, and its example that verifies them without one.
  const productCode = claims["productCode"] ?? claims["ProductCode"];
  const publicKeyVersion = claims["publicKeyVersion"] ?? claims["PublicKeyVersion"];
  const nonce = claims["nonce"] ?? claims["Nonce"] ?? undefined;
  if (productCode !== expected.productCode) throw invalid("It is for another product.");
  if (Number(publicKeyVersion) !== expected.publicKeyVersion) throw invalid("It is of another public key version.");
  if (expected.nonce !== undefined && nonce !== expected.nonce)
    throw invalid("Its nonce is not the one that was sent.");
  if (typeof iat !== "number" || !Number.isFinite(iat)) throw invalid("It does not say when it was issued.");
  const ageSeconds = (expected.nowMs ?? Date.now()) / 1000 - iat;
  if (expected.ageSecondsMax !== undefined && Math.abs(ageSeconds) > expected.ageSecondsMax) {
    throw invalid(`It was issued ${Math.round(ageSeconds)} s ago.`);
  }
  return {
    productCode: expected.productCode,
    publicKeyVersion: expected.publicKeyVersion,
    nonce: typeof nonce === "string" ? nonce : undefined,
    issuedAt: new Date(iat * 1000),
  };
}

function objectOf(part: string, name: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part, name)));
  } catch {
    throw invalid(`Its ${name} cannot be read.`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid(`Its ${name} is no object.`);
  return json as Record<string, unknown>;
}

function bytesOf(base64url: string, name: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(base64url)) throw invalid(`Its ${name} is not base64url.`);
  try {
    const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    throw invalid(`Its ${name} is not base64url.`);
  }
}

function invalid(why: string): MeteringError {
  return new MeteringError({ name: "InvalidRegistrationError", message: `The registration is not good: ${why}` });
}

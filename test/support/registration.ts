/** RegisterUsage signatures as the service makes them, and as it would never make them. */
import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";

interface SignedRegistration {
  readonly pem: string;
  readonly pkcs1: string;
  readonly jwk: JsonWebKey;
  readonly jwt: string;
  readonly issuedAtMs: number;
  readonly badJwts: readonly string[];
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** By default as small as the sample key of the seller guide. */
export function newKeyPair(modulusLength = 1_024): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength });
}

export function ps256(header: object, claims: object, privateKey: KeyObject, saltLength = 32): string {
  const text = `${part(header)}.${part(claims)}`;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, padding, saltLength }).toString("base64url")}`;
}

export function signedRegistration(productCode: string): SignedRegistration {
  const { publicKey, privateKey } = newKeyPair();
  const header = { alg: "PS256", typ: "JWT" };
  const claims = { productCode, publicKeyVersion: 1, nonce: "n", iat: 1_782_882_000 };
  const jwt = ps256(header, claims, privateKey);
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const [, payload = "", proof = ""] = jwt.split(".");
  const hmacText = `${part({ alg: "HS256" })}.${payload}`;
  return {
    pem,
    pkcs1: createPublicKey(pem).export({ type: "pkcs1", format: "pem" }).toString(),
    jwk: publicKey.export({ format: "jwk" }),
    jwt,
    issuedAtMs: claims.iat * 1000,
    badJwts: [
      `${part({ alg: "none" })}.${payload}.`,
      `${part({ alg: "None" })}.${payload}.${proof}`,
      `${hmacText}.${createHmac("sha256", pem).update(hmacText).digest("base64url")}`,
      ps256({ alg: "RS256" }, claims, privateKey),
      ps256({ ...header, crit: ["b64"] }, claims, privateKey),
      ps256(header, { ...claims, productCode: "another" }, privateKey),
      ps256(header, { ...claims, publicKeyVersion: 2 }, privateKey),
      ps256(header, { ...claims, nonce: "m" }, privateKey),
      ps256(header, { ...claims, iat: "now" }, privateKey),
      ps256(header, claims, newKeyPair().privateKey),
      ps256(header, claims, privateKey, 20),
      `${jwt.slice(0, -4)}AAAA`,
      `${jwt}.x`,
      "not.a.jwt",
      "",
    ],
  };
}

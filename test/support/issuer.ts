/**
 * An issuer of web identity tokens, such as a Kubernetes cluster: keys, key sets, tokens. It signs with `node:crypto` alone, so
 * that the code that verifies tokens shares nothing with the code that makes them.
 */
import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newKey(kid: string, alg: "RS256" | "PS256" | "ES256" | "EdDSA" = "RS256"): IssuerKey {
  return { kid, alg, ...newPair(alg) };
}

function newPair(alg: string): Pick<IssuerKey, "privateKey" | "publicKey"> {
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

/** The JSON Web Key Set of these keys. */
export function keySetOf(...keys: readonly IssuerKey[]): string {
  return JSON.stringify({
    keys: keys.map(({ kid, alg, publicKey }) => ({ ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" })),
  });
}

export type Claims = Readonly<Record<string, unknown>>;

export const ISSUER = "https://oidc.example/id/1";
export const POD_UID = "7d0f2a4e-33c1-4b7e-9a55-0123456789ab";
export const SUBJECT = "system:serviceaccount:default:app";

/** The claims of a token that Kubernetes projects into a pod, valid for an hour; undefined removes a claim. */
export function podClaims(issuer: string, over: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1_000);
  return {
    iss: issuer,
    sub: SUBJECT,
    aud: ["sts.amazonaws.com"],
    iat: now,
    nbf: now,
    exp: now + 3_600,
    "kubernetes.io": {
      namespace: "default",
      pod: { name: "app-0", uid: POD_UID },
      serviceaccount: { name: "app", uid: "f3d1c7a0-0000-4000-8000-000000000000" },
    },
    ...over,
  };
}

/** A signed token. Members of `header` replace the key's own. */
export function tokenOf(claims: Claims, key: IssuerKey, header: Claims = {}): string {
  const head = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  const text = `${encoded(head)}.${encoded(claims)}`;
  return `${text}.${signatureOf(head.alg, text, key).toString("base64url")}`;
}

function signatureOf(alg: string, text: string, { privateKey, publicKey }: IssuerKey): Buffer {
  const data = Buffer.from(text);
  if (alg === "none") return Buffer.alloc(0);
  // Uses the public key as a shared secret: a verifier that lets the token choose the algorithm would accept that.
  if (alg === "HS256") {
    return createHmac("sha256", publicKey.export({ type: "spki", format: "pem" }))
      .update(text)
      .digest();
  }
  if (alg === "PS256") return sign("sha256", data, { key: privateKey, padding: 6, saltLength: 32 });
  if (alg === "EdDSA") return sign(null, data, privateKey);
  if (alg === "ES256") return sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return sign("sha256", data, privateKey);
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

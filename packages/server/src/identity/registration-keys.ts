/**
 * The keys of RegisterUsage answers. Private keys are kept sealed, and opened to sign; sellers get the public keys. A private
 * key is sealed together with its public key, so another key cannot take its place.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { EpochMs } from "@countinghouse/protocol";
import type { JWK } from "jose";
import type { RegistrationClaims, RegistrationKey } from "../domain/catalogue/registration-key.ts";
import type { Sealer } from "./seal.ts";

/** SPKI and PKCS #8, in PEM. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

type SealedKeyPair = Pick<RegistrationKey, "publicKey" | "sealedPrivateKey">;

export function sealKeyPair(sealer: Sealer, { publicKey, privateKey }: KeyPair): SealedKeyPair {
  return { publicKey, sealedPrivateKey: sealer.seal(privateKey, purposeOf(publicKey)).toString("base64") };
}

/** The private key in PEM; undefined where it was sealed with another secrets key. */
export function openPrivateKey(sealer: Sealer, { publicKey, sealedPrivateKey }: SealedKeyPair): string | undefined {
  return sealer.open(Buffer.from(sealedPrivateKey, "base64"), purposeOf(publicKey));
}

/** Signs answers; opens each key only once. */
export class RegistrationSigner {
  readonly #sealer: Sealer;
  readonly #wallMs: () => EpochMs;
  /** By sealed private key, so that another key of the same version is not mistaken for it. */
  readonly #opened = new Map<string, KeyObject>();

  constructor(sealer: Sealer, wallMs: () => EpochMs) {
    this.#sealer = sealer;
    this.#wallMs = wallMs;
  }

  /** The JWT that a container gets. Rule Y6. */
  async sign(key: RegistrationKey, { productCode, publicKeyVersion, nonce }: RegistrationClaims): Promise<string> {
    const claims = { productCode, publicKeyVersion, ...(nonce === undefined ? {} : { nonce }) };
    // Loaded only here: no start needs it, and it has many files.
    const { SignJWT } = await import("jose");
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "PS256", typ: "JWT" })
      .setIssuedAt(Math.floor(this.#wallMs() / 1000))
      .sign(this.#privateKey(key));
  }

  #privateKey(key: RegistrationKey): KeyObject {
    const known = this.#opened.get(key.sealedPrivateKey);
    if (known !== undefined) return known;
    const pem = openPrivateKey(this.#sealer, key);
    if (pem === undefined) throw new Error(`Registration key ${key.version} cannot be opened with the secrets key.`);
    const opened = createPrivateKey(pem);
    this.#opened.set(key.sealedPrivateKey, opened);
    return opened;
  }
}

/** The public half as a JSON Web Key; its id is the version. */
export function publicJwk({ version, publicKey }: Pick<RegistrationKey, "version" | "publicKey">): JWK {
  const { kty, n, e } = createPublicKey(publicKey).export({ format: "jwk" });
  return { kty, kid: String(version), use: "sig", alg: "PS256", n, e } as JWK;
}

function purposeOf(publicKey: string): string {
  return `registration-key:${publicKey}`;
}

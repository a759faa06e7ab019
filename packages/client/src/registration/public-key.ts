/** The RSA public key by which RegisterUsage signatures are verified, read from any of its forms. */
import { MeteringError } from "../outcome.ts";

/** The members of a JSON Web Key that an RSA public key has. */
export interface RsaJwk {
  readonly kty?: string;
  readonly n?: string;
  readonly e?: string;
  readonly alg?: string;
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const PS256 = { name: "RSA-PSS", hash: "SHA-256" } as const;
/** AlgorithmIdentifier of rsaEncryption with null parameters (RFC 8017, A.1). */
const RSA_ALGORITHM = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/** PEM (`PUBLIC KEY` or `RSA PUBLIC KEY`) or JWK. */
export async function importPublicKey(key: string | RsaJwk): Promise<Key> {
  try {
    if (typeof key === "string") return await crypto.subtle.importKey("spki", spkiOf(key), PS256, false, ["verify"]);
    const { kty, n, e } = key;
    if (kty !== "RSA" || n === undefined || e === undefined) throw new TypeError("The JWK is not an RSA public key.");
    // Only the numbers are used: other members of the JWK (`use`, another `alg`) do not matter here.
    return await crypto.subtle.importKey("jwk", { kty, n, e }, PS256, false, ["verify"]);
  } catch (error) {
    const message = `The public key is no RSA public key in PEM or JWK: ${error instanceof Error ? error.message : String(error)}`;
    throw new MeteringError({ name: "ConfigurationError", message, cause: error });
  }
}

function spkiOf(pem: string): Uint8Array<ArrayBuffer> {
  const [, label, base64] = /-----BEGIN ((?:RSA )?PUBLIC KEY)-----([\s\S]+?)-----END \1-----/.exec(pem) ?? [];
  if (base64 === undefined) throw new TypeError("There is no PEM block PUBLIC KEY or RSA PUBLIC KEY.");
  const der = Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0));
  if (label === "PUBLIC KEY") return der;
  // PKCS #1 becomes SubjectPublicKeyInfo: SEQUENCE { algorithm, BIT STRING { the key } }.
  const bits = tagged(0x03, Uint8Array.of(0, ...der));
  return tagged(0x30, Uint8Array.of(...RSA_ALGORITHM, ...bits));
}

/** Tag, length and value of DER. */
function tagged(tag: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...size, ...value);
}

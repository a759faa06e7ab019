/**
 * Checkpoints: how far the chain of the ledger had come, signed, and kept apart from the ledger. Whoever alters the
 * ledger, and even makes its chain anew, cannot make the checkpoints say so. Each covers the line before it, so none
 * can be taken out of the middle either.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from "node:crypto";
import type { LaneHead } from "../ledger/chain-head.ts";

export interface Checkpoint {
  readonly v: 1;
  /** Service clock, ISO 8601. */
  readonly at: string;
  /** Wall clock, ISO 8601. */
  readonly writtenAt: string;
  /** All lanes of the ledger; one written by a single server has one. */
  readonly lanes: readonly LaneHead[];
  /** The ledger is about to be emptied: what was noted up to here is not in it any more. */
  readonly reset?: true;
  /** SHA-256 of the line before this one, in hexadecimal; null in a file's first line. */
  readonly before: string | null;
}

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key, in hexadecimal: how people tell one key from another. */
  readonly fingerprint: string;
}

/** What a private key of Ed25519 in PKCS #8 begins with; 32 bytes of secret follow (RFC 8410). */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** `seed` is 32 secret bytes. */
export function signingKeyOf(seed: Uint8Array): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, fingerprint: sha256(publicKey.export({ format: "der", type: "spki" })) };
}

/** One line, without its line break: the checkpoint as JSON, and its signature. */
export function signedLine(checkpoint: Checkpoint, key: SigningKey): string {
  const text = JSON.stringify(checkpoint);
  const signature = signBytes(null, Buffer.from(text), key.privateKey).toString("base64");
  return JSON.stringify({ ...checkpoint, key: key.fingerprint, signature });
}

export function lineHash(line: string): string {
  return sha256(line);
}

/** The checkpoint that a line holds, or what is wrong with it. */
export function readLine(line: string, key: SigningKey): Checkpoint | string {
  let parsed: (Checkpoint & { readonly key?: unknown; readonly signature?: unknown }) | null;
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch {
    return "is not JSON";
  }
  if (typeof parsed !== "object" || parsed === null) return "is not a checkpoint";
  const { key: fingerprint, signature, ...checkpoint } = parsed;
  if (fingerprint !== key.fingerprint) return `was signed with another key than this server's (${key.fingerprint})`;
  const text = Buffer.from(JSON.stringify(checkpoint));
  const isOurs = verifyBytes(null, text, key.publicKey, Buffer.from(String(signature), "base64"));
  return isOurs ? checkpoint : "is not as it was signed";
}

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

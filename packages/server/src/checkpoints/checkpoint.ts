/**
 * Checkpoints: signed notes, kept apart from the ledger, of how far its chains had come. A person who alters the ledger, and
 * even computes its chain anew, cannot change the checkpoints. Each covers the line before it, so none can be taken out of the
 * middle.
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
  /** The service clock, ISO 8601. */
  readonly at: string;
  /** The wall clock, ISO 8601. */
  readonly writtenAt: string;
  /** All lanes of the ledger; a ledger with one writer has one. */
  readonly lanes: readonly LaneHead[];
  /** Set before the ledger is emptied: earlier checkpoints are about entries that are gone. */
  readonly reset?: true;
  /** SHA-256 of the line before this one, in hexadecimal; null in the file's first line. */
  readonly before: string | null;
}

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key, in hexadecimal, by which people compare keys. */
  readonly fingerprint: string;
}

/** The beginning of an Ed25519 private key in PKCS #8; 32 secret bytes follow (RFC 8410). */
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

/** The checkpoint of a line, or what is wrong with the line. */
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

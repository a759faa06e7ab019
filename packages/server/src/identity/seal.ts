/**
 * Sealing: AES-256-GCM with the server's secrets key. Without the key, nobody can read or alter what is sealed. The purpose is
 * sealed in, so that what was sealed for one purpose does not open for another.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
export const SECRETS_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealer {
  seal(plain: string, purpose: string): Buffer;
  /** The text that was sealed for this purpose; undefined where it was sealed for another, or altered. */
  open(sealed: Uint8Array, purpose: string): string | undefined;
  /** A digest that shows whether two texts are equal, and tells nothing of a text without the key. */
  fingerprint(text: string): string;
  /** 32 secret bytes for a purpose: always the same, and useless for any other purpose. */
  derive(purpose: string): Buffer;
}

/** `key` is 32 bytes; `random` answers that many unpredictable bytes. */
export function sealerOf(key: Uint8Array, random: (bytes: number) => Buffer): Sealer {
  return {
    seal(plain, purpose) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, purpose) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      try {
        return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
      } catch {
        return undefined;
      }
    },
    derive: (purpose) => createHmac("sha256", key).update(`derived for ${purpose}`).digest(),
    fingerprint: (text) => createHmac("sha256", key).update(text).digest("base64").slice(0, 24),
  };
}

/**
 * Sealing: AES-256-GCM under the server's secrets key. What is sealed can be neither read nor altered without the key;
 * a purpose is bound in, so that what was sealed for one thing cannot be passed off as another.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
export const SECRETS_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealer {
  seal(plain: string, purpose: string): Buffer;
  /** The text that was sealed for this purpose, or undefined where it was not, or was altered. */
  open(sealed: Uint8Array, purpose: string): string | undefined;
  /** A digest that says whether two texts are the same, and nothing of the text to those without the key. */
  fingerprint(text: string): string;
  /** 32 secret bytes for a purpose: always the same ones, and of no use for any other. */
  derive(purpose: string): Buffer;
}

/** `key` is 32 bytes; `random` gives that many unpredictable bytes. */
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

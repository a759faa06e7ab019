/** Access keys: made at random; their secrets are kept sealed. */
import type { AccessKey } from "../domain/catalogue/account.ts";
import type { Sealer } from "./seal.ts";

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** `AKIA` (of a user) or `ASIA` (of a session) and 16 characters, as AWS makes them. */
export function newAccessKeyId(random: (bytes: number) => Buffer, prefix: "AKIA" | "ASIA" = "AKIA"): string {
  return `${prefix}${[...random(16)].map((byte) => ID_ALPHABET[byte % 32]).join("")}`;
}

/** 40 characters. */
export function newSecretAccessKey(random: (bytes: number) => Buffer): string {
  return random(30).toString("base64");
}

export function sealSecret(sealer: Sealer, accessKeyId: string, secretAccessKey: string): string {
  return sealer.seal(secretAccessKey, purposeOf(accessKeyId)).toString("base64");
}

/** The secret; undefined where it was sealed with another secrets key. */
export function openSecret(sealer: Sealer, key: AccessKey): string | undefined {
  return sealer.open(Buffer.from(key.sealedSecret, "base64"), purposeOf(key.accessKeyId));
}

function purposeOf(accessKeyId: string): string {
  return `access-key:${accessKeyId}`;
}

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AccessKey } from "../domain/catalogue/account.ts";
import { newAccessKeyId, newSecretAccessKey, openSecret, sealSecret } from "./access-keys.ts";
import { sealerOf } from "./seal.ts";

const keyOf = (seed: string): Buffer => createHash("sha256").update(seed).digest();
const sealer = sealerOf(keyOf("one"), randomBytes);

/** This many bytes: 0, 1, 2 and so on. */
const counting = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => i));

function accessKey(accessKeyId: string, sealedSecret: string): AccessKey {
  return { accessKeyId, accountId: "111122223333", userName: "metering", sealedSecret };
}

describe("a new access key", () => {
  test("has an id of AKIA and sixteen characters, as AWS makes them", () => {
    const ids = Array.from({ length: 500 }, () => newAccessKeyId(randomBytes));
    for (const id of ids) expect(id).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has a secret of forty characters, of bytes that the source of randomness gave", () => {
    const secrets = Array.from({ length: 500 }, () => newSecretAccessKey(randomBytes));
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(newAccessKeyId(counting)).toBe("AKIAABCDEFGHIJKLMNOP");
    expect(Buffer.from(newSecretAccessKey(counting), "base64")).toEqual(counting(30));
  });
});

describe("the secret of an access key", () => {
  const sealed = sealSecret(sealer, "AKIA1", "a secret — with “Ünïcode”");

  test("is sealed at rest and opened when it is needed", () => {
    expect(sealed).not.toContain("secret");
    expect(Buffer.from(sealed, "base64").includes("secret")).toBe(false);
    expect(openSecret(sealer, accessKey("AKIA1", sealed))).toBe("a secret — with “Ünïcode”");
  });

  test("is of no use under another key's id, or with another secrets key", () => {
    expect(openSecret(sealer, accessKey("AKIA2", sealed))).toBeUndefined();
    expect(openSecret(sealerOf(keyOf("another"), randomBytes), accessKey("AKIA1", sealed))).toBeUndefined();
    expect(openSecret(sealer, accessKey("AKIA1", ""))).toBeUndefined();
  });
});

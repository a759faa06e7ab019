import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECRETS_KEY_BYTES, sealerOf } from "./seal.ts";

const keyOf = (seed: string): Buffer => createHash("sha256").update(seed).digest();
const sealer = sealerOf(keyOf("one"), randomBytes);
const plain = fc.string({ unit: "grapheme", maxLength: 200 });

describe("what is sealed", () => {
  test("is opened with the same key for the same purpose", () => {
    fc.assert(
      fc.property(plain, plain, (text, purpose) => {
        expect(sealer.open(sealer.seal(text, purpose), purpose)).toBe(text);
      }),
    );
  });

  test("is not opened for another purpose", () => {
    const sealed = sealer.seal("secret", "access-key:A");
    for (const purpose of ["access-key:B", "access-key:", "", "access-key:A ", "registration-token"]) {
      expect(sealer.open(sealed, purpose)).toBeUndefined();
    }
  });

  test("is not opened with another key", () => {
    const sealed = sealer.seal("secret", "purpose");
    expect(sealerOf(keyOf("another"), randomBytes).open(sealed, "purpose")).toBeUndefined();
  });

  test("is not opened once any bit of it has been altered", () => {
    const sealed = sealer.seal("a secret", "purpose");
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const altered = Buffer.from(sealed);
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(sealer.open(altered, "purpose")).toBeUndefined();
    }
  });

  test("is not opened once it has been cut or lengthened", () => {
    const sealed = sealer.seal("a secret", "purpose");
    for (let length = 0; length < sealed.length; length += 1) {
      expect(sealer.open(sealed.subarray(0, length), "purpose")).toBeUndefined();
    }
    expect(sealer.open(Buffer.concat([sealed, Buffer.from([0])]), "purpose")).toBeUndefined();
  });

  test("never looks the same twice, and never shows what it holds", () => {
    const all = Array.from({ length: 100 }, () => sealer.seal("a secret", "purpose"));
    expect(new Set(all.map((sealed) => sealed.toString("hex"))).size).toBe(all.length);
    for (const sealed of all) expect(sealed.includes("a secret")).toBe(false);
  });
});

describe("a fingerprint", () => {
  test("is the same for the same text, and another for another text or key", () => {
    expect(sealer.fingerprint("text")).toBe(sealerOf(keyOf("one"), randomBytes).fingerprint("text"));
    expect(sealer.fingerprint("text")).not.toBe(sealer.fingerprint("Text"));
    expect(sealer.fingerprint("text")).not.toBe(sealerOf(keyOf("another"), randomBytes).fingerprint("text"));
    expect(sealer.fingerprint("text")).toMatch(/^[A-Za-z0-9+/]{24}$/);
  });
});

test("a secrets key has as many bytes as the cipher wants", () => {
  expect(SECRETS_KEY_BYTES).toBe(keyOf("any").length);
  expect(() => sealerOf(Buffer.alloc(SECRETS_KEY_BYTES - 1), randomBytes).seal("text", "purpose")).toThrow("key");
});

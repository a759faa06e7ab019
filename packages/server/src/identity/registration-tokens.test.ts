import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openToken, sealToken } from "./registration-tokens.ts";
import { sealerOf } from "./seal.ts";

const keyOf = (seed: string): Buffer => createHash("sha256").update(seed).digest();
const sealer = sealerOf(keyOf("one"), randomBytes);
const claims = { agreementId: "agmt-demo1", expiresAtMs: 1_773_491_400_000 };
const anyClaims = fc.record({
  agreementId: fc.oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), fc.string({ unit: "binary" })),
  expiresAtMs: fc.integer({ min: 0, max: 8.64e15 }),
});
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=".split("");

describe("a registration token (Rule T2)", () => {
  test("says what it stands for, whatever the agreement's name is", () => {
    fc.assert(
      fc.property(anyClaims, (given) => {
        expect(openToken(sealer, sealToken(sealer, given))).toEqual(given);
      }),
    );
  });

  test("holds + and / and =, so that a seller who decodes the form field wrongly finds out at once", () => {
    fc.assert(
      fc.property(anyClaims, (given) => {
        const token = sealToken(sealer, given);
        expect(token).toMatch(/^[A-Za-z0-9+/]+={1,2}$/);
        expect(token).toContain("+");
        expect(token).toContain("/");
      }),
    );
  });

  test("is no token once any character has been changed to any other", () => {
    const token = sealToken(sealer, claims);
    for (let at = 0; at < token.length; at += 1) {
      for (const other of [...BASE64, "-", "_", " ", "%"]) {
        if (token[at] === other) continue;
        expect(openToken(sealer, token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
      }
    }
  });

  test("is no token with a character more or less, anywhere", () => {
    const token = sealToken(sealer, claims);
    const inserted = fc.tuple(fc.nat({ max: token.length }), fc.string({ unit: "binary", minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(inserted, ([at, text]) => {
        const altered = token.slice(0, at) + text + token.slice(at);
        expect(openToken(sealer, altered)).toBeUndefined();
      }),
    );
    for (let at = 0; at < token.length; at += 1) {
      const altered = token.slice(0, at) + token.slice(at + 1);
      if (altered !== token) expect(openToken(sealer, altered)).toBeUndefined();
    }
  });

  const mistakes: readonly [string, (token: string) => string][] = [
    ["white space around it", (token) => ` ${token}\n`],
    ["a line break in it", (token) => `${token.slice(0, 76)}\n${token.slice(76)}`],
    ["the alphabet of URLs", (token) => token.replaceAll("+", "-").replaceAll("/", "_")],
    ["no padding", (token) => token.replaceAll("=", "")],
    ["more padding", (token) => `${token}=`],
    ["a + decoded to a space", (token) => token.replaceAll("+", " ")],
    ["its form encoding left on", (token) => encodeURIComponent(token)],
    ["nothing in it", () => ""],
  ];
  test.each(mistakes)("is no token with %s", (_what, mistake) => {
    const token = sealToken(sealer, claims);
    expect(openToken(sealer, mistake(token))).toBeUndefined();
  });

  test("of another server, or sealed for something else, is no token", () => {
    expect(openToken(sealerOf(keyOf("another"), randomBytes), sealToken(sealer, claims))).toBeUndefined();
    const other = sealer.seal(JSON.stringify([claims.agreementId, claims.expiresAtMs]), "access-key:A");
    expect(openToken(sealer, other.toString("base64"))).toBeUndefined();
  });

  test("is not tried for ever where randomness always gives the same", () => {
    const stuck = sealerOf(keyOf("one"), (bytes) => Buffer.alloc(bytes));
    expect(() => {
      for (let n = 0; n < 50; n += 1) sealToken(stuck, { agreementId: `agmt-${n}`, expiresAtMs: 0 });
    }).toThrow("randomness");
  });
});

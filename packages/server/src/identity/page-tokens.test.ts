import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { pageTokensOf } from "./page-tokens.ts";
import { sealToken } from "./registration-tokens.ts";
import { sealerOf } from "./seal.ts";

const sealerWith = (seed: string): ReturnType<typeof sealerOf> =>
  sealerOf(createHash("sha256").update(seed).digest(), randomBytes);
const sealer = sealerWith("one");
const tokens = pageTokensOf(sealer);
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ".split("");

describe("a page token (Rule E5)", () => {
  const token = tokens.seal("query", "position");

  test("opens for its query, and says nothing of itself", () => {
    expect(tokens.open("query", token)).toBe("position");
    expect(token).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(token, "base64").toString("latin1")).not.toContain("position");
  });

  test("does not open for another query, nor under another key", () => {
    expect(tokens.open("Query", token)).toBeUndefined();
    expect(tokens.open("", token)).toBeUndefined();
    expect(pageTokensOf(sealerWith("two")).open("query", token)).toBeUndefined();
  });

  test("does not open once any character has been changed to any other, or it was cut or drawn out", () => {
    for (let at = 0; at < token.length; at += 1) {
      for (const other of BASE64) {
        if (token[at] === other) continue;
        expect(tokens.open("query", token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
      }
      expect(tokens.open("query", token.slice(0, at))).toBeUndefined();
    }
    for (const end of ["A", "=", " "]) expect(tokens.open("query", token + end)).toBeUndefined();
  });

  test("never begins as an option of a command line does", () => {
    for (let i = 0; i < 1_000; i += 1) expect(tokens.seal("query", "position")).not.toMatch(/^-/);
  });

  test("is not what another kind of token is", () => {
    const registrationToken = sealToken(sealer, { agreementId: "a", expiresAtMs: 0 });
    expect(tokens.open("query", registrationToken)).toBeUndefined();
  });
});

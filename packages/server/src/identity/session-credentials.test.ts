import { createHash, randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sealerOf, type Sealer } from "./seal.ts";
import {
  SESSION_TOKEN_CHARACTERS_MAX,
  assumedRoleArn,
  issueCredentials,
  openSessionToken,
  type SessionGrant,
} from "./session-credentials.ts";

const sealerFor = (seed: string): Sealer => sealerOf(createHash("sha256").update(seed).digest(), randomBytes);
const sealer = sealerFor("one");

const name = fc.stringMatching(/^[\w+=,.@-]{2,64}$/);
const grants: fc.Arbitrary<SessionGrant> = fc.record({
  accountId: fc.stringMatching(/^\d{12}$/),
  roleName: name,
  sessionName: name,
  session: fc.record(
    {
      resourceId: fc.string({ maxLength: 40 }),
      platform: fc.constantFrom("ec2" as const, "ecs" as const, "eks" as const),
      federatedProvider: fc.string({ unit: "grapheme", maxLength: 300 }),
    },
    { requiredKeys: ["resourceId", "platform"] },
  ),
  expiresAtMs: fc.nat(),
});

const GRANT: SessionGrant = {
  accountId: "444455556666",
  roleName: "app-role",
  sessionName: "app-0",
  session: { resourceId: "eks-1", platform: "eks" },
  expiresAtMs: 1,
};

test("Rule C1: a token says again what it was issued for, and nothing readable", () => {
  fc.assert(
    fc.property(grants, (grant) => {
      const { sessionToken, ...issued } = issueCredentials(sealer, randomBytes, grant);
      expect(openSessionToken(sealer, sessionToken)).toEqual(issued);
      expect(issued).toMatchObject(grant);
      expect(Buffer.from(sessionToken, "base64").includes(issued.secretAccessKey)).toBe(false);
    }),
  );
});

test("no two sessions have a key or a secret in common", () => {
  const all = Array.from({ length: 100 }, () => issueCredentials(sealer, randomBytes, GRANT));
  expect(new Set(all.map(({ accessKeyId }) => accessKeyId)).size).toBe(100);
  expect(new Set(all.map(({ secretAccessKey }) => secretAccessKey)).size).toBe(100);
  for (const { accessKeyId } of all) expect(accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
});

test("Rule C1: a token altered in any of its characters, cut or lengthened, is none", () => {
  const { sessionToken } = issueCredentials(sealer, randomBytes, GRANT);
  fc.assert(
    fc.property(fc.nat(sessionToken.length - 1), fc.stringMatching(/^[A-Za-z0-9+/=_\- \n]$/), (at, character) => {
      fc.pre(sessionToken[at] !== character);
      const altered = sessionToken.slice(0, at) + character + sessionToken.slice(at + 1);
      expect(openSessionToken(sealer, altered)).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
  for (let length = 0; length < sessionToken.length; length += 1) {
    expect(openSessionToken(sealer, sessionToken.slice(0, length))).toBeUndefined();
  }
  for (const more of ["A", "=", "\n", " ", sessionToken]) {
    expect(openSessionToken(sealer, sessionToken + more)).toBeUndefined();
  }
});

test("Rule C1: each byte of what is sealed counts", () => {
  const sealed = Buffer.from(issueCredentials(sealer, randomBytes, GRANT).sessionToken, "base64");
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = Buffer.from(sealed);
    altered[at] = (altered[at] as number) ^ 1;
    expect(openSessionToken(sealer, altered.toString("base64"))).toBeUndefined();
  }
});

test("Rule C1: another server's token is none, nor is what was sealed for another purpose, or is too long", () => {
  const { sessionToken } = issueCredentials(sealerFor("another"), randomBytes, GRANT);
  expect(openSessionToken(sealer, sessionToken)).toBeUndefined();
  expect(openSessionToken(sealer, sealer.seal("[]", "registration-token").toString("base64"))).toBeUndefined();
  const long = sealer.seal(JSON.stringify(["x".repeat(SESSION_TOKEN_CHARACTERS_MAX)]), "session-credentials");
  expect(openSessionToken(sealer, long.toString("base64"))).toBeUndefined();
});

test("the longest names fit a token, and the token a request's headers", () => {
  const long = "n".repeat(64);
  const session = { resourceId: `eks-${"0".repeat(32)}`, platform: "eks", federatedProvider: "p".repeat(310) } as const;
  const { sessionToken } = issueCredentials(sealer, randomBytes, {
    ...GRANT,
    roleName: long,
    sessionName: long,
    session,
  });
  expect(sessionToken.length).toBeLessThan(SESSION_TOKEN_CHARACTERS_MAX / 2);
});

test("a session has an ARN of STS's", () => {
  expect(assumedRoleArn(GRANT)).toBe("arn:aws:sts::444455556666:assumed-role/app-role/app-0");
});

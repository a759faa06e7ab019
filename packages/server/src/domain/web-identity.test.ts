import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { providerArn, regionOf } from "./catalogue/issuer.ts";
import { trustedAudience, type WebIdentity } from "./web-identity.ts";

const ISSUER = { issuer: "https://oidc.example/id/1" };
const IDENTITY: WebIdentity = {
  issuer: ISSUER,
  audiences: ["sts.amazonaws.com", "vault"],
  subject: "system:serviceaccount:default:app",
  podUid: "1",
};
const trust = { issuer: ISSUER.issuer, audience: "sts.amazonaws.com", subject: IDENTITY.subject };
const audienceBy = (...webIdentity: readonly object[]): string | undefined =>
  trustedAudience({ name: "role", webIdentity: webIdentity.map((over) => ({ ...trust, ...over })) }, IDENTITY);

describe("Rule C4: a role trusts", () => {
  test("an issuer, an audience and a subject together", () => {
    expect(audienceBy({})).toBe("sts.amazonaws.com");
    expect(audienceBy({ audience: "vault" })).toBe("vault");
    expect(audienceBy({ issuer: "https://oidc.example/id/2" })).toBeUndefined();
    expect(audienceBy({ audience: "other" })).toBeUndefined();
    expect(audienceBy({ subject: "system:serviceaccount:default:app2" })).toBeUndefined();
  });

  test("nobody by parts of several entries, and nobody where it has none", () => {
    expect(audienceBy({ subject: "other" }, { audience: "other" })).toBeUndefined();
    expect(trustedAudience({ name: "role" }, IDENTITY)).toBeUndefined();
  });

  test.each([
    ["system:serviceaccount:*:app", true],
    ["system:serviceaccount:default:a?p", true],
    ["*", true],
    ["**", true],
    ["system:serviceaccount:default:app*", true],
    ["system:serviceaccount:default:app?", false],
    ["SYSTEM:serviceaccount:default:app", false],
    ["system.serviceaccount.default.app", false],
    ["*:other", false],
    ["app", false],
    ["", false],
  ])("by the subject %j: %j", (subject, trusted) => {
    expect(audienceBy({ subject }) !== undefined).toBe(trusted);
  });

  test("by any pattern what a regular expression says", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 12 });
    const subjects = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(letters, subjects, (pattern, subject) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        const trusting = { name: "role", webIdentity: [{ ...trust, subject: pattern }] };
        const audience = trustedAudience(trusting, { ...IDENTITY, subject });
        expect(audience !== undefined).toBe(expression.test(subject));
      }),
      { numRuns: 2_000 },
    );
  });

  test("in time, whatever the pattern", () => {
    const trusting = { name: "role", webIdentity: [{ ...trust, subject: `${"*a".repeat(100)}b` }] };
    expect(trustedAudience(trusting, { ...IDENTITY, subject: "a".repeat(1_024) })).toBeUndefined();
  });
});

test.each([
  ["https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", undefined, "eu-west-1"],
  ["https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "us-east-2", "eu-west-1"],
  ["https://oidc.example/oidc.eks.eu-west-1.amazonaws.com/id", "us-east-2", "us-east-2"],
  ["https://kubernetes.default.svc", undefined, "us-east-1"],
])("Rule C5: pods of %s, which the catalogue puts in %s, run in %s", (issuer, region, expected) => {
  expect(regionOf({ issuer, ...(region === undefined ? {} : { region }) })).toBe(expected);
});

test("an issuer has IAM's name in an account", () => {
  expect(providerArn("444455556666", ISSUER)).toBe("arn:aws:iam::444455556666:oidc-provider/oidc.example/id/1");
});

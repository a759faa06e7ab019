/** Catalogues that somebody has written into a snapshot on purpose: what could not be shown is not put in place. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { sealerOf } from "../identity/seal.ts";
import { catalogueOf } from "./load-snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

const SELLER = "111122223333";
const account = { id: SELLER, users: [], roles: [] };
const product = { productCode: "p", title: "P", seller: SELLER, type: "saas", pricing: "usage", dimensions: [] };
const agreement = { agreementId: "a\u001b[2J", productCode: "p", customerAccountId: SELLER, customerIdentifier: "c", startsAtMs: 0, entitlements: [] }; // prettier-ignore

function load(over: { readonly account?: object; readonly product?: object; readonly agreement?: object }): void {
  const catalogue = [
    { kind: "account", id: SELLER, value: { ...account, ...over.account } },
    { kind: "product", id: "p", value: { ...product, ...over.product } },
    { kind: "agreement", id: agreement.agreementId, value: { ...agreement, ...over.agreement } },
  ];
  changesOf(catalogue, new Catalogue());
}

function changesOf(catalogue: readonly object[], before: Catalogue): readonly CatalogueChange[] {
  const snapshot = { program: "0", savedAtMs: 0, ruleSet: "current", clock: "manual", catalogue, resources: [], entries: [] }; // prettier-ignore
  return catalogueOf(snapshot as unknown as Snapshot, before, { sealer: sealerOf(randomBytes(32), randomBytes), random: randomBytes }).changes; // prettier-ignore
}

test("an issuer's keys are read from where this lab reads them, and not from where a snapshot says", () => {
  const [known, strange] = ["https://known.example", "https://strange.example"];
  const catalogue = [known, strange].map((issuer) => ({
    kind: "issuer",
    id: issuer,
    value: {
      issuer,
      region: "eu-west-1",
      jwksFile: "/dev/zero",
      jwksUrl: "http://169.254.169.254/",
      caFile: "/etc/shadow",
    },
  }));
  const mine = { issuer: known, jwksUrl: "https://known.example/keys" };
  const before = new Catalogue([{ kind: "issuer", id: known, value: mine }]);
  const changes = changesOf(catalogue, before);
  expect(changes.map(({ value }) => JSON.parse(JSON.stringify(value)) as unknown)).toEqual([
    { ...mine, region: "eu-west-1" },
    { issuer: strange, region: "eu-west-1" },
  ]);
});

test("what fits together is put in place, with values that earlier versions accepted", () => {
  expect(() => load({})).not.toThrow();
  expect(() => load({ account: { title: "a\u001bb", users: [{ name: "u".repeat(70) }] } })).not.toThrow();
  const Condition = { StringEquals: { "aws:RequestedRegion": "us-east-1" } };
  const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Condition }] };
  expect(() => load({ account: { users: [{ name: "u", policy }], roles: [{ name: "r", policy }] } })).not.toThrow();
});

test.each<[string, Parameters<typeof load>[0], RegExp]>([
  [
    "an agreement from no time on",
    { agreement: { startsAtMs: "soon" } },
    /agreement a\\u001b\[2J is not what it should be/,
  ],
  ["an agreement for nothing", { agreement: { productCode: "q" } }, /agreement a\\u001b\[2J: productCode no product q/],
  ["an account with no users", { account: { users: undefined } }, /account 111122223333 is not what it should be/],
  ["an account with a user of nothing", { account: { users: [{}] } }, /account 111122223333 is not what it should be/],
  [
    "a product with a price that is no number",
    { product: { dimensions: [{ name: "gb", kind: "metered", price: "cheap" }] } },
    /product p is not what it should be/,
  ],
  [
    "a policy without an effect",
    { account: { users: [{ name: "u", policy: { Statement: { Action: "*", Resource: "*" } } }] } },
    /account 111122223333 is not what it should be \(users\.0\.policy\.Statement\.Effect: /,
  ],
  [
    "a policy of a text",
    { account: { users: [{ name: "u", policy: "everything" }] } },
    /account 111122223333 is not what it should be \(users\.0\.policy: /,
  ],
  [
    "a policy with an element that is not supported",
    { account: { users: [{ name: "u", policy: { Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }] } }] } }, // prettier-ignore
    /account 111122223333 is not what it should be \(users\.0\.policy\.Statement\.0: Principal of a policy: not supported here/,
  ],
  [
    "a policy of which nobody can say what it is about",
    { account: { users: [{ name: "u", policy: { Statement: { Effect: "Allow", Action: "*", NotAction: "*", Resource: "*" } } }] } }, // prettier-ignore
    /users\.0\.policy\.Statement: must have exactly one of Action and NotAction/,
  ],
  [
    "a role with a condition that this server cannot decide",
    { account: { roles: [{ name: "r", policy: { Statement: { Effect: "Deny", Action: "*", Resource: "*", Condition: { StringEquals: { "aws:Weather": "rain" } } } } }] } }, // prettier-ignore
    /account 111122223333 is not what it should be \(roles\.0\.policy\.Statement\.Condition\.StringEquals/,
  ],
  [
    "a role that trusts a text",
    { account: { roles: [{ name: "r", webIdentity: "all" }] } },
    /is not what it should be/,
  ],
  ["an account whose title is a number", { account: { title: 5 } }, /is not what it should be \(title: /],
  [
    "a product of a type that there is not",
    { product: { type: "book" } },
    /product p is not what it should be \(type: /,
  ],
  [
    "an agreement from a text on",
    { agreement: { startsAtMs: "2026-01-01" } },
    /is not what it should be \(startsAtMs: must be a time, as a number\)/,
  ],
  [
    "an agreement for an account of no text",
    { agreement: { customerAccountId: 5 } },
    /is not what it should be \(customerAccountId: /,
  ],
  [
    "an agreement with an entitlement to no value",
    { agreement: { entitlements: [{ dimension: "d", value: null }] } },
    /is not what it should be \(entitlements\.0\.value: /,
  ],
  ["a product with no dimensions", { product: { dimensions: undefined } }, /product p is not what it should be/],
])("%s is refused, and named", (_what, over, message) => {
  expect(() => load(over)).toThrow(message);
});

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { agreementDocumentSchema } from "../operator/contract/catalogue/agreement.ts";
import { issuerSchema } from "../operator/contract/catalogue/issuer.ts";
import { productDocumentSchema } from "../operator/contract/catalogue/product.ts";
import { policyWith } from "../operator/contract/catalogue/policy.ts";
import { CHANGES_MAX } from "../domain/catalogue/product-change.ts";
import { catalogueJsonSchema, checkedAccountSchema, checkedConditionSchema } from "./schema.ts";

const policySchema = policyWith(checkedConditionSchema);

const FILE = new URL("../../catalogue.schema.json", import.meta.url);
const REWRITE =
  "UPDATE_SCHEMA=1 npx vitest run packages/server/src/catalogue/schema.test.ts && npx oxfmt packages/server/catalogue.schema.json";

test("the JSON Schema that ships with the package is the one of the catalogue", () => {
  if (process.env["UPDATE_SCHEMA"] === "1") writeFileSync(FILE, `${JSON.stringify(catalogueJsonSchema(), null, 2)}\n`);
  const shipped: unknown = JSON.parse(readFileSync(FILE, "utf8"));
  expect(shipped, `catalogue.schema.json is stale; rewrite it: ${REWRITE}`).toEqual(catalogueJsonSchema());
});

describe("a name", () => {
  const base = { productCode: "p", title: "T", seller: "111122223333", type: "saas", pricing: "usage" };
  const named = (name: string): object => ({ ...base, dimensions: [{ name }] });

  test.each(["gb", "größe", "使用量", "🧾 receipts", "a b", "-", "__proto__", "x".repeat(255)])("may be %j", (name) => {
    expect(productDocumentSchema.safeParse(named(name)).success).toBe(true);
  });

  test.each(["", "x".repeat(256), "a\nb", "a\0", "\u007f", "\u0085", "\ud83e", "\udd7e\ud83e"])(
    "may not be %j",
    (name) => {
      expect(productDocumentSchema.safeParse(named(name)).success).toBe(false);
    },
  );
});

const prices = (count: number): object[] =>
  Array.from({ length: count }, (_, hour) => ({ price: "1", effectiveFrom: new Date(hour * 3_600_000).toISOString() }));
const dimensions = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ name: `d${i}` }));

describe("a document is refused", () => {
  const policy = { Effect: "Allow", Action: "*", Resource: "*" };
  const conditional = (characters: number): object => {
    const statement = { Sid: "", ...policy, Condition: {} };
    const left = characters - JSON.stringify({ Statement: statement }).length;
    return { Statement: { ...statement, Sid: "x".repeat(left) } };
  };
  const agreement = {
    agreementId: "a",
    productCode: "p",
    customerAccountId: "111122223333",
    startsAt: "2020-01-01T00:00:00Z",
  };
  const issuer = { issuer: "https://oidc.example" };
  const product = { productCode: "p", title: "P", seller: "111122223333", type: "saas", pricing: "usage" };
  const table: readonly [string, { safeParse(value: unknown): { success: boolean } }, object, object][] = [
    ["with an account id of eleven digits", checkedAccountSchema, { id: "111122223333" }, { id: "11112222333" }],
    ["with two roles of one name", checkedAccountSchema, { id: "111122223333", roles: [{ name: "a" }] }, { id: "111122223333", roles: [{ name: "a" }, { name: "a" }] }],
    ["with an access key id in small letters", checkedAccountSchema, { id: "111122223333" }, { id: "111122223333", users: [{ name: "u", accessKeyId: "akiacountinghouse001", secretAccessKey: "s" }] }],
    ["with a condition that is not supported", policySchema, { Statement: { ...policy, Condition: {} } }, { Statement: { ...policy, Condition: { NumericEquals: {} } } }],
    ["with a condition and more than 10,240 characters", policySchema, conditional(10_240), conditional(10_241)],
    ["with a condition of the prototype", policySchema, { Statement: { ...policy, Condition: {} } }, JSON.parse('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"__proto__":{"aws:SourceIp":"10.0.0.1"}}}}') as object],
    ["with a condition key of the prototype", policySchema, { Statement: { ...policy, Condition: {} } }, JSON.parse('{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:SourceIp":"true","__proto__":"true"}}}}') as object],
    ["with Resource and NotResource", policySchema, { Statement: { Effect: "Allow", Action: "*", NotResource: ["arn:*"] } }, { Statement: { ...policy, NotResource: "arn:*" } }],
    ["with a principal", policySchema, { Statement: [policy] }, { Statement: [{ ...policy, Principal: "*" }] }],
    ["with Action and NotAction", policySchema, { Statement: [policy] }, { Statement: [{ ...policy, NotAction: "*" }] }],
    ["with neither Action nor NotAction", policySchema, { Statement: [policy] }, { Statement: [{ Effect: "Allow", Resource: "*" }] }],
    ["without a resource", policySchema, { Statement: [policy] }, { Statement: [{ Effect: "Allow", Action: "*" }] }],
    ["with 201 dimensions (Rule L7)", productDocumentSchema, { ...product, dimensions: dimensions(200) }, { ...product, dimensions: dimensions(201) }],
    ["with more prices of a dimension than are kept", productDocumentSchema, { ...product, dimensions: [{ name: "d", prices: prices(CHANGES_MAX + 1) }] }, { ...product, dimensions: [{ name: "d", prices: prices(CHANGES_MAX + 2) }] }],
    ["with a time without a zone", agreementDocumentSchema, agreement, { ...agreement, startsAt: "2020-01-01T00:00:00" }],
    ["with a day that does not exist", agreementDocumentSchema, agreement, { ...agreement, startsAt: "2021-02-29T00:00:00Z" }],
    ["with an end at its start", agreementDocumentSchema, agreement, { ...agreement, endsAt: agreement.startsAt }],
    ["with no keys for an issuer", issuerSchema, { ...issuer, jwksFile: "keys.json" }, issuer],
    ["with keys in two places", issuerSchema, { ...issuer, jwksFile: "keys.json" }, { ...issuer, jwksFile: "keys.json", jwksUrl: "https://oidc.example/keys" }],
    ["with keys that come in the clear", issuerSchema, { ...issuer, jwksUrl: "http://127.0.0.1:8080/keys" }, { ...issuer, jwksUrl: "http://oidc.example/keys" }],
    ["with a password in an address", issuerSchema, { ...issuer, jwksUrl: "https://oidc.example/keys" }, { ...issuer, jwksUrl: "http://localhost:x@oidc.example/keys" }],
    ["with keys of this machine by name only", issuerSchema, { ...issuer, jwksUrl: "https://oidc.example/keys" }, { ...issuer, jwksUrl: "http://localhost.example/keys" }],
    ["with certificates for a file", issuerSchema, { ...issuer, jwksUrl: "https://oidc.example/keys", caFile: "ca.pem" }, { ...issuer, jwksFile: "keys.json", caFile: "ca.pem" }],
    ["with a role that no ARN can name", checkedAccountSchema, { id: "111122223333", roles: [{ name: "a-role" }] }, { id: "111122223333", roles: [{ name: "a role" }] }],
    ["with a licence that is no licence", agreementDocumentSchema, agreement, { ...agreement, licenseArn: "arn:aws:s3:::bucket" }],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, schema, good, bad) => {
    expect(schema.safeParse(good).success).toBe(true);
    expect(schema.safeParse(bad).success).toBe(false);
  });
});

test("a policy without conditions may have any size, as before there were any", () => {
  const Statement = { Sid: "x".repeat(20_000), Effect: "Allow", Action: "*", Resource: "*" };
  expect(policySchema.safeParse({ Statement }).success).toBe(true);
});

test("a policy stays as it was written", () => {
  const Statement = [
    {
      Effect: "Deny",
      NotAction: "a",
      NotResource: ["arn:*"],
      Condition: { Bool: { "AWS:securetransport": [false, "true"] } },
    },
    { Effect: "Allow", Action: "*", Resource: "*", Condition: { DateLessThan: { "aws:CurrentTime": 1_784_032_200 } } },
  ];
  expect(policySchema.parse({ Statement })).toEqual({ Statement });
});

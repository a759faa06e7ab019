import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { operationsOf, type Pricing, type ProductType } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { Catalogue, type CatalogueChange } from "./catalogue.ts";
import { dueChanges } from "../../catalogue/apply.ts";
import { readCatalogueFile } from "../../catalogue/read-catalogue-file.ts";
import { CatalogueFileError } from "../../catalogue/catalogue-file.ts";
import { sampleWith, sealer } from "../../../testing/sample-catalogue.ts";
import { catalogueJsonSchema } from "../../catalogue/schema.ts";
import { outdatedValues, valueProblem, type ValueProblem } from "./value-problem.ts";

function problemsOf(text: string): readonly string[] {
  try {
    dueChanges(readCatalogueFile(text, "shop.yaml", sealer), new Catalogue(), Date.UTC(2026, 2, 14));
    return [];
  } catch (error) {
    if (error instanceof CatalogueFileError) return error.problems;
    throw error;
  }
}

const DIRECTION = "must not contain characters that turn the direction of text (U+202A to U+202E, U+2066 to U+2069)";
const PRICE = "must have at most 12 digits before its point, and 12 after";

describe("a file is refused, with line and column, for", () => {
  const table: readonly [string, string, string][] = [
    ["a title that is turned round", sampleWith(["title: Acme Logs", 'title: "Acme \\u202E Logs"']), `shop.yaml:18:12: title: ${DIRECTION}`],
    ["a dimension in an isolate", sampleWith(["name: gb_ingested", 'name: "gb\\u2066"']), `shop.yaml:24:17: dimensions.0.name: ${DIRECTION}`],
    ["a unit in an embedding", sampleWith(["unit: GB", 'unit: "\\u202a"']), `shop.yaml:24:69: dimensions.0.unit: ${DIRECTION}`],
    ["a customer identifier that is turned round", sampleWith(["customerIdentifier: demoCustomer1", 'customerIdentifier: "\\u202d1"']), `shop.yaml:29:25: customerIdentifier: ${DIRECTION}`],
    ["a user's name that is turned round", sampleWith(["      - name: metering", '      - name: "\\u2069"']), `shop.yaml:4:15: users.0.name: ${DIRECTION}`],
    ["a price of 100,000 digits", sampleWith(['"0.25"', `"${"9".repeat(100_000)}"`]), `shop.yaml:24:80: dimensions.0.price: ${PRICE}`],
    ["a price of 13 digits", sampleWith(['"0.25"', '"1000000000000"']), `shop.yaml:24:80: dimensions.0.price: ${PRICE}`],
    ["a price of 13 decimals", sampleWith(['"0.25"', '"0.0000000000001"']), `shop.yaml:24:80: dimensions.0.price: ${PRICE}`],
    ["an address of more than 2,048 characters", sampleWith(["3000/register", `3000/${"r".repeat(2_048)}`]), "shop.yaml:22:20: fulfilmentUrl: must have at most 2048 characters"],
    ["an audience of more than 1,000 characters", sampleWith(["audience: sts.amazonaws.com", `audience: ${"a".repeat(1_001)}`]), "shop.yaml:13:55: roles.0.webIdentity.0.audience: must have at most 1000 characters"],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test.each(["container hourly", "container free", "container byol"])("a %s product without its hours", (kind) => {
    const [type = "", pricing = ""] = kind.split(" ");
    const text = sampleWith(["type: saas", `type: ${type}`], ["pricing: usage", `pricing: ${pricing}`]);
    const message = `a container product with the pricing ${pricing} must have one dimension of kind hours; it has 0`;
    expect(problemsOf(text)).toEqual([`shop.yaml:24:7: dimensions: ${message}`]);
    const withHours = text.replace('price: "0.25" }', 'price: "0.25", kind: hours }');
    expect(problemsOf(withHours)).toEqual([]);
    const twice = withHours.replace("dimensions:\n", "dimensions:\n      - { name: more, kind: hours }\n");
    expect(problemsOf(twice)).toEqual([`shop.yaml:24:7: dimensions: ${message.replace("it has 0", "it has 2")}`]);
    const none = text.replace(/dimensions:\n.*\n/, "dimensions: []\n");
    expect(problemsOf(none)).toEqual([`shop.yaml:23:17: dimensions: ${message}`]);
  });
});

test("a product has its hours where RegisterUsage is for it, and need not have any elsewhere", () => {
  const types: readonly ProductType[] = ["saas", "ami", "container"];
  const pricings: readonly Pricing[] = ["usage", "hourly", "contract", "contract-with-usage", "free", "byol"];
  for (const type of types) {
    for (const pricing of pricings) {
      const problem = problemOf(product({ type, pricing }));
      const registers = operationsOf(type, pricing).includes("RegisterUsage");
      expect(problem?.path, `${type} ${pricing}`).toEqual(registers ? ["dimensions"] : undefined);
    }
  }
});

test.each(["שלום\u200f!", "مرحبا\u061c", "a\u200eb", "Größe", "使用量", "🧾"])("a title may be %j", (title) => {
  expect(problemOf(product({ title }))).toBeUndefined();
});

test.each(["0", "0.25", "999999999999.999999999999", "000000000001"])("a price may be %s", (price) => {
  expect(problemOf(product({ dimensions: [{ name: "d", kind: "metered", price }] }))).toBeUndefined();
});

function problemOf(change: CatalogueChange, held: readonly CatalogueChange[] = []): ValueProblem | undefined {
  return valueProblem(change, new Catalogue(held));
}

function product(members: object): CatalogueChange {
  const base = { productCode: "p", title: "T", seller: "1", type: "saas", pricing: "usage", dimensions: [] };
  return { kind: "product", id: "p", value: { ...base, ...members } as never };
}

describe("the JSON Schema that ships", () => {
  interface Strings {
    readonly pattern: string;
    readonly maxLength: number;
  }
  const schema = catalogueJsonSchema() as {
    properties: {
      products: {
        items: { properties: { title: Strings; dimensions: { items: { properties: { price: Strings } } } } };
      };
    };
  };
  const { title, dimensions } = schema.properties.products.items.properties;

  test("says of any title what the server says", () => {
    const characters = fc.oneof(
      fc.constantFrom(...Array.from("a\n\u0085\u202a\u202e\u2066\u2069\u200f\ud800")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(characters, { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.join("");
        fc.pre(text.length > 0);
        const taken = problemsOf(sampleWith(["title: Acme Logs", `title: ${JSON.stringify(text)}`])).length === 0;
        expect(new RegExp(title.pattern, "u").test(text), JSON.stringify(text)).toBe(taken);
      }),
    );
    expect(title.maxLength).toBe(255);
  });

  test("says of any price what the server says", () => {
    const price = dimensions.items.properties.price;
    const digits = fc.string({ unit: fc.constantFrom(...Array.from("0123456789.")), maxLength: 30 });
    fc.assert(
      fc.property(digits, (text) => {
        const taken = problemsOf(sampleWith(['"0.25"', JSON.stringify(text)])).length === 0;
        expect(new RegExp(price.pattern, "u").test(text), text).toBe(taken);
      }),
    );
  });
});

test("what is in force already is found, and the demo has none of it", () => {
  const old = new Catalogue([product({ type: "container", pricing: "hourly" })]);
  expect(outdatedValues(old)).toEqual([
    {
      kind: "product",
      id: "p",
      path: ["dimensions"],
      message: "a container product with the pricing hourly must have one dimension of kind hours; it has 0",
    },
  ]);
  const demo = readFileSync(new URL("../../catalogue/demo.yaml", import.meta.url), "utf8");
  const { changes } = readCatalogueFile(demo, "demo.yaml", sealer);
  expect(outdatedValues(new Catalogue(changes))).toEqual([]);
});

describe("what is in force already", () => {
  const price = "9".repeat(13);
  const dear = { name: "dear", kind: "metered", price };
  const held = product({ type: "container", pricing: "hourly", title: "A\u202e", dimensions: [dear] });
  const changed = (members: object): CatalogueChange =>
    product({ type: "container", pricing: "hourly", title: "A\u202e", dimensions: [dear], ...members });

  test("stays, wherever in its object it stands, whatever else is changed", () => {
    expect(problemOf(changed({ fulfilmentUrl: "http://127.0.0.1/" }), [held])).toBeUndefined();
    expect(problemOf(changed({ title: "A" }), [held])).toBeUndefined();
    expect(problemOf(changed({ dimensions: [{ name: "first", kind: "metered" }, dear] }), [held])).toBeUndefined();
  });

  test("is no reason to take more of the kind", () => {
    expect(problemOf(changed({ title: "B\u202e" }), [held])?.path).toEqual(["title"]);
    expect(problemOf(changed({ pricing: "byol" }), [held])?.path).toEqual(["dimensions"]);
    const dearer = [dear, { ...dear, name: "dearer", price: `${price}9` }];
    expect(problemOf(changed({ dimensions: dearer }), [held])?.path).toEqual(["dimensions", 1, "price"]);
    expect(problemOf(changed({}))?.path).toEqual(["title"]);
  });
});

const long = (characters: number): string => "x".repeat(characters);

const account = (members: object): CatalogueChange => ({
  kind: "account",
  id: "1",
  value: { id: "1", users: [], roles: [], ...members },
});

const agreement = (members: object): CatalogueChange => ({
  kind: "agreement",
  id: "a",
  value: {
    agreementId: "a",
    productCode: "p",
    customerAccountId: "2",
    startsAtMs: 0,
    entitlements: [],
    ...members,
  },
});

const issuer = (members: object): CatalogueChange => ({ kind: "issuer", id: "i", value: { ...members } as never });

const entitled = (text: string | number): object => ({ entitlements: [{ dimension: "d", value: text }] });

const audience = (text: string): object => ({ roles: [{ name: "r", webIdentity: [{ audience: text }] }] });

const dimension = (members: object): object => ({ dimensions: [{ name: "d", kind: "metered", ...members }] });

describe("an object's values", () => {
  const turned = "a\u202e";
  const held = [
    account({ title: turned }),
    product({ title: turned }),
    agreement({ customerIdentifier: turned }),
    issuer({ jwksUrl: long(2_049) }),
  ];

  test.each<[string, CatalogueChange, ValueProblem["path"] | undefined]>([
    ["an account's title", account({ title: turned }), ["title"]],
    ["a user's name", account({ users: [{ name: turned }] }), ["users", 0, "name"]],
    ["an audience", account(audience(long(1_001))), ["roles", 0, "webIdentity", 0, "audience"]],
    ["an audience of 1,000 characters, which is none too many", account(audience(long(1_000))), undefined],
    ["a description", product(dimension({ description: turned })), ["dimensions", 0, "description"]],
    ["a unit", product(dimension({ unit: turned })), ["dimensions", 0, "unit"]],
    ["an earlier price", product(dimension({ earlier: [{ price: "x", toMs: 1 }] })), ["dimensions", 0, "price"]],
    ["a fulfilment URL", product({ fulfilmentUrl: long(2_049) }), ["fulfilmentUrl"]],
    [
      "a fulfilment URL of 2,048 characters, which is none too many",
      product({ fulfilmentUrl: long(2_048) }),
      undefined,
    ],
    ["an agreement's id", agreement({ agreementId: turned }), ["agreementId"]],
    ["an identifier", agreement({ customerIdentifier: turned }), ["customerIdentifier"]],
    ["a licence", agreement({ licenseArn: long(2_049) }), ["licenseArn"]],
    ["an entitlement's text", agreement(entitled(turned)), ["entitlements", 0, "value"]],
    ["an entitlement's number, which is no text", agreement(entitled(7)), undefined],
    ["where keys are published", issuer({ jwksUrl: long(2_049) }), ["jwksUrl"]],
    ["what is taken away", { kind: "product", id: "p", value: undefined }, undefined],
  ])("%s", (_of, change, path) => {
    expect(problemOf(change)?.path).toEqual(path);
  });

  test("may stay as they are in force, of whichever kind", () => {
    expect(held.map((change) => problemOf(change)?.path)).not.toContain(undefined);
    expect(held.map((change) => problemOf(change, held)?.path)).toEqual(held.map(() => undefined));
  });

  test("that would not be taken today are told, each with its first reason", () => {
    const outdated = outdatedValues(new Catalogue([...held, account({ title: turned, users: [{ name: turned }] })]));
    expect(outdated.map(({ kind, id, path }) => [kind, id, ...path])).toEqual([
      ["account", "1", "title"],
      ["product", "p", "title"],
      ["agreement", "a", "customerIdentifier"],
    ]);
  });
});

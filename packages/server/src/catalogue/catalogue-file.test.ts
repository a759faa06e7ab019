import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import { dueChanges } from "./apply.ts";
import { readCatalogueFile } from "./read-catalogue-file.ts";
import { CatalogueFileError } from "./catalogue-file.ts";
import { SAMPLE, sampleWith, sealer } from "../../testing/sample-catalogue.ts";

/** The problems of a file that must have some. */
function problemsOf(text: string): readonly string[] {
  try {
    dueChanges(readCatalogueFile(text, "shop.yaml", sealer), new Catalogue(), NOW_MS);
  } catch (error) {
    if (error instanceof CatalogueFileError) return error.problems;
    throw error;
  }
  return [];
}

const SECOND_AGREEMENT = `agreements:
  - agreementId: agmt-demo2
    productCode: 0abcdefghijklmnopqrstuvwx
    customerAccountId: "111122223333"
    startsAt: 2020-01-01T00:00:00Z
`;

/** Replaces the condition in the sample's first policy; answers the place of complaints about it. */
const conditionOf = (condition: string): readonly [string, string] => [
  'Resource: "*" }] }\n  - id',
  `Resource: "*", Condition: { ${condition} } }] }\n  - id`,
];
const CONDITION_AT = (column: number): string =>
  `shop.yaml:7:${column}: accounts.0.users.0.policy.Statement.0.Condition`;

const NOW_MS = Date.UTC(2026, 6, 14, 12, 30);

describe("a catalogue file is accepted", () => {
  test("with something of everything in it", () => {
    const { document } = readCatalogueFile(SAMPLE, "shop.yaml", sealer);
    expect(document.accounts.map(({ id }) => id)).toEqual(["111122223333", "444455556666"]);
    expect(document.accounts[1]?.roles[0]?.webIdentity).toHaveLength(1);
    expect(document.issuers).toEqual([{ issuer: "https://oidc.example", jwksFile: "./jwks.json" }]);
    expect(document.products[0]?.dimensions).toEqual([
      { name: "gb_ingested", description: "Gigabytes ingested", unit: "GB", price: "0.25", kind: "metered" },
    ]);
    expect(document.agreements[0]?.freeTrial).toBe(false);
    expect(problemsOf(SAMPLE)).toEqual([]);
  });

  test("where it is the demo", () => {
    const demo = readFileSync(new URL("demo.yaml", import.meta.url), "utf8");
    expect(problemsOf(demo)).toEqual([]);
  });

  test.each([
    ["where it is empty", ""],
    ["where it holds a comment only", "# nothing yet\n"],
    [
      "with anchors and aliases",
      "accounts:\n  - &one { id: '111122223333' }\nproducts: []\nagreements: []\nissuers: []\n",
    ],
    ["as JSON", JSON.stringify({ accounts: [{ id: "111122223333" }] })],
  ])("%s", (_what, text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});

describe("a complaint names file, line and column:", () => {
  const table: readonly [string, string, string[]][] = [
    ["a list that does not end", "accounts: [1, 2", [
      "shop.yaml:1:16: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ]],
    ["tabs", "accounts:\n\t- id: x", ["shop.yaml:2:1: Tabs are not allowed as indentation"]],
    ["a member that is there twice", "products: []\naccounts: []\nproducts: []", ["shop.yaml:3:1: Map keys must be unique"]],
    ["an alias without its anchor", "accounts:\n  - *missing", ["shop.yaml:2:5: an alias (*) to an anchor (&) that is not there"]],
    ["a list in place of the whole", "- 1", ["shop.yaml:1:1: Invalid input: expected object, received array"]],
    ["a text in place of the whole", "catalogue", ["shop.yaml:1:1: Invalid input: expected object, received string"]],
    ["a number in place of a list", "issuers: []\naccounts: 5", ["shop.yaml:2:11: accounts: Invalid input: expected array, received number"]],
    ["an account id without its quotes", sampleWith(['id: "111122223333"', "id: 111122223333"]), [
      "shop.yaml:2:9: accounts.0.id: must be twelve digits, quoted",
    ]],
    ["a price without its quotes", sampleWith(['price: "0.25"', "price: 0.25"]), [
      "shop.yaml:24:80: products.0.dimensions.0.price: must be a decimal number, quoted",
    ]],
    ["a missing member, and one that is not known", sampleWith(["title:", "titel:"]), [
      "shop.yaml:17:5: products.0.title: Invalid input: expected string, received undefined",
      "shop.yaml:17:5: products.0: unknown member titel",
    ]],
    ["a member that is not known, at the top", `shops: []\n${SAMPLE}`, ["shop.yaml:1:1: unknown member shops"]],
    ["a word that is none of those allowed", sampleWith(["type: saas", "type: SaaS"]), [
      'shop.yaml:20:11: products.0.type: Invalid option: expected one of "saas"|"ami"|"container"',
    ]],
    ["a key without its secret", sampleWith(["        secretAccessKey: example-secret\n", ""]), [
      "shop.yaml:4:9: accounts.0.users.0: must have both accessKeyId and secretAccessKey, or neither",
    ]],
    ["a member deep in a policy", sampleWith(["Effect: Allow, Action: [", "Effect: Permit, Action: ["]), [
      'shop.yaml:7:64: accounts.0.users.0.policy.Statement.0.Effect: Invalid option: expected one of "Allow"|"Deny"',
    ]],
    ["an element of another kind of policies", sampleWith(['Resource: "*" }] }\n  - id', 'Resource: "*", Principal: "*" }] }\n  - id']), [
      "shop.yaml:7:54: accounts.0.users.0.policy.Statement.0: Principal of a policy: not supported here",
    ]],
    ["a condition operator", sampleWith(conditionOf("NumericEquals: { aws:EpochTime: 1 }")), [
      `${CONDITION_AT(159)}.NumericEquals: the condition operator NumericEquals is not supported here`,
    ]],
    ["a condition key", sampleWith(conditionOf("StringEquals: { aws:SourceVpc: vpc-1 }")), [
      `${CONDITION_AT(175)}.StringEquals.aws:SourceVpc: the condition key aws:SourceVpc is not supported here; supported are aws:CurrentTime, aws:PrincipalArn, aws:RequestedRegion, aws:SecureTransport, aws:SourceIp`,
    ]],
    ["a network", sampleWith(conditionOf("IpAddress: { aws:SourceIp: [203.0.113.0/24, 10.0.0.0/33] }")), [
      `${CONDITION_AT(188)}.IpAddress.aws:SourceIp.1: must be an address or a network, such as 203.0.113.0/24 or 2001:db8::/32`,
    ]],
    ["a condition that is no member", sampleWith(conditionOf("IpAddress: { aws:SourceIp: null }")), [
      `${CONDITION_AT(171)}.IpAddress.aws:SourceIp: must be a text, a number or a boolean, or a list of them`,
    ]],
    ["a condition without its operator", sampleWith(conditionOf("aws:SourceIp: 203.0.113.0/24")), [
      `${CONDITION_AT(158)}.aws:SourceIp: Invalid input: expected record, received string`,
    ]],
    ["two elements that exclude each other", sampleWith(['Resource: "*" }] }\n  - id', 'Resource: "*", NotResource: "*" }] }\n  - id']), [
      "shop.yaml:7:54: accounts.0.users.0.policy.Statement.0: must have exactly one of Resource and NotResource",
    ]],
    ["an end before its start", sampleWith(["2030-01-01T00:00:00Z", "2019-01-01T00:00:00Z"]), [
      "shop.yaml:32:13: agreements.0.endsAt: must lie after startsAt",
    ]],
    ["a control character in a name", sampleWith(["name: gb_ingested", 'name: "gb\\n"']), [
      "shop.yaml:24:17: products.0.dimensions.0.name: must not contain control characters or broken Unicode",
    ]],
    ["half of a surrogate pair in a name", sampleWith(["customerIdentifier: demoCustomer1", 'customerIdentifier: "\\uD83E"']), [
      "shop.yaml:29:25: agreements.0.customerIdentifier: must not contain control characters or broken Unicode",
    ]],
    ["a user that is there twice", sampleWith(["      - name: metering\n", "      - name: metering\n      - name: metering\n"]), [
      "shop.yaml:4:7: accounts.0.users: must not name a user twice",
    ]],
    ["a dimension that is there twice", sampleWith(["      - { name: gb_", "      - { name: gb_ingested }\n      - { name: gb_"]), [
      "shop.yaml:24:7: products.0.dimensions: must not name a dimension twice",
    ]],
    ["an account that is there twice", sampleWith(["issuers:\n", '  - id: "111122223333"\nissuers:\n']), [
      "shop.yaml:14:5: account 111122223333 is there twice",
    ]],
    ["a product that is there twice", sampleWith(["agreements:\n", '  - { productCode: 0abcdefghijklmnopqrstuvwx, title: T, seller: "111122223333", type: saas, pricing: free }\nagreements:\n']), [
      "shop.yaml:25:5: product 0abcdefghijklmnopqrstuvwx is there twice",
    ]],
    ["an agreement that is there twice", sampleWith(["agreements:\n", SECOND_AGREEMENT], ["agmt-demo1", "agmt-demo2"]), [
      "shop.yaml:30:5: agreement agmt-demo2 is there twice",
    ]],
    ["an access key that two users have", sampleWith(["    roles:\n", "    users:\n      - { name: other, accessKeyId: AKIACOUNTINGHOUSE001, secretAccessKey: another }\n    roles:\n"]), [
      "shop.yaml:10:37: access-key AKIACOUNTINGHOUSE001 is there twice",
      "shop.yaml:10:37: accessKeyId: AKIACOUNTINGHOUSE001 belongs to another user",
    ]],
    ["a seller that is not there", sampleWith(['seller: "111122223333"', 'seller: "000000000000"']), [
      "shop.yaml:19:13: seller: no account 000000000000",
    ]],
    ["a product that is not there", sampleWith(["agreements:\n  - agreementId: agmt-demo1\n    productCode: 0abc", "agreements:\n  - agreementId: agmt-demo1\n    productCode: 1abc"]), [
      "shop.yaml:27:18: productCode: no product 1abcdefghijklmnopqrstuvwx",
    ]],
    ["a customer that is not there", sampleWith(['customerAccountId: "444455556666"', 'customerAccountId: "000000000000"']), [
      "shop.yaml:28:24: customerAccountId: no account 000000000000",
    ]],
    ["a licence that two agreements have", sampleWith(["agreements:\n", `${SECOND_AGREEMENT}    licenseArn: arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001\n`]), [
      "shop.yaml:30:17: licenseArn: already the licence of agreement agmt-demo1",
    ]],
    ["a customer identifier that stands for two accounts", sampleWith(["agreements:\n", `${SECOND_AGREEMENT}    customerIdentifier: demoCustomer1\n`]), [
      "shop.yaml:30:25: customerIdentifier: demoCustomer1 stands for account 444455556666 (agreement agmt-demo1)",
      "shop.yaml:34:25: customerIdentifier: demoCustomer1 stands for account 111122223333 (agreement agmt-demo2)",
    ]],
    ["an entitlement to a dimension that is not there", sampleWith(["entitlements: []", "entitlements:\n      - { dimension: seats, value: 5 }"]), [
      "shop.yaml:35:22: entitlements.0.dimension: 0abcdefghijklmnopqrstuvwx has no dimension seats of kind entitled",
    ]],
    ["an entitlement to a metered dimension", sampleWith(["entitlements: []", "entitlements: [{ dimension: gb_ingested, value: 5 }]"]), [
      "shop.yaml:34:33: entitlements.0.dimension: 0abcdefghijklmnopqrstuvwx has no dimension gb_ingested of kind entitled",
    ]],
    ["two entitlements to one dimension", sampleWith(["entitlements: []", "entitlements: [{ dimension: a, value: 5 }, { dimension: a, value: 6 }]"]), [
      "shop.yaml:34:19: agreements.0.entitlements: must not name a dimension twice",
    ]],
    ["an entitlement to nothing", sampleWith(["entitlements: []", "entitlements: [{ dimension: a, value: null }]"]), [
      "shop.yaml:34:43: agreements.0.entitlements.0.value: must be a number, a boolean or a text",
    ]],
  ]; // prettier-ignore
  test.each(table)("%s", (_what, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test("aliases of aliases of aliases, too", () => {
    const levels = ["a", "b", "c", "d", "e"];
    const lines = levels.map((name, i) => {
      const items = Array.from({ length: 12 }, () => (i === 0 ? "x" : `*${levels[i - 1]}`));
      return `${name}: &${name} [${items.join(", ")}]`;
    });
    expect(problemsOf(lines.join("\n"))).toEqual(["shop.yaml:1:1: aliases (*) of aliases that grow out of all bounds"]);
  });

  test("everything at once, each with its own place", () => {
    const text = sampleWith(
      ["type: saas", "type: SaaS"],
      ["pricing: usage", "pricing: gratis"],
      ['price: "0.25"', "price: 0.25"],
    );
    expect(problemsOf(text).map((problem) => problem.split(" ")[0])).toEqual([
      "shop.yaml:20:11:",
      "shop.yaml:21:14:",
      "shop.yaml:24:80:",
    ]);
    expect(() => readCatalogueFile(text, "shop.yaml", sealer)).toThrow(
      /^The catalogue is not valid:\n {2}shop\.yaml:20:11: /,
    );
  });
});

describe("a complaint never quotes a secret", () => {
  const SECRET = "s3cret8s3cret8s3cret8s3cret8s3cret8s3cret";

  const mistakes: readonly [string, string][] = [
    ["without the space before it", `{ name: metering, accessKeyId: AKIACOUNTINGHOUSE001, secretAccessKey:${SECRET} }`],
    ["without its member", `{ name: metering, accessKeyId: AKIACOUNTINGHOUSE001, ${SECRET} }`],
    ["as an alias", `{ name: metering, secretAccessKey: *${SECRET} }`],
    [
      "as a condition",
      `{ name: metering, policy: { Statement: { Effect: Allow, Action: "*", Resource: "*", Condition: { ${SECRET}: { a: b } } } } }`,
    ],
    [
      "in place of a condition",
      `{ name: metering, policy: { Statement: { Effect: Allow, Action: "*", Resource: "*", Condition: { ${SECRET}: x } } } }`,
    ],
    [
      "as a condition key",
      `{ name: metering, policy: { Statement: { Effect: Allow, Action: "*", Resource: "*", Condition: { Bool: { ${SECRET}: null } } } } }`,
    ],
    ["as a tag", `{ name: metering, secretAccessKey: !${SECRET}!${SECRET} }`],
    ["after the sign of a block", `\n          secretAccessKey: |${SECRET}\n          name: metering`],
    ["with a bad escape", `{ name: metering, secretAccessKey: "\\x${SECRET}" }`],
    ["outside of everything", `{ name: metering }\n${SECRET}: ${SECRET}`],
    ["after the end", `{ name: metering } ${SECRET}`],
    ["that is too long", `{ name: metering, accessKeyId: AKIACOUNTINGHOUSE001, secretAccessKey: ${SECRET.repeat(4)} }`],
    ["in place of the key's id", `{ name: metering, accessKeyId: ${SECRET}, secretAccessKey: ${SECRET} }`],
  ];
  test.each(mistakes)("%s", (_what, user) => {
    const problems = problemsOf(`accounts:\n  - id: "111122223333"\n    users:\n      - ${user}\n`);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain("s3cret");
  });

  test("and nothing of the file is written to standard error", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error): number => warnings.push(warning);
    process.on("warning", collect);
    problemsOf(`? { secretAccessKey: ${SECRET} }\n: []\n`);
    await new Promise((resume) => setImmediate(resume));
    process.off("warning", collect);
    expect(warnings).toEqual([]);
  });

  test("whatever else is wrong with the file", () => {
    const text = sampleWith(["secretAccessKey: example-secret", `secretAccessKey: ${SECRET}`]);
    const edit = fc.record({
      at: fc.integer({ min: text.indexOf("accessKeyId") - 40, max: text.indexOf(SECRET) + SECRET.length + 10 }),
      remove: fc.nat({ max: 3 }),
      insert: fc.constantFrom(
        "",
        ":",
        " ",
        "\n",
        "\n  ",
        "*",
        "&",
        "!",
        "|",
        '"',
        "'",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\t",
        "%",
        "- ",
        "? ",
        "#",
        "@",
        "\\",
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let edited = text;
        for (const { at, remove, insert } of edits) edited = edited.slice(0, at) + insert + edited.slice(at + remove);
        expect(problemsOf(edited).join("\n")).not.toContain("s3cret");
      }),
      { numRuns: 500 },
    );
  });
});

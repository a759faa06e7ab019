import { describe, expect, test } from "vitest";
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { openSecret } from "../identity/access-keys.ts";
import { dueChanges } from "./apply.ts";
import { readCatalogueFile } from "./read-catalogue-file.ts";
import { SAMPLE, sampleWith, sealer } from "../../testing/sample-catalogue.ts";

const PRODUCT = "0abcdefghijklmnopqrstuvwx";
const KEY = "AKIACOUNTINGHOUSE001";
const LICENSE = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001";
const OTHER_LICENSE = LICENSE.replace(/1$/, "2");
/** Half past twelve. */
const NOW_MS = Date.UTC(2026, 6, 14, 12, 30);

function due(text: string, held: Catalogue, nowMs = NOW_MS): CatalogueChange[] {
  return dueChanges(readCatalogueFile(text, "shop.yaml", sealer), held, nowMs);
}

const namesOf = (changes: readonly CatalogueChange[]): string[] => changes.map(({ kind, id }) => `${kind} ${id}`);

function applied(...texts: readonly string[]): Catalogue {
  const catalogue = new Catalogue();
  for (const text of texts) catalogue.apply(due(text, catalogue));
  return catalogue;
}

describe("applying a catalogue file", () => {
  test("to an empty catalogue writes everything, references before what refers to them", () => {
    expect(namesOf(due(SAMPLE, new Catalogue()))).toEqual([
      "issuer https://oidc.example",
      "account 111122223333",
      `access-key ${KEY}`,
      "account 444455556666",
      `product ${PRODUCT}`,
      "agreement agmt-demo1",
    ]);
  });

  test("a second time writes nothing", () => {
    expect(due(SAMPLE, applied(SAMPLE))).toEqual([]);
  });

  test.each([
    ["comments", `# a comment\n${SAMPLE.replace("type: saas", "type: saas # for now")}`],
    [
      "the order of members",
      sampleWith(["    title: Acme Logs\n", ""], ["    type: saas\n", "    type: saas\n    title: Acme Logs\n"]),
    ],
    ["defaults that are written out", sampleWith(["unit: GB, ", "unit: GB, kind: metered, "])],
    ["quotes", sampleWith(["title: Acme Logs", "title: 'Acme Logs'"])],
  ])("that differs in %s only writes nothing", (_what, text) => {
    expect(due(text, applied(SAMPLE))).toEqual([]);
  });

  const edits: readonly [string, readonly [string, string], string][] = [
    ["product", ["title: Acme Logs", "title: Acme Logs and more"], `product ${PRODUCT}`],
    ["agreement", ["freeTrial: false", "freeTrial: true"], "agreement agmt-demo1"],
    ["account", ["      - name: app-role", "      - name: other-role"], "account 444455556666"],
    ["policy", ["Effect: Allow, Action: [", "Effect: Deny, Action: ["], "account 111122223333"],
    ["secret", ["example-secret", "example-secret-2"], `access-key ${KEY}`],
  ];
  test.each(edits)("in which one %s has changed writes that one only", (_what, edit, changed) => {
    expect(namesOf(due(sampleWith(edit), applied(SAMPLE)))).toEqual([changed]);
  });

  test("leaves alone what was changed through the API since, until the file says something else", () => {
    const catalogue = applied(SAMPLE);
    const product = catalogue.product(PRODUCT);
    if (product === undefined) throw new Error("The sample has a product.");
    catalogue.apply([{ kind: "product", id: PRODUCT, value: { ...product, title: "Through the API" } }]);
    expect(due(SAMPLE, catalogue)).toEqual([]);
    expect(catalogue.product(PRODUCT)?.title).toBe("Through the API");
    catalogue.apply(due(sampleWith(["title: Acme Logs", "title: Through the file"]), catalogue));
    expect(catalogue.product(PRODUCT)?.title).toBe("Through the file");
  });

  test("leaves alone what the file does not name, and what it no longer names", () => {
    const catalogue = applied(SAMPLE);
    catalogue.apply([{ kind: "account", id: "777788889999", value: { id: "777788889999", users: [], roles: [] } }]);
    catalogue.apply(due('accounts: [{ id: "111122223333" }]', catalogue));
    expect(catalogue.list("account")).toHaveLength(3);
    expect(catalogue.agreement("agmt-demo1")).toBeDefined();
  });

  test("does not bring back an access key that was removed, unless the file says something new of it", () => {
    const catalogue = applied(SAMPLE);
    catalogue.apply([{ kind: "access-key", id: KEY, value: undefined }]);
    expect(due(SAMPLE, catalogue)).toEqual([]);
    const otherwiseChanged = sampleWith(["title: Acme Logs", "title: Acme Logs and more"]);
    expect(namesOf(due(otherwiseChanged, catalogue))).toEqual([`product ${PRODUCT}`]);
    catalogue.apply(due(sampleWith(["example-secret", "example-secret-2"]), catalogue));
    const key = catalogue.accessKey(KEY);
    expect(key && openSecret(sealer, key)).toBe("example-secret-2");
  });
});

describe("an access key is a part of its user:", () => {
  const OTHER = "AKIACOUNTINGHOUSE009";
  const rotated = sampleWith([KEY, OTHER]);
  const ofApi = (catalogue: Catalogue, userName: string): CatalogueChange => {
    const key = catalogue.accessKey(KEY);
    if (key === undefined) throw new Error("The sample has a key.");
    const accessKeyId = "AKIATHROUGHTHEAPI001";
    return { kind: "access-key", id: accessKeyId, value: { ...key, accessKeyId, userName } };
  };

  test("one that the file named, and names no more, goes; and comes again where the file names it again", () => {
    const catalogue = applied(SAMPLE);
    expect(namesOf(due(rotated, catalogue))).toEqual([`access-key ${OTHER}`, `access-key ${KEY}`]);
    catalogue.apply(due(rotated, catalogue));
    expect([catalogue.accessKey(KEY), catalogue.accessKey(OTHER)?.userName]).toEqual([undefined, "metering"]);
    expect(due(rotated, catalogue)).toEqual([]);
    catalogue.apply(due(SAMPLE, catalogue));
    expect([catalogue.accessKey(KEY)?.userName, catalogue.accessKey(OTHER)]).toEqual(["metering", undefined]);
  });

  test("one that was made through the API stays while its user is there, and goes with it", () => {
    const catalogue = applied(SAMPLE);
    const made = ofApi(catalogue, "metering");
    catalogue.apply([made]);
    catalogue.apply(due(rotated, catalogue));
    expect(catalogue.accessKey(made.id)).toBeDefined();
    const newKey = "AKIACOUNTINGHOUSE008";
    const renamed = sampleWith([KEY, newKey], ["name: metering", "name: another"]);
    catalogue.apply(due(renamed, catalogue));
    expect(catalogue.list("access-key").map(({ accessKeyId, userName }) => [accessKeyId, userName])).toEqual([
      [newKey, "another"],
    ]);
  });

  test("those of an account that the file does not name at all stay", () => {
    const catalogue = applied(SAMPLE);
    catalogue.apply(due('accounts: [{ id: "444455556666" }]', catalogue));
    expect(catalogue.accessKey(KEY)).toBeDefined();
    catalogue.apply(due('accounts: [{ id: "111122223333" }]', catalogue));
    expect(catalogue.accessKey(KEY)).toBeUndefined();
  });
});

describe("what is written for a file", () => {
  test("holds secrets sealed only, and digests that tell nothing of them", () => {
    const changes = due(SAMPLE, new Catalogue());
    expect(JSON.stringify(changes)).not.toContain("example-secret");
    for (const change of changes) expect(change.fileDigest).toMatch(/^[A-Za-z0-9+/]{24}$/);
    const key = changes.find((change) => change.kind === "access-key")?.value;
    expect(key && openSecret(sealer, key)).toBe("example-secret");
  });
});

const agreement = (id: string, over: string): string => `
  - agreementId: ${id}
    productCode: ${PRODUCT}
    customerAccountId: "444455556666"
    startsAt: 2020-01-01T00:00:00Z
    ${over}`;

describe("references are held against what the ledger holds, too:", () => {
  test("they may lead to objects that the file does not name", () => {
    expect(namesOf(due(`agreements:${agreement("agmt-new", "")}`, applied(SAMPLE)))).toEqual(["agreement agmt-new"]);
  });

  test("a role trusts issuers that the catalogue names, and no others", () => {
    const stray = sampleWith([
      "issuers:\n  - { issuer: https://oidc.example, ",
      "issuers:\n  - { issuer: https://other.example, ",
    ]);
    expect(() => due(stray, new Catalogue())).toThrow(
      /shop\.yaml:13:\d+: roles\.0\.webIdentity\.0\.issuer: no issuer https:\/\/oidc\.example/,
    );
    expect(namesOf(due(stray, applied(SAMPLE))), "the ledger has it").toEqual(["issuer https://other.example"]);
  });

  test("a licence is not given to a second agreement while the first one, unchanged, has it", () => {
    const text = `agreements:${agreement("agmt-new", `licenseArn: ${LICENSE}`)}`;
    const problem = "shop.yaml:6:17: licenseArn: already the licence of agreement agmt-demo1";
    expect(() => due(text, applied(SAMPLE))).toThrow(problem);
    expect(() => due(SAMPLE + agreement("agmt-new", `licenseArn: ${LICENSE}`).slice(1), applied(SAMPLE))).toThrow(
      "already the licence",
    );
  });

  test("an access key is not taken from the user who has it", () => {
    const text = `accounts:\n  - id: "444455556666"\n    users:\n      - { name: thief, accessKeyId: ${KEY}, secretAccessKey: theirs }\n`;
    expect(() => due(text, applied(SAMPLE))).toThrow(`shop.yaml:4:37: accessKeyId: ${KEY} belongs to another user`);
  });

  test("a customer identifier does not come to stand for another account", () => {
    const text = `agreements:${agreement("agmt-new", "customerIdentifier: demoCustomer1").replace("444455556666", "111122223333")}`;
    expect(() => due(text, applied(SAMPLE))).toThrow(
      "shop.yaml:6:25: customerIdentifier: demoCustomer1 stands for account 444455556666",
    );
  });
});

describe("names by which usage was metered never change (Rule G7):", () => {
  const edits: readonly [string, readonly [string, string], RegExp][] = [
    [
      "an agreement's account",
      ['customerAccountId: "444455556666"', 'customerAccountId: "111122223333"'],
      /customerAccountId: it is 444455556666 in agreement agmt-demo1, and that never changes.*add a new one, and cancel this one/,
    ],
    [
      "an agreement's identifier",
      ["customerIdentifier: demoCustomer1", "customerIdentifier: other"],
      /customerIdentifier: it is demoCustomer1 in .*add a new agreement with replaces: agmt-demo1/,
    ],
    [
      "an agreement's identifier, taken away",
      ["    customerIdentifier: demoCustomer1\n", ""],
      /customerIdentifier: it is demoCustomer1/,
    ],
    ["an agreement's licence", [LICENSE, OTHER_LICENSE], /licenseArn: it is arn.*1 in .*replaces: agmt-demo1/],
    ["a product's type", ["type: saas", "type: container"], /type: it is saas in product .*add a new product/],
    [
      "a product's seller",
      ['seller: "111122223333"', 'seller: "444455556666"'],
      /seller: it is 111122223333 in product/,
    ],
  ];
  test.each(edits)("%s is refused with its place in the file, and nothing is applied", (_what, edit, problem) => {
    const held = applied(SAMPLE);
    let refused = "";
    try {
      due(sampleWith(edit, ["title: Acme Logs", "title: Acme Logs and more"]), held);
    } catch (error) {
      refused = (error as Error).message;
    }
    expect(refused).toMatch(problem);
    expect(refused).toMatch(/shop\.yaml:\d+:\d+: /);
    expect(due(SAMPLE, held)).toEqual([]);
  });
});

const newAgreement = (over: string): string =>
  `agreements:${agreement("agmt-new", over).replace("    startsAt: 2020-01-01T00:00:00Z\n", "")}`;

const replacing = (over = "startsAt: 2026-07-14T14:00:00Z"): string =>
  newAgreement(`replaces: agmt-demo1\n    customerIdentifier: renamed\n    licenseArn: ${OTHER_LICENSE}\n    ${over}`);

describe("a file that replaces agreements (Rule G6)", () => {
  const AT = Date.UTC(2026, 6, 14, 14);
  test("ends the old one where the new one begins, and says both; a second time it writes nothing", () => {
    const held = applied(SAMPLE);
    const changes = due(replacing(), held);
    expect(namesOf(changes)).toEqual(["agreement agmt-new", "agreement agmt-demo1"]);
    held.apply(changes);
    expect(held.agreement("agmt-demo1")).toMatchObject({ endsAtMs: AT, replacedBy: "agmt-new" });
    expect(held.agreement("agmt-new")).toMatchObject({ startsAtMs: AT, replaces: "agmt-demo1" });
    expect(due(replacing(), held)).toEqual([]);
    expect(due(SAMPLE, held), "what the file said of the old one is as before").toEqual([]);
  });

  test("begins at the next edge that no usage has reached, where it does not say when, and stays there", () => {
    const held = applied(SAMPLE);
    const early = due(replacing("freeTrial: false"), held, Date.UTC(2026, 6, 14, 12, 44, 59, 999));
    expect(early[0]?.value).toMatchObject({ startsAtMs: Date.UTC(2026, 6, 14, 13) });
    held.apply(due(replacing("freeTrial: false"), held, Date.UTC(2026, 6, 14, 12, 45)));
    expect(held.agreement("agmt-new")).toMatchObject({ startsAtMs: AT });
    held.apply(due(replacing("freeTrial: true"), held, AT + 5_000_000));
    expect(held.agreement("agmt-new")).toMatchObject({ startsAtMs: AT, freeTrial: true });
  });

  test.each(["2026-07-14T13:59:59Z", "2026-07-14T12:00:00Z"])(
    "at %s is too late, or no edge: refused with its place",
    (startsAt) => {
      expect(() => due(replacing(`startsAt: ${startsAt}`), applied(SAMPLE))).toThrow(
        /shop\.yaml:\d+:15: startsAt: must be an hour's edge \(UTC\) more than 900 s after the service clock.*: 2026-07-14T13:00:00\.000Z or a later one/,
      );
    },
  );

  test("may say long past edges where all of it is new, chains included", () => {
    const chain = `${agreement("c", "customerIdentifier: three\n    replaces: b").replace("2020-01-01T00", "2020-03-01T00")}${agreement("b", "customerIdentifier: two\n    replaces: agmt-demo1").replace("2020-01-01T00", "2020-02-01T00")}`;
    const text = SAMPLE + chain.slice(1).replaceAll(/^/gm, "");
    const held = applied(text);
    const shown = ["agmt-demo1", "b", "c"].map((id) => {
      const { startsAtMs, endsAtMs, replaces, replacedBy } = held.agreement(id) ?? { startsAtMs: 0 };
      return [new Date(startsAtMs).getUTCMonth(), endsAtMs && new Date(endsAtMs).getUTCMonth(), replaces, replacedBy];
    });
    expect(shown).toEqual([
      [0, 1, undefined, "b"],
      [1, 2, "agmt-demo1", "c"],
      [2, undefined, "b", undefined],
    ]);
    expect(due(text, held)).toEqual([]);
  });

  test("does not lengthen a replaced agreement, whatever it says of its end later", () => {
    const held = applied(SAMPLE, replacing());
    held.apply(due(sampleWith(["freeTrial: false", "freeTrial: true"]), held));
    expect(held.agreement("agmt-demo1")).toMatchObject({ endsAtMs: AT, replacedBy: "agmt-new", freeTrial: true });
  });
});

function issuerOf(yaml: string): unknown {
  const changes = dueChanges(readCatalogueFile(yaml, "/etc/shop/shop.yaml", sealer), new Catalogue(), NOW_MS);
  return changes.find(({ kind }) => kind === "issuer")?.value;
}

test("the paths of an issuer are relative to the file that names them", () => {
  const text = sampleWith(["jwksFile: ./jwks.json", "jwksUrl: https://oidc.example/keys, caFile: certificates/ca.pem"]);
  expect(issuerOf(SAMPLE)).toEqual({ issuer: "https://oidc.example", jwksFile: "/etc/shop/jwks.json" });
  expect(issuerOf(text)).toMatchObject({ caFile: "/etc/shop/certificates/ca.pem" });
});

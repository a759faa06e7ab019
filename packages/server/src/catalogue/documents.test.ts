import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import { dueChanges } from "./apply.ts";
import { readCatalogueFile } from "./read-catalogue-file.ts";
import { accountChanges, accountView, agreementChange, agreementDocument } from "./documents.ts";
import { productChange, productDocument } from "./product-documents.ts";
import { SAMPLE, sealer } from "../../testing/sample-catalogue.ts";
import { agreementDocumentSchema } from "../operator/contract/catalogue/agreement.ts";
import { productDocumentSchema } from "../operator/contract/catalogue/product.ts";
import { checkedAccountSchema } from "./schema.ts";

const NOW_MS = Date.UTC(2026, 2, 14, 12, 30);
const DEMO = readFileSync(new URL("demo.yaml", import.meta.url), "utf8");

const agreement = {
  agreementId: "agmt-1",
  productCode: "p",
  customerAccountId: "444455556666",
  startsAt: "2020-01-01T02:00:00+02:00",
  endsAt: "2030-01-01T00:00:00.500Z",
  entitlements: [
    { dimension: "seats", value: 5, expiresAt: "2025-01-01T00:00:00Z" },
    { dimension: "edition", value: "gold" },
    { dimension: "support", value: true },
  ],
};

describe("documents and what is kept of them are the same, there and back:", () => {
  test.each([
    ["the sample", SAMPLE],
    ["the demo", DEMO],
  ])("%s", (_what, text) => {
    const catalogue = new Catalogue(dueChanges(readCatalogueFile(text, "shop.yaml", sealer), new Catalogue(), NOW_MS));
    for (const kept of catalogue.list("agreement")) {
      expect(agreementChange(agreementDocumentSchema.parse(agreementDocument(kept)), undefined, NOW_MS).value).toEqual(
        kept,
      );
    }
    for (const kept of catalogue.list("product")) {
      expect(productChange(productDocumentSchema.parse(productDocument(kept))).value).toEqual(kept);
    }
    for (const kept of catalogue.list("account")) {
      const { users, ...view } = accountView(kept, catalogue);
      const document = { ...view, users: users.map(({ accessKeyIds: _ids, ...user }) => user) };
      expect(accountChanges(checkedAccountSchema.parse(document), sealer)).toEqual([
        { kind: "account", id: kept.id, value: kept },
      ]);
    }
  });

  test("an agreement's times, whatever zone they were written in", () => {
    const { value } = agreementChange(agreementDocumentSchema.parse(agreement), undefined, NOW_MS);
    expect(value).toMatchObject({
      startsAtMs: Date.UTC(2020, 0, 1),
      endsAtMs: Date.UTC(2030, 0, 1) + 500,
      entitlements: [{ expiresAtMs: Date.UTC(2025, 0, 1) }, {}, {}],
    });
    expect(value && agreementDocument(value)).toEqual({
      ...agreement,
      startsAt: "2020-01-01T00:00:00.000Z",
      entitlements: [
        { ...agreement.entitlements[0], expiresAt: "2025-01-01T00:00:00.000Z" },
        ...agreement.entitlements.slice(1),
      ],
    });
  });
});

describe("an account", () => {
  const document = checkedAccountSchema.parse({
    id: "111122223333",
    title: "Seller",
    users: [
      { name: "metering", accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
      { name: "reading", policy: { Statement: [] } },
    ],
  });

  test("is kept without the secrets of its users, which are kept sealed", () => {
    const [account, key, ...others] = accountChanges(document, sealer);
    expect(others).toEqual([]);
    expect(account?.value).toEqual({
      id: "111122223333",
      title: "Seller",
      users: [{ name: "metering" }, { name: "reading", policy: { Statement: [] } }],
      roles: [],
    });
    expect(key).toMatchObject({ kind: "access-key", value: { accountId: "111122223333", userName: "metering" } });
    expect(JSON.stringify(key)).not.toContain("example-secret");
  });

  test("is shown with the ids of its users' access keys, and never with a secret", () => {
    const catalogue = new Catalogue(accountChanges(document, sealer));
    const account = catalogue.account("111122223333");
    const view = account && accountView(account, catalogue);
    expect(view?.users).toEqual([
      { name: "metering", accessKeyIds: ["AKIACOUNTINGHOUSE001"] },
      { name: "reading", policy: { Statement: [] }, accessKeyIds: [] },
    ]);
    expect(JSON.stringify(view)).not.toMatch(/secret|sealed/i);
  });
});

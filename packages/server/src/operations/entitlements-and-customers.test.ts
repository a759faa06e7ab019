/** GetEntitlements and ResolveCustomer over a ledger: what is answered page by page, and what the ledger keeps of it. */
import { expect, onTestFinished, test } from "vitest";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import {
  ANNAS_ACCOUNT,
  LOGS,
  OTHER_SELLER,
  PRODUCTS,
  REGION,
  SELLER,
  agreement,
  putAgreement,
  putProduct,
} from "../../testing/market.ts";
import { putAll } from "../../testing/resource-calls.ts";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import type { Product } from "../domain/catalogue/product.ts";
import type { PageTokens } from "../domain/page-tokens.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { getEntitlementsOperation } from "./get-entitlements.ts";
import type { AccountCall } from "./operation.ts";
import { resolveCustomerOperation } from "./resolve-customer.ts";

/** Page tokens in plain text, each good for its query only. */
const TOKENS: PageTokens = {
  seal: (query, position) => JSON.stringify([query, position]),
  open: (query, token) => {
    const [of, position] = JSON.parse(token) as [string, string];
    return of === query ? position : undefined;
  },
};
const callBy = (accountId: string): AccountCall => ({ ...newCall(), accountId, region: REGION });

async function market(): Promise<Ledger> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  const logs = new Catalogue(PRODUCTS).product(LOGS) as Product;
  const contract = putProduct({
    ...logs,
    pricing: "contract-with-usage",
    dimensions: ["a", "b", "c"].map((name) => ({ name, kind: "entitled" })),
  });
  const entitlements = ["a", "b", "c"].map((dimension) => ({ dimension, value: 1 }));
  await putAll(made.ledger, [...PRODUCTS, contract, putAgreement(agreement("anna", { entitlements }))]);
  return made.ledger;
}

async function newestEvent(ledger: Ledger): Promise<LedgerEvent | undefined> {
  return (await ledger.events({ order: "newest", limit: 1 })).items[0]?.event;
}

test("entitlements are told page by page, and each page is kept with how many it showed", async () => {
  const ledger = await market();
  const ask = getEntitlementsOperation(ledger, TOKENS);
  const first = await ask(callBy(SELLER), { productCode: LOGS, maxResults: 2 });
  expect(first.output?.entitlements.map(({ dimension }) => dimension)).toEqual(["a", "b"]);
  expect(await newestEvent(ledger)).toMatchObject({ kind: "entitlements-shown", productCode: LOGS, count: 2 });
  const { nextToken = "" } = first.output ?? {};
  const second = await ask(callBy(SELLER), { productCode: LOGS, maxResults: 2, nextToken });
  expect(second.output?.entitlements.map(({ dimension }) => dimension)).toEqual(["c"]);
  expect(second.output).not.toHaveProperty("nextToken");
  expect(await newestEvent(ledger)).toMatchObject({ count: 1 });
  expect(JSON.stringify(await newestEvent(ledger)), "a token is never kept").not.toContain(JSON.stringify(nextToken));
});

test("a token of another query, and a product of another seller, are refused, and that is kept", async () => {
  const ledger = await market();
  const ask = getEntitlementsOperation(ledger, TOKENS);
  const nextToken = JSON.stringify(["another", "[]"]);
  const { rejected } = await ask(callBy(SELLER), { productCode: LOGS, nextToken });
  expect(rejected?.code).toBe("InvalidParameterException");
  expect(await newestEvent(ledger)).toMatchObject({ kind: "call-refused", code: "InvalidParameterException" });
  const others = await ask(callBy(OTHER_SELLER), { productCode: LOGS });
  expect(others.output?.entitlements ?? []).toEqual([]);
});

test("a registration token tells its customer until it has expired, and is never kept", async () => {
  const ledger = await market();
  const claims = { agreementId: "anna", expiresAtMs: START_MS + 1 };
  const resolve = (of: typeof claims | undefined): ReturnType<ReturnType<typeof resolveCustomerOperation>> =>
    resolveCustomerOperation(ledger, () => of)(callBy(SELLER), { registrationToken: "secret" });
  const { output } = await resolve(claims);
  expect(output).toMatchObject({ customerAccountId: ANNAS_ACCOUNT, productCode: LOGS, customerIdentifier: "anna" });
  expect(await newestEvent(ledger)).toEqual({ kind: "customer-resolved", agreementId: "anna", customer: output });
  expect((await resolve({ ...claims, expiresAtMs: START_MS - 1 })).rejected?.code).toBe("ExpiredTokenException");
  expect((await resolve(undefined)).rejected?.code).toBe("InvalidTokenException");
  expect(JSON.stringify(await newestEvent(ledger))).not.toContain("secret");
});

import { expect, test } from "vitest";
import {
  ANNAS_ACCOUNT,
  BERTS_ACCOUNT,
  LOGS,
  OTHER_SELLER,
  PRODUCTS,
  SELLER,
  TRACES,
  agreement,
  licence,
  putAgreement,
} from "../../testing/market.ts";
import { newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { putAll } from "../../testing/resource-calls.ts";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import { NamesAsMetered, namesAsMetered } from "./names-as-metered.ts";
import type { NamesInTime } from "./identity-history.ts";
import type { Ledger } from "./ledger.ts";

/** Until 5,000, agreement `a` was Bert's and had another licence, and product Logs was another seller's. */
const before = {
  productCode: LOGS,
  customerAccountId: BERTS_ACCOUNT,
  customerIdentifier: "anna",
  licenseArn: licence("once"),
};
const now = { ...before, customerAccountId: ANNAS_ACCOUNT, licenseArn: licence("a") };
const until = (names: NamesInTime["names"], kind: "agreement" | "product", id: string): NamesInTime => ({
  kind, id, names, fromMs: Number.NEGATIVE_INFINITY, untilMs: 5_000,
}); // prettier-ignore
const since = (names: NamesInTime["names"], kind: "agreement" | "product", id: string): NamesInTime => ({
  kind, id, names, fromMs: 5_000, untilMs: Number.POSITIVE_INFINITY,
}); // prettier-ignore
/** Bert's agreement is named `y` since 5,000; the agreement that the catalogue calls `y` is another customer's. */
const renamed = { productCode: LOGS, customerAccountId: BERTS_ACCOUNT, licenseArn: undefined };
const CHANGED: readonly NamesInTime[] = [
  until(before, "agreement", "a"),
  since(now, "agreement", "a"),
  until({ seller: OTHER_SELLER }, "product", LOGS),
  since({ seller: SELLER }, "product", LOGS),
  until({ productCode: LOGS, customerAccountId: BERTS_ACCOUNT, customerIdentifier: "gone" }, "agreement", "removed"),
  until({ ...renamed, customerIdentifier: "x" }, "agreement", "renamed"),
  since({ ...renamed, customerIdentifier: "y" }, "agreement", "renamed"),
];
const names = new NamesAsMetered(
  new Catalogue([
    ...PRODUCTS,
    ...[
      agreement("a"),
      agreement("late", { startsAtMs: 9_000, customerIdentifier: "late", licenseArn: undefined }),
      agreement("early", { startsAtMs: 1_000, customerIdentifier: "early", licenseArn: licence("early") }),
      agreement("y", { startsAtMs: 0, endsAtMs: 1, customerIdentifier: "y", licenseArn: undefined }),
      agreement("bare", {
        startsAtMs: 8_000,
        customerIdentifier: undefined,
        productCode: TRACES,
        licenseArn: licence("bare"),
      }),
    ].map(putAgreement),
  ]),
  CHANGED,
);

const accountAt = (atMs: number, identifier = "anna", product = LOGS): unknown =>
  names.accountOf(product, identifier, atMs);

test("an identifier stands for the account that it stood for when a record was kept", () => {
  expect([4_999, 5_000, 5_001].map((atMs) => accountAt(atMs))).toEqual([BERTS_ACCOUNT, BERTS_ACCOUNT, ANNAS_ACCOUNT]);
  expect(
    [4_999, 5_000, 5_001].map((atMs) => accountAt(atMs, "y")),
    "since its very time",
  ).toEqual([ANNAS_ACCOUNT, BERTS_ACCOUNT, BERTS_ACCOUNT]);
  expect(accountAt(1, "early"), "nothing was changed of it").toBe(ANNAS_ACCOUNT);
  expect(accountAt(1, "anna", TRACES), "of another product").toBeUndefined();
  expect(accountAt(9_000, "gone"), "of an agreement that is there no more").toBe(BERTS_ACCOUNT);
  expect(accountAt(1, "nobody")).toBeUndefined();
});

const at = (atMs: number, account = ANNAS_ACCOUNT, product = LOGS): unknown =>
  names.identifierOf(product, account, atMs);

test("an account has the identifier that was given last, of agreements that had begun", () => {
  expect([-1, 0, 1_000, 8_999, 9_000].map((atMs) => at(atMs))).toEqual(["anna", "anna", "early", "early", "late"]);
  expect(at(9_000, ANNAS_ACCOUNT, TRACES), "its agreement gave it none").toBeUndefined();
  expect(at(9_000, BERTS_ACCOUNT)).toBeUndefined();
});

test("all identifiers of an account, and all licences of a product, are those of now and of before, each once", () => {
  expect(names.identifiersOf(ANNAS_ACCOUNT)).toEqual(["anna", "late", "early", "y"]);
  expect(names.identifiersOf(BERTS_ACCOUNT)).toEqual(["anna", "gone", "x", "y"]);
  expect(names.licencesOf(LOGS)).toEqual([licence("a"), licence("early"), licence("once")]);
  expect(names.licencesOf(TRACES)).toEqual([licence("bare")]);
});

test("a product was published by whoever did when a record was kept", () => {
  expect([4_999, 5_000, 5_001].map((atMs) => names.sellerOf(LOGS, atMs))).toEqual([OTHER_SELLER, OTHER_SELLER, SELLER]);
  expect(names.sellerOf(TRACES, 1)).toBe(SELLER);
  expect(names.sellerOf("none", 1)).toBeUndefined();
});

test("a ledger's past is read once for its catalogue, page by page, and again where that failed", async () => {
  const store = await ledgerInMemory();
  const { ledger } = store;
  await putAll(ledger, PRODUCTS);
  const put = async (atMs: number, customerIdentifier: string): Promise<void> => {
    const value = { ...before, customerIdentifier };
    const changes = [{ kind: "agreement" as const, id: "a", action: "put" as const, value }];
    const call = { ...newCall(), operation: "CreateAgreement" };
    await ledger.transact({
      call,
      keys: [],
      decide: () => ({ event: { kind: "catalogue-changed", changes }, answer: undefined }),
    });
  };
  await put(1, "anna");
  // The two changes are more than a page of other changes apart.
  for (let i = 0; i < 501; i += 1) await put(1, "anna");
  await put(2, "anne");
  let reads = 0;
  let isFailing = true;
  const counted = Object.create(ledger, {
    catalogue: { get: () => ledger.catalogue },
    events: {
      value: (query: Parameters<Ledger["events"]>[0]) => {
        reads += 1;
        return isFailing ? Promise.reject(new Error("no disk")) : ledger.events(query);
      },
    },
  }) as Ledger;
  await expect(namesAsMetered(counted)).rejects.toThrow("no disk");
  isFailing = false;
  expect((await namesAsMetered(counted)).identifiersOf(BERTS_ACCOUNT)).toEqual(["anna", "anne"]);
  const read = reads;
  expect(read).toBe(3);
  await namesAsMetered(counted);
  expect(reads).toBe(read);
  await store.remove();
});

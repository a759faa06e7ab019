import { expect, onTestFinished, test } from "vitest";
import { accountChange, newCall } from "../../testing/contract/works.ts";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { ANNAS_ACCOUNT, LOGS, NOW_MS, PRODUCTS, SELLER, agreement, licence, market } from "../../testing/market.ts";
import { putAll } from "../../testing/resource-calls.ts";
import type { Agreement } from "../domain/catalogue/agreement.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { agreementInForce, subscribe, type Subscription } from "./subscribe.ts";

const CUSTOMER = "222233334444";

async function shop(): Promise<Ledger> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  const sellers = [SELLER, "999900001111"].map((id) => accountChange(id));
  await putAll(made.ledger, [...sellers, ...PRODUCTS]);
  return made.ledger;
}

const callOf = (operation: string): Call => ({ ...newCall(), operation });

const subscription = (over: Partial<Subscription> = {}): Subscription => ({
  agreementId: "a-1",
  productCode: LOGS,
  customerAccountId: CUSTOMER,
  customerIdentifier: "carla",
  licenseArn: licence("carla"),
  freeTrial: false,
  startsAtMs: START_MS,
  ...over,
});

const operations = async (ledger: Ledger): Promise<readonly string[]> => {
  const { items } = await ledger.events({ order: "oldest", limit: 100 });
  return items.flatMap(({ call, event }) =>
    call.operation.startsWith("Create") ? [`${call.operation} ${event.kind}`] : [],
  );
};

test("who subscribes gets an account and an agreement, in force from then on", async () => {
  const ledger = await shop();
  expect(await subscribe(ledger, callOf, subscription())).toBeUndefined();
  expect(ledger.catalogue.account(CUSTOMER)).toEqual({ id: CUSTOMER, users: [], roles: [] });
  expect(ledger.catalogue.agreement("a-1")).toEqual({ ...subscription(), entitlements: [] });
  expect(await operations(ledger)).toEqual(["CreateAccount catalogue-changed", "CreateAgreement catalogue-changed"]);
});

test("the same subscription again changes nothing", async () => {
  const ledger = await shop();
  await subscribe(ledger, callOf, subscription());
  const before = await operations(ledger);
  expect(await subscribe(ledger, callOf, subscription())).toBeUndefined();
  expect(await operations(ledger)).toEqual(before);
});

test("the same subscription twice at once makes one account and one agreement, and neither is told of a conflict", async () => {
  const ledger = await shop();
  expect(await Promise.all([1, 2].map(() => subscribe(ledger, callOf, subscription())))).toEqual([
    undefined,
    undefined,
  ]);
  const made = (await operations(ledger)).filter((told) => told.endsWith("catalogue-changed"));
  expect(made).toEqual(["CreateAccount catalogue-changed", "CreateAgreement catalogue-changed"]);
});

test.each([
  ["another customer's", { customerAccountId: "333344445555" }],
  ["of another product", { productCode: "traces-product" }],
])("an agreement of that name that is %s is a conflict", async (_whose, over) => {
  const ledger = await shop();
  await subscribe(ledger, callOf, subscription());
  expect(await subscribe(ledger, callOf, subscription(over))).toEqual({
    reason: "conflict",
    message: "The agreement a-1 exists already.",
  });
});

const named = async (before: readonly Agreement[]): Promise<unknown> => {
  const ledger = await shop();
  await putAll(ledger, [
    accountChange(CUSTOMER),
    ...before.map((value) => ({ kind: "agreement" as const, id: value.agreementId, value })),
  ]);
  expect(await subscribe(ledger, callOf, subscription())).toBeUndefined();
  const { customerIdentifier, licenseArn } = ledger.catalogue.agreement("a-1") ?? {};
  return [customerIdentifier, licenseArn];
};

const earlier = (over: Partial<Agreement>): Agreement =>
  agreement("earlier", { customerAccountId: CUSTOMER, customerIdentifier: "cara", ...over });

test("Rule K8: who had an agreement is named as before, beside one that runs on and after one that has ended", async () => {
  const ended = { endsAtMs: START_MS - 40 * 86_400_000 };
  expect(await named([])).toEqual(["carla", licence("carla")]);
  expect(await named([earlier({})])).toEqual(["cara", licence("carla")]);
  expect(await named([earlier({ customerIdentifier: undefined })])).toEqual([undefined, licence("carla")]);
  expect(await named([earlier({ licenseArn: undefined })])).toEqual(["cara", undefined]);
  expect(await named([earlier(ended)])).toEqual(["cara", licence("carla")]);
  expect(await named([earlier({ ...ended, licenseArn: undefined })])).toEqual(["cara", licence("carla")]);
  expect(await named([earlier({ ...ended, customerIdentifier: undefined })])).toEqual(["carla", licence("carla")]);
});

const began = (agreementId: string, startsAtMs: number, over: Partial<Agreement> = {}): Agreement =>
  agreement(agreementId, { startsAtMs, ...over });

const inForce = (...agreements: Agreement[]): string | undefined =>
  agreementInForce(market(agreements), LOGS, ANNAS_ACCOUNT, NOW_MS)?.agreementId;

test("of agreements in force, an account has a product by the one that began last", () => {
  expect(inForce()).toBeUndefined();
  expect(inForce(began("one", 5))).toBe("one");
  expect(inForce(began("late", 9), began("early", 5))).toBe("late");
  expect(inForce(began("early", 5), began("late", 9))).toBe("late");
  expect(inForce(began("first", 5), began("second", 5)), "or was put in place last").toBe("second");
  expect(inForce(began("early", 5), began("ended", 9, { endsAtMs: NOW_MS }))).toBe("early");
  expect(inForce(began("others", 5, { customerAccountId: CUSTOMER }))).toBeUndefined();
});

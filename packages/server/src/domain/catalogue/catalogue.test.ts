import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Agreement } from "./agreement.ts";
import { Catalogue, type CatalogueChange } from "./catalogue.ts";
import {
  AGREEMENTS,
  ANNAS_ACCOUNT,
  LOGS,
  OTHER_SELLER,
  PRODUCTS,
  SELLER,
  TRACES,
  FOREIGN,
} from "../../../testing/market.ts";
import { agreement, licence, market, putAgreement } from "../../../testing/market.ts";
import { accountCustomer, identifiedCustomer } from "../metering/metering-record.ts";

const anna = identifiedCustomer("anna");
const annasAccount = accountCustomer(ANNAS_ACCOUNT);
const idsOf = (agreements: readonly Agreement[]): string[] =>
  agreements.map(({ agreementId }) => agreementId).toSorted();

function removed(kind: CatalogueChange["kind"], id: string): CatalogueChange {
  return { kind, id, value: undefined };
}

describe("a catalogue", () => {
  test("finds objects by their id, and lists them by their kind", () => {
    const catalogue = market();
    expect(catalogue.product(LOGS)?.title).toBe(LOGS);
    expect(catalogue.agreement("anna-logs")?.productCode).toBe(LOGS);
    expect(catalogue.list("agreement")).toEqual(AGREEMENTS);
    expect([catalogue.product("none"), catalogue.agreement(LOGS), catalogue.account(LOGS)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("finds the agreements of a customer by account, and by identifier where there is one", () => {
    const catalogue = market([...AGREEMENTS, agreement("newer", { customerIdentifier: undefined })]);
    expect(idsOf(catalogue.agreementsOf(LOGS, anna))).toEqual(["anna-logs"]);
    expect(idsOf(catalogue.agreementsOf(LOGS, annasAccount))).toEqual(["anna-logs", "newer"]);
    expect(catalogue.agreementsOf(LOGS, identifiedCustomer(ANNAS_ACCOUNT))).toEqual([]);
    expect(catalogue.agreementsOf(LOGS, accountCustomer("anna"))).toEqual([]);
  });

  test("finds both agreements of a customer who has two for one product", () => {
    const catalogue = market([agreement("first"), agreement("second")]);
    expect(idsOf(catalogue.agreementsOf(LOGS, anna))).toEqual(["first", "second"]);
    catalogue.apply([removed("agreement", "first")]);
    expect(idsOf(catalogue.agreementsOf(LOGS, anna))).toEqual(["second"]);
  });

  test("forgets what an agreement that was replaced had said", () => {
    const catalogue = market();
    const other = { productCode: TRACES, customerIdentifier: "anna-2", licenseArn: licence("new") };
    catalogue.apply([putAgreement(agreement("anna-logs", other))]);
    expect(catalogue.agreementsOf(LOGS, anna)).toEqual([]);
    expect(idsOf(catalogue.agreementsOf(TRACES, identifiedCustomer("anna-2")))).toEqual(["anna-logs"]);
    expect(idsOf(catalogue.agreementsOf(TRACES, annasAccount))).toEqual(["anna-logs", "anna-traces"]);
    expect(catalogue.agreementByLicense(licence("anna-logs"))).toBeUndefined();
    expect(catalogue.agreementByLicense(licence("new"))?.agreementId).toBe("anna-logs");
    expect(catalogue.list("agreement")).toHaveLength(AGREEMENTS.length);
  });

  test.each([["the old one first"], ["the new one first"]])("moves a licence to another agreement, %s", (order) => {
    const catalogue = market([
      agreement("old", { licenseArn: licence("moved") }),
      agreement("new", { licenseArn: undefined }),
    ]);
    const changes = [
      putAgreement(agreement("old", { licenseArn: undefined })),
      putAgreement(agreement("new", { licenseArn: licence("moved") })),
    ];
    catalogue.apply(order === "the old one first" ? changes : changes.toReversed());
    expect(catalogue.agreementByLicense(licence("moved"))?.agreementId).toBe("new");
  });

  test("knows the customers of a seller, those of ended agreements included (Rule I4)", () => {
    const catalogue = market();
    const known = (seller: string, name: string): boolean => catalogue.knowsCustomer(seller, identifiedCustomer(name));
    expect([known(SELLER, "anna"), known(SELLER, "bert"), known(OTHER_SELLER, "of-another-seller")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([known(OTHER_SELLER, "anna"), known(SELLER, "of-another-seller"), known(SELLER, "nobody")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(catalogue.knowsCustomer(SELLER, annasAccount)).toBe(true);
  });

  test("keeps what the file said of an object through changes that come from elsewhere", () => {
    const catalogue = market();
    const change = putAgreement(agreement("anna-logs"));
    catalogue.apply([{ ...change, fileDigest: "first" }]);
    catalogue.apply([change]);
    expect(catalogue.fileDigest("agreement", "anna-logs")).toBe("first");
    catalogue.apply([removed("agreement", "anna-logs")]);
    expect(catalogue.agreement("anna-logs")).toBeUndefined();
    expect(catalogue.fileDigest("agreement", "anna-logs")).toBe("first");
    expect(catalogue.fileDigest("product", "anna-logs")).toBeUndefined();
    catalogue.apply([{ ...change, fileDigest: "second" }]);
    expect(catalogue.fileDigest("agreement", "anna-logs")).toBe("second");
  });

  test("does not take an id for what every object has", () => {
    for (const id of ["__proto__", "constructor", "toString"]) {
      expect([market().product(id), market().agreementByLicense(id), market().account(id)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });
});

test("whatever changes, in whatever order, look-ups find what a plain filter finds", () => {
  const names = ["anna", "bert", undefined] as const;
  const ids = ["a", "b", "c", "d"];
  const products = [LOGS, TRACES, FOREIGN];
  /** Any state in which no two agreements have the same licence; some ids have no agreement. */
  const state = fc
    .tuple(
      fc.shuffledSubarray([licence("1"), licence("2"), licence("3"), undefined], { minLength: 4, maxLength: 4 }),
      fc.array(
        fc.option(
          fc.record({
            productCode: fc.constantFrom(...products),
            customerAccountId: fc.constantFrom("1", "2"),
            customerIdentifier: fc.constantFrom(...names),
          }),
          { nil: undefined, freq: 4 },
        ),
        { minLength: 4, maxLength: 4 },
      ),
    )
    .map(([licences, some]) =>
      ids.map((id, i): CatalogueChange => {
        const chosen = some[i];
        return chosen ? putAgreement(agreement(id, { ...chosen, licenseArn: licences[i] })) : removed("agreement", id);
      }),
    )
    .chain((changes) => fc.shuffledSubarray(changes, { minLength: 4, maxLength: 4 }));

  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
      const catalogue = new Catalogue(PRODUCTS);
      for (const changes of states) catalogue.apply(changes);
      const all = (states.at(-1) ?? []).flatMap(({ value }) => (value === undefined ? [] : [value as Agreement]));
      expect(idsOf(catalogue.list("agreement"))).toEqual(idsOf(all));
      for (const productCode of products) {
        for (const [customer, isOf] of [
          ...["1", "2"].map((id) => [accountCustomer(id), (one: Agreement) => one.customerAccountId === id] as const),
          ...["anna", "bert"].map(
            (id) => [identifiedCustomer(id), (one: Agreement) => one.customerIdentifier === id] as const,
          ),
        ]) {
          const theirs = all.filter(isOf);
          const expected = theirs.filter((one) => one.productCode === productCode);
          expect(idsOf(catalogue.agreementsOf(productCode, customer))).toEqual(idsOf(expected));
          expect(catalogue.knowsCustomer(SELLER, customer)).toBe(theirs.some((one) => one.productCode !== FOREIGN));
          expect(catalogue.knowsCustomer(OTHER_SELLER, customer)).toBe(
            theirs.some((one) => one.productCode === FOREIGN),
          );
        }
      }
      for (const arn of ["1", "2", "3"].map(licence)) {
        expect(catalogue.agreementByLicense(arn)).toBe(all.find((one) => one.licenseArn === arn));
      }
    }),
  );
});

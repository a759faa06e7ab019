import {
  entitlementFilterKeys,
  type CustomerEntitlement,
  type EntitlementFilter,
  type GetEntitlementsInput,
} from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inForce, type Agreement, type Entitlement } from "../catalogue/agreement.ts";
import { Catalogue } from "../catalogue/catalogue.ts";
import {
  ANNAS_ACCOUNT,
  BERTS_ACCOUNT,
  DAY_MS,
  NOW_MS,
  OTHER_SELLER,
  SELLER,
  agreement,
  licence,
  putAgreement,
  putProduct,
} from "../../../testing/market.ts";
import type { Product } from "../catalogue/product.ts";
import {
  FIRST_PAGE,
  decideGetEntitlements,
  entitlementsQuery,
  type EntitlementPosition,
  type GetEntitlementsDecision,
} from "./get-entitlements.ts";

const ARCHIVE = "archive-product";

const archive: Product = {
  productCode: ARCHIVE,
  title: "Archive",
  seller: SELLER,
  type: "saas",
  pricing: "contract",
  dimensions: ["edition", "storage", "users"].map((name) => ({ name, kind: "entitled" })),
};

const contract = (agreementId: string, over: Partial<Agreement> = {}): Agreement =>
  agreement(agreementId, { productCode: ARCHIVE, entitlements: [{ dimension: "users", value: 5 }], ...over });

interface Asked {
  readonly product?: Partial<Product>;
  readonly callerAccountId?: string;
  readonly after?: EntitlementPosition | undefined;
  readonly input?: Partial<GetEntitlementsInput>;
}

function ask(agreements: readonly Agreement[], asked: Asked = {}): GetEntitlementsDecision {
  const catalogue = new Catalogue([putProduct({ ...archive, ...asked.product }), ...agreements.map(putAgreement)]);
  const { callerAccountId = SELLER } = asked;
  const after = "after" in asked ? asked.after : FIRST_PAGE;
  const input = { productCode: ARCHIVE, ...asked.input };
  return decideGetEntitlements({ callerAccountId, input, after }, { catalogue, nowMs: NOW_MS });
}

function shown(agreements: readonly Agreement[], asked: Asked = {}): readonly CustomerEntitlement[] {
  const decision = ask(agreements, asked);
  if (decision.rejected !== undefined) throw new Error(decision.rejected.message);
  return decision.page.entitlements;
}

describe("an entitlement is shown (Rule E4)", () => {
  test("with all that is known of it", () => {
    expect(shown([contract("a")])).toStrictEqual([
      {
        productCode: ARCHIVE,
        dimension: "users",
        customerIdentifier: "anna",
        customerAccountId: ANNAS_ACCOUNT,
        value: { integerValue: 5 },
        licenseArn: licence("a"),
      },
    ]);
  });

  test("without an identifier or a licence, where the agreement has none", () => {
    expect(shown([contract("a", { customerIdentifier: undefined, licenseArn: undefined })])).toStrictEqual([
      { productCode: ARCHIVE, dimension: "users", customerAccountId: ANNAS_ACCOUNT, value: { integerValue: 5 } },
    ]);
  });

  test.each([
    [0, { integerValue: 0 }],
    [2_147_483_647, { integerValue: 2_147_483_647 }],
    [2_147_483_648, { doubleValue: 2_147_483_648 }],
    [-2_147_483_648, { integerValue: -2_147_483_648 }],
    [-2_147_483_649, { doubleValue: -2_147_483_649 }],
    [2.5, { doubleValue: 2.5 }],
    [false, { booleanValue: false }],
    ["", { stringValue: "" }],
    ["5", { stringValue: "5" }],
  ])("with the value %j under its type", (value, typed) => {
    expect(shown([contract("a", { entitlements: [{ dimension: "users", value }] })])[0]?.value).toStrictEqual(typed);
  });

  const ends: readonly [string, number | undefined, number | undefined, number | undefined][] = [
    ["nothing ends", undefined, undefined, undefined],
    ["it ends itself", NOW_MS + 1, undefined, NOW_MS + 1],
    ["its agreement ends", undefined, NOW_MS + 2, NOW_MS + 2],
    ["it ends before its agreement", NOW_MS + 1, NOW_MS + 2, NOW_MS + 1],
    ["its agreement ends before it", NOW_MS + 2, NOW_MS + 1, NOW_MS + 1],
  ];
  test.each(ends)("with the date on which it is over, where %s", (_what, expiresAtMs, endsAtMs, expirationDateMs) => {
    const [entitlement] = shown([
      contract("a", { endsAtMs, entitlements: [{ dimension: "users", value: 1, expiresAtMs }] }),
    ]);
    expect(entitlement?.expirationDateMs).toBe(expirationDateMs);
    expect(entitlement).toBeDefined();
  });
});

describe("an entitlement is not shown", () => {
  const table: readonly [string, Partial<Agreement>][] = [
    ["at the millisecond it expires", { entitlements: [{ dimension: "users", value: 1, expiresAtMs: NOW_MS }] }],
    ["at the millisecond its agreement ends", { endsAtMs: NOW_MS }],
    ["before its agreement starts", { startsAtMs: NOW_MS + 1 }],
    ["for another product", { productCode: "another" }],
  ];
  test.each(table)("%s (Rule E4)", (_what, over) => {
    expect(shown([contract("a", over)])).toEqual([]);
    expect(shown([contract("a", over), contract("b", { licenseArn: undefined })])).toHaveLength(1);
  });

  const hidden: readonly [string, Asked, string][] = [
    ["to another seller", { callerAccountId: OTHER_SELLER }, "E1"],
    ["to the customer", { callerAccountId: ANNAS_ACCOUNT }, "E1"],
    ["of a product that there is not", { input: { productCode: "nothing" } }, "E1"],
    ["of a product without a contract", { product: { pricing: "usage" } }, "E2"],
    ["of a product that is not SaaS", { product: { type: "ami" } }, "E2"],
  ];
  test.each(hidden)("%s, and the rule is told (Rules E1, E2)", (_what, asked, hiddenBy) => {
    expect(ask([contract("a")], asked)).toEqual({ page: { entitlements: [] }, hiddenBy });
  });

  test("for want of entitlements, without a rule", () => {
    expect(ask([])).toEqual({ page: { entitlements: [] } });
    expect(shown([contract("a")], { product: { pricing: "contract-with-usage" } })).toHaveLength(1);
  });
});

describe("a request is refused", () => {
  test("where its filter names customers in two ways (Rule E3)", () => {
    const filter = { CUSTOMER_IDENTIFIER: ["anna"], CUSTOMER_AWS_ACCOUNT_ID: [ANNAS_ACCOUNT] };
    expect(ask([contract("a")], { input: { filter } })).toMatchObject({
      rejected: { code: "InvalidParameterException", rule: "E3" },
    });
  });

  test("where its token is not one of ours (Rule E5)", () => {
    expect(ask([contract("a")], { after: undefined })).toMatchObject({
      rejected: { code: "InvalidParameterException", rule: "E5" },
    });
  });
});

const query = (over: Partial<GetEntitlementsInput>, caller = SELLER): string =>
  entitlementsQuery(caller, { productCode: ARCHIVE, ...over });

describe("a query (Rule E5)", () => {
  test("is the same whatever the order of its filter, its page and its token", () => {
    const one = query({ filter: { DIMENSION: ["a", "b"], LICENSE_ARN: ["l"] }, maxResults: 1 });
    expect(query({ filter: { LICENSE_ARN: ["l"], DIMENSION: ["b", "a", "b"] }, nextToken: "t" })).toBe(one);
    expect(query({ filter: {} })).toBe(query({}));
  });

  test("is another one for another caller, product or filter", () => {
    const queries = [
      query({}),
      query({}, OTHER_SELLER),
      query({ productCode: "p" }),
      ...entitlementFilterKeys.map((key) => query({ filter: { [key]: ["a"] } })),
      query({ filter: { DIMENSION: ["a", "b"] } }),
      query({ filter: { DIMENSION: ["a,b"] } }),
    ];
    expect(new Set(queries).size).toBe(queries.length);
  });
});

const has = (values: readonly string[] | undefined, value: string | undefined): boolean =>
  values === undefined || (value !== undefined && values.includes(value));

/** The expected answer, computed in another way: all entitlements, minus those that must not appear, in order. */
function expected(agreements: readonly Agreement[], filter: EntitlementFilter): string[][] {
  return agreements
    .flatMap((one) => one.entitlements.map((entitlement) => ({ one, entitlement })))
    .filter(({ one }) => one.productCode === ARCHIVE && inForce(one, NOW_MS))
    .filter(({ entitlement }) => !(entitlement.expiresAtMs !== undefined && entitlement.expiresAtMs <= NOW_MS))
    .filter(({ one }) => has(filter.CUSTOMER_IDENTIFIER, one.customerIdentifier))
    .filter(({ one }) => has(filter.CUSTOMER_AWS_ACCOUNT_ID, one.customerAccountId))
    .filter(({ one }) => has(filter.LICENSE_ARN, one.licenseArn))
    .filter(({ entitlement }) => has(filter.DIMENSION, entitlement.dimension))
    .map(({ one, entitlement }) => [one.agreementId, entitlement.dimension])
    .toSorted(([a = "", b = ""], [c = "", d = ""]) => (a < c || (a === c && b < d) ? -1 : 1));
}

const DIMENSIONS = ["edition", "storage", "users"];
const anyEntitlement: fc.Arbitrary<Omit<Entitlement, "value">> = fc.record({
  dimension: fc.constantFrom(...DIMENSIONS),
  expiresAtMs: fc.constantFrom(undefined, undefined, undefined, NOW_MS - 1, NOW_MS, NOW_MS + 1),
});
/** The value of each entitlement is the id of its agreement, so that all values differ. */
const anyAgreements: fc.Arbitrary<Agreement[]> = fc
  .array(
    fc.record({
      productCode: fc.constantFrom(ARCHIVE, ARCHIVE, ARCHIVE, "another"),
      customerAccountId: fc.constantFrom(ANNAS_ACCOUNT, BERTS_ACCOUNT),
      customerIdentifier: fc.constantFrom(undefined, "anna", "bert"),
      startsAtMs: fc.constantFrom(0, 0, 0, NOW_MS, NOW_MS + 1),
      endsAtMs: fc.constantFrom(undefined, undefined, undefined, NOW_MS, NOW_MS + DAY_MS),
      isLicensed: fc.boolean(),
      granted: fc.uniqueArray(anyEntitlement, { selector: ({ dimension }) => dimension, maxLength: 3 }),
    }),
    { maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ isLicensed, granted, ...over }, i) => {
      const entitlements = granted.map((one) => ({ ...one, value: `a${i}` }));
      return agreement(`a${i}`, { ...over, entitlements, licenseArn: isLicensed ? licence(`a${i}`) : undefined });
    }),
  )
  .chain((agreements) => fc.shuffledSubarray(agreements, { minLength: agreements.length }));
const valuesOf = (...values: string[]): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...values, "nothing"), { minLength: 1, maxLength: 3 });
const anyFilters = fc
  .record(
    {
      CUSTOMER_IDENTIFIER: valuesOf("anna", "bert"),
      DIMENSION: valuesOf(...DIMENSIONS),
      CUSTOMER_AWS_ACCOUNT_ID: valuesOf(ANNAS_ACCOUNT, BERTS_ACCOUNT),
      LICENSE_ARN: valuesOf(...Array.from({ length: 6 }, (_, i) => licence(`a${i}`))),
    },
    { requiredKeys: [] },
  )
  .filter((filter) => filter.CUSTOMER_IDENTIFIER === undefined || filter.CUSTOMER_AWS_ACCOUNT_ID === undefined);
/** Filters leave few entitlements; without a filter, some pages end within an agreement. */
const anyFilter = fc.oneof(anyFilters, fc.constant({}));
const pageSize = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 25 }));

test("Rules E3, E4, E5: whatever the filter and the page, the pages together are what a plain search finds, in order", () => {
  fc.assert(
    fc.property(anyAgreements, anyFilter, pageSize, (agreements, filter, maxResults) => {
      const found: CustomerEntitlement[] = [];
      let after: EntitlementPosition | undefined = FIRST_PAGE;
      let pages = 0;
      // A wrong page token must fail the test, not let it run for ever.
      while (after !== undefined && pages < 100) {
        const decision = ask(agreements, { after, input: { filter, maxResults } });
        if (decision.rejected !== undefined) throw new Error(decision.rejected.message);
        const { entitlements, next } = decision.page;
        if (next !== undefined) expect(entitlements).toHaveLength(maxResults);
        found.push(...entitlements);
        after = next;
        pages += 1;
      }
      const wanted = expected(agreements, filter);
      expect(found.map(({ value, dimension }) => [value.stringValue, dimension])).toEqual(wanted);
      expect(pages).toBe(Math.max(1, Math.ceil(wanted.length / maxResults)));
    }),
    { numRuns: 1_000 },
  );
});

test("Rule E5: a page begins behind the one before, whatever was added or taken away in between", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => contract(id)) as [Agreement, Agreement, Agreement, Agreement];
  const first = ask([a, b, c], { input: { maxResults: 2 } });
  const next = first.rejected === undefined ? first.page.next : undefined;
  expect(next).toEqual({ agreementId: "b", dimension: "users" });
  const licences = (agreements: readonly Agreement[]): unknown[] =>
    shown(agreements, { after: next }).map(({ licenseArn }) => licenseArn);
  expect(licences([a, c])).toEqual([licence("c")]);
  expect(licences([d, c, b, a, contract("aa")])).toEqual([licence("c"), licence("d")]);
});

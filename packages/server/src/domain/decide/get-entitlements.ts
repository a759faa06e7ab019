/** Decides GetEntitlements: what the customers of a product are entitled to now, page by page. Rules E1 to E5. */
import {
  ENTITLEMENTS_PAGE_MAX,
  INTEGER_MAX,
  INTEGER_MIN,
  entitlementFilterKeys,
  operationsOf,
  printable,
  type CustomerEntitlement,
  type EntitlementFilter,
  type EntitlementFilterKey,
  type EntitlementValue,
  type EpochMs,
  type GetEntitlementsInput,
} from "@countinghouse/protocol";
import { inForce, type Agreement, type Entitlement } from "../catalogue/agreement.ts";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import { accountCustomer, identifiedCustomer } from "../metering/metering-record.ts";
import type { Product } from "../catalogue/product.ts";
import { rejection, type Rejection } from "../rejection.ts";

/** The last entitlement of a page. The next page begins after it, whatever has changed meanwhile. */
export interface EntitlementPosition {
  readonly agreementId: string;
  readonly dimension: string;
}

/** The position before every entitlement: neither name is ever empty. */
export const FIRST_PAGE: EntitlementPosition = { agreementId: "", dimension: "" };

interface GetEntitlementsRequest {
  readonly callerAccountId: string;
  readonly input: GetEntitlementsInput;
  /** Where the page begins; undefined where the token was not made here for this query. */
  readonly after: EntitlementPosition | undefined;
}

export interface EntitlementsPage {
  readonly entitlements: readonly CustomerEntitlement[];
  /** Where the next page begins; absent on the last page. */
  readonly next?: EntitlementPosition | undefined;
}

export type GetEntitlementsDecision =
  | { readonly rejected: Rejection }
  | {
      readonly rejected?: undefined;
      readonly page: EntitlementsPage;
      /** The rule by which nothing is shown, even if customers of the product have entitlements. */
      readonly hiddenBy?: "E1" | "E2" | undefined;
    };

export function decideGetEntitlements(
  request: GetEntitlementsRequest,
  facts: { readonly catalogue: CatalogueView; readonly nowMs: EpochMs },
): GetEntitlementsDecision {
  const { callerAccountId, input, after } = request;
  const { productCode, filter = {} } = input;
  if (filter.CUSTOMER_IDENTIFIER !== undefined && filter.CUSTOMER_AWS_ACCOUNT_ID !== undefined) {
    const [identifier = ""] = filter.CUSTOMER_IDENTIFIER;
    const [accountId = ""] = filter.CUSTOMER_AWS_ACCOUNT_ID;
    const message = `Filter names customers by CUSTOMER_IDENTIFIER or by CUSTOMER_AWS_ACCOUNT_ID, not by both: it has '${printable(identifier)}' and '${printable(accountId)}'.`;
    return { rejected: rejection("InvalidParameterException", "E3", message) };
  }
  if (after === undefined) {
    const message = "The NextToken is invalid, or was given for another query.";
    return { rejected: rejection("InvalidParameterException", "E5", message) };
  }
  const product = facts.catalogue.product(productCode);
  if (product === undefined || product.seller !== callerAccountId) return { page: NOTHING, hiddenBy: "E1" };
  if (!hasEntitlements(product)) return { page: NOTHING, hiddenBy: "E2" };

  const pageMax = input.maxResults ?? ENTITLEMENTS_PAGE_MAX;
  const shown: CustomerEntitlement[] = [];
  let last = after;
  for (const found of entitlementsAfter(after, candidates(facts.catalogue, productCode, filter), filter, facts.nowMs)) {
    if (shown.length === pageMax) return { page: { entitlements: shown, next: last } };
    shown.push(asShown(found));
    last = { agreementId: found.agreement.agreementId, dimension: found.entitlement.dimension };
  }
  return { page: { entitlements: shown } };
}

/** Caller and query in a canonical form: equal queries have equal texts. A page token is bound to it (Rule E5). */
export function entitlementsQuery(callerAccountId: string, { productCode, filter = {} }: GetEntitlementsInput): string {
  const values = entitlementFilterKeys.map((key) => [...new Set(filter[key])].toSorted());
  return JSON.stringify(["GetEntitlements", callerAccountId, productCode, values]);
}

const NOTHING: EntitlementsPage = { entitlements: [] };

interface Found {
  readonly agreement: Agreement;
  readonly entitlement: Entitlement;
}

/** Rule E2. */
function hasEntitlements({ type, pricing }: Product): boolean {
  return operationsOf(type, pricing).includes("GetEntitlements");
}

/** The agreements that can match the filter, and perhaps more. Customers and licences are looked up by index. */
function candidates(catalogue: CatalogueView, productCode: string, filter: EntitlementFilter): readonly Agreement[] {
  const { CUSTOMER_IDENTIFIER, CUSTOMER_AWS_ACCOUNT_ID, LICENSE_ARN } = filter;
  const customers = CUSTOMER_IDENTIFIER?.map(identifiedCustomer) ?? CUSTOMER_AWS_ACCOUNT_ID?.map(accountCustomer);
  if (customers !== undefined) {
    return [...new Set(customers)].flatMap((customer) => catalogue.agreementsOf(productCode, customer));
  }
  const licensed = LICENSE_ARN && [...new Set(LICENSE_ARN)].map((arn) => catalogue.agreementByLicense(arn));
  const found = licensed?.filter((agreement) => agreement !== undefined) ?? catalogue.list("agreement");
  return found.filter((agreement) => agreement.productCode === productCode);
}

/** The entitlements after a position, in their order. A generator, so that no more are looked at than the page needs. */
function* entitlementsAfter(
  after: EntitlementPosition,
  agreements: readonly Agreement[],
  filter: EntitlementFilter,
  nowMs: EpochMs,
): Generator<Found> {
  const passes = filterOf(filter);
  const ordered = agreements
    .filter((agreement) => agreement.agreementId >= after.agreementId && inForce(agreement, nowMs))
    .toSorted((a, b) => compare(a.agreementId, b.agreementId));
  for (const agreement of ordered) {
    const from = agreement.agreementId === after.agreementId ? after.dimension : "";
    const entitlements = agreement.entitlements
      .filter(({ dimension, expiresAtMs }) => dimension > from && (expiresAtMs === undefined || nowMs < expiresAtMs))
      .toSorted((a, b) => compare(a.dimension, b.dimension));
    for (const entitlement of entitlements) {
      const found = { agreement, entitlement };
      if (passes(found)) yield found;
    }
  }
}

/** The value of an entitlement under each key of a filter. */
const filtered: Readonly<Record<EntitlementFilterKey, (found: Found) => string | undefined>> = {
  CUSTOMER_IDENTIFIER: ({ agreement }) => agreement.customerIdentifier,
  DIMENSION: ({ entitlement }) => entitlement.dimension,
  CUSTOMER_AWS_ACCOUNT_ID: ({ agreement }) => agreement.customerAccountId,
  LICENSE_ARN: ({ agreement }) => agreement.licenseArn,
};

/** Rule E3. */
function filterOf(filter: EntitlementFilter): (found: Found) => boolean {
  const asked = entitlementFilterKeys.flatMap((key) => {
    const values = filter[key];
    return values === undefined ? [] : [{ valueOf: filtered[key], values: new Set<string | undefined>(values) }];
  });
  return (found) => asked.every(({ valueOf, values }) => values.has(valueOf(found)));
}

function asShown({ agreement, entitlement }: Found): CustomerEntitlement {
  const { productCode, customerIdentifier, customerAccountId, licenseArn } = agreement;
  const expirationDateMs = Math.min(entitlement.expiresAtMs ?? Infinity, agreement.endsAtMs ?? Infinity);
  return {
    productCode,
    dimension: entitlement.dimension,
    ...(customerIdentifier === undefined ? {} : { customerIdentifier }),
    customerAccountId,
    value: typedValue(entitlement.value),
    ...(expirationDateMs === Infinity ? {} : { expirationDateMs }),
    ...(licenseArn === undefined ? {} : { licenseArn }),
  };
}

function typedValue(value: Entitlement["value"]): EntitlementValue {
  if (typeof value === "boolean") return { booleanValue: value };
  if (typeof value === "string") return { stringValue: value };
  const isInteger = Number.isInteger(value) && value >= INTEGER_MIN && value <= INTEGER_MAX;
  return isInteger ? { integerValue: value } : { doubleValue: value };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rule G7: the names by which usage was metered never change. */
import type { Agreement } from "../catalogue/agreement.ts";
import type { CatalogueChange, CatalogueView } from "../catalogue/catalogue.ts";
import { conflict, type ChangeProblem } from "./change-problem.ts";
import type { Product } from "../catalogue/product.ts";

/** The identity of a product, in the order in which faults are reported; its code is its id. */
const PRODUCT_IDENTITY = ["seller", "type"] as const satisfies readonly (keyof Product)[];

/** The names by which an agreement's usage is metered, and the customer that it belongs to. */
const AGREEMENT_IDENTITY = [
  "productCode",
  "customerAccountId",
  "customerIdentifier",
  "licenseArn",
  "replaces",
] as const satisfies readonly (keyof Agreement)[];

export function identityProblem(change: CatalogueChange, held: CatalogueView): ChangeProblem | undefined {
  if (change.value === undefined) return undefined;
  if (change.kind === "product") {
    const before = held.product(change.id);
    return before && productProblem(before, change.value);
  }
  if (change.kind !== "agreement") return undefined;
  const before = held.agreement(change.id);
  return before && agreementProblem(before, change.value);
}

function productProblem(before: Product, after: Product): ChangeProblem | undefined {
  const member = PRODUCT_IDENTITY.find((name) => before[name] !== after[name]);
  if (member === undefined) return undefined;
  const { productCode } = before;
  return conflict(
    member,
    `it is ${before[member]} in product ${productCode}, and never changes, so that what was metered stays as it was; add a new product, with a product code of its own`,
  );
}

function agreementProblem(before: Agreement, after: Agreement): ChangeProblem | undefined {
  const member = AGREEMENT_IDENTITY.find((name) => before[name] !== after[name]);
  if (member === undefined) return undefined;
  const { agreementId } = before;
  const is =
    before[member] === undefined
      ? `agreement ${agreementId} has none`
      : `it is ${before[member]} in agreement ${agreementId}`;
  return conflict(
    member,
    `${is}, and that never changes, so that what was metered stays as it was; ${wayOf(member, agreementId)}`,
  );
}

function wayOf(member: (typeof AGREEMENT_IDENTITY)[number], agreementId: string): string {
  switch (member) {
    case "customerIdentifier":
    case "licenseArn":
      return `add a new agreement with replaces: ${agreementId}`;
    case "productCode":
    case "customerAccountId":
      return "another product or account is another agreement: add a new one, and cancel this one";
    case "replaces":
      return "what an agreement replaces is said when it is added";
  }
}

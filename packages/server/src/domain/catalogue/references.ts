/** What must hold of objects that are put into the catalogue: valid values, references to objects that exist, unique names. */
import type { Account } from "./account.ts";
import type { Agreement } from "./agreement.ts";
import type { CatalogueChange } from "./catalogue.ts";
import type { CatalogueLookUps } from "../changes/overlay.ts";
import { identifiedCustomer } from "../metering/metering-record.ts";
import type { Product } from "./product.ts";
import { valueProblem, type Held, type ValueProblem } from "./value-problem.ts";

export type ReferenceProblem = ValueProblem;

/** Says what is wrong with an object that is to be put in place, given all other objects and the one that it replaces. */
export function referenceProblem(
  change: CatalogueChange,
  references: CatalogueLookUps,
  held: Held,
): ReferenceProblem | undefined {
  if (change.value === undefined) return undefined;
  return valueProblem(change, held) ?? brokenReference(change, references);
}

function brokenReference(change: CatalogueChange, references: CatalogueLookUps): ReferenceProblem | undefined {
  if (change.value === undefined) return undefined;
  switch (change.kind) {
    case "account":
      return accountProblem(change.value, references);
    case "issuer":
    case "registration-key":
    case "settings":
      return undefined;
    case "access-key": {
      const other = references.accessKey(change.id);
      const taken =
        other !== undefined && (other.accountId !== change.value.accountId || other.userName !== change.value.userName);
      return taken ? { path: ["accessKeyId"], message: `${change.id} belongs to another user` } : undefined;
    }
    case "product":
      if (references.account(change.value.seller) !== undefined) return undefined;
      return { path: ["seller"], message: `no account ${change.value.seller}` };
    case "agreement":
      return agreementProblem(change.value, references);
  }
}

/** A role may only trust issuers that the catalogue holds: others have no keys here, so nobody could use the role. */
function accountProblem({ roles }: Account, references: CatalogueLookUps): ReferenceProblem | undefined {
  for (const [role, { webIdentity = [] }] of roles.entries()) {
    for (const [index, { issuer }] of webIdentity.entries()) {
      if (references.issuer(issuer) !== undefined) continue;
      return { path: ["roles", role, "webIdentity", index, "issuer"], message: `no issuer ${issuer}` };
    }
  }
  return undefined;
}

function agreementProblem(agreement: Agreement, references: CatalogueLookUps): ReferenceProblem | undefined {
  const { productCode, customerAccountId, customerIdentifier, licenseArn, agreementId } = agreement;
  const product = references.product(productCode);
  if (product === undefined) {
    return { path: ["productCode"], message: `no product ${productCode}` };
  }
  if (references.account(customerAccountId) === undefined) {
    return { path: ["customerAccountId"], message: `no account ${customerAccountId}` };
  }
  if (customerIdentifier !== undefined) {
    const others = references.agreementsOf(productCode, identifiedCustomer(customerIdentifier));
    const other = others.find((candidate) => candidate.customerAccountId !== customerAccountId);
    if (other !== undefined) {
      return {
        path: ["customerIdentifier"],
        message: `${customerIdentifier} stands for account ${other.customerAccountId} (agreement ${other.agreementId})`,
      };
    }
  }
  const licensed = licenseArn === undefined ? undefined : references.agreementByLicense(licenseArn);
  if (licensed !== undefined && licensed.agreementId !== agreementId) {
    return { path: ["licenseArn"], message: `already the licence of agreement ${licensed.agreementId}` };
  }
  return entitlementProblem(agreement, product);
}

function entitlementProblem({ entitlements }: Agreement, product: Product): ReferenceProblem | undefined {
  const entitled = product.dimensions.filter(({ kind }) => kind === "entitled").map(({ name }) => name);
  const index = entitlements.findIndex(({ dimension }) => !entitled.includes(dimension));
  const stray = entitlements[index];
  if (stray === undefined) return undefined;
  return {
    path: ["entitlements", index, "dimension"],
    message: `${product.productCode} has no dimension ${stray.dimension} of kind entitled`,
  };
}

/** A buyer subscribes to a product: makes an account where there is none yet, and an agreement in force from now on. */
import type { EpochMs } from "@countinghouse/protocol";
import { inForce, type Agreement } from "../domain/catalogue/agreement.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { usageHours } from "../domain/changes/usage-hours.ts";
import { accountCustomer } from "../domain/metering/metering-record.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changeCatalogue, type CatalogueRefusal } from "./change-catalogue.ts";

/**
 * Identifier and licence are for a customer without an agreement for this product. A customer that has one keeps its names:
 * with a new name beside the old one, the same usage could count twice (Rule K8).
 */
export type Subscription = Required<
  Pick<
    Agreement,
    "agreementId" | "productCode" | "customerAccountId" | "customerIdentifier" | "licenseArn" | "freeTrial"
  >
> & { readonly startsAtMs: EpochMs };

/**
 * Answers undefined when there is such an agreement, new or from before: subscribing again changes nothing. Account and
 * agreement are two changes, as for the operator; an account alone does no harm.
 */
export async function subscribe(
  ledger: Ledger,
  callOf: (operation: string) => Call,
  subscription: Subscription,
): Promise<CatalogueRefusal | undefined> {
  const { agreementId, customerAccountId: id } = subscription;
  if (ledger.catalogue.account(id) === undefined) {
    const account = { kind: "account", id, value: { id, users: [], roles: [] } } as const;
    // This is refused only where the account has been made meanwhile.
    await changeCatalogue(ledger, callOf("CreateAccount"), (catalogue) =>
      catalogue.account(id) === undefined ? [account] : conflict(`The account ${id} exists already.`),
    );
  }
  const isThere = (): boolean => isSame(ledger.catalogue.agreement(agreementId), subscription);
  if (isThere()) return undefined;
  const refusal = await changeCatalogue(ledger, callOf("CreateAgreement"), (catalogue) =>
    catalogue.agreement(agreementId) === undefined
      ? [{ kind: "agreement", id: agreementId, value: agreementOf(subscription, catalogue) }]
      : conflict(`The agreement ${agreementId} exists already.`),
  );
  return isThere() ? undefined : refusal;
}

/** The agreement by which an account has a product at a time: the one that began last. */
export function agreementInForce(
  catalogue: CatalogueView,
  productCode: string,
  customerAccountId: string,
  atMs: EpochMs,
): Agreement | undefined {
  return catalogue
    .agreementsOf(productCode, accountCustomer(customerAccountId))
    .filter((agreement) => inForce(agreement, atMs))
    .reduce<Agreement | undefined>(
      (latest, agreement) => (latest !== undefined && latest.startsAtMs > agreement.startsAtMs ? latest : agreement),
      undefined,
    );
}

function agreementOf(subscription: Subscription, catalogue: CatalogueView): Agreement {
  const { customerIdentifier, licenseArn, ...terms } = subscription;
  const before = catalogue.agreementsOf(terms.productCode, accountCustomer(terms.customerAccountId));
  const beside = before.filter((agreement) => usageHours(agreement, catalogue).toMs > terms.startsAtMs);
  const identifiers = new Set(beside.map((agreement) => agreement.customerIdentifier));
  const [common] = identifiers.size === 1 ? identifiers : [];
  const past = before.findLast((agreement) => agreement.customerIdentifier !== undefined)?.customerIdentifier;
  return {
    ...terms,
    customerIdentifier: beside.length === 0 ? (past ?? customerIdentifier) : common,
    ...(beside.every((agreement) => agreement.licenseArn !== undefined) ? { licenseArn } : {}),
    entitlements: [],
  };
}

function isSame(agreement: Agreement | undefined, { productCode, customerAccountId }: Subscription): boolean {
  return agreement?.productCode === productCode && agreement.customerAccountId === customerAccountId;
}

function conflict(message: string): CatalogueRefusal {
  return { reason: "conflict", message };
}

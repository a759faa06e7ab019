/**
 * The catalogue as decisions see it, with the look-ups that they need: accounts, access keys, products, agreements,
 * registration keys, and the settings that all servers of the ledger share. Changes come in through `apply`, which the ledger
 * calls when a change is durable.
 */
import type { AccessKey, Account } from "./account.ts";
import type { Agreement } from "./agreement.ts";
import type { Issuer } from "./issuer.ts";
import { accountCustomer, identifiedCustomer } from "../metering/metering-record.ts";
import type { Product } from "./product.ts";
import type { RegistrationKey } from "./registration-key.ts";
import { SETTINGS_ID, type SharedSettings } from "../shared-settings.ts";

interface CatalogueObjects {
  readonly account: Account;
  readonly "access-key": AccessKey;
  readonly product: Product;
  readonly agreement: Agreement;
  readonly issuer: Issuer;
  readonly "registration-key": RegistrationKey;
  readonly settings: SharedSettings;
}

export type CatalogueKind = keyof CatalogueObjects;

/** An object that is put in place, or removed (`value` undefined). */
export type CatalogueChange = {
  readonly [K in CatalogueKind]: {
    readonly kind: K;
    readonly id: string;
    readonly value: CatalogueObjects[K] | undefined;
    /** Set where the change comes from a catalogue file: the digest of the file's text about this object. */
    readonly fileDigest?: string | undefined;
  };
}[CatalogueKind];

export interface CatalogueView {
  account(id: string): Account | undefined;
  accessKey(accessKeyId: string): AccessKey | undefined;
  product(productCode: string): Product | undefined;
  agreement(agreementId: string): Agreement | undefined;
  issuer(issuer: string): Issuer | undefined;
  registrationKey(version: number): RegistrationKey | undefined;
  /** Absent where no server has set any: an embedded ledger has only one server. */
  sharedSettings(): SharedSettings | undefined;
  list<K extends CatalogueKind>(kind: K): readonly CatalogueObjects[K][];
  /** The agreements for a product of a customer, as a record identifies the customer. */
  agreementsOf(productCode: string, customer: string): readonly Agreement[];
  agreementByLicense(licenseArn: string): Agreement | undefined;
  /** Whether the customer has, or had, an agreement for one of the seller's products. Rule I4. */
  knowsCustomer(seller: string, customer: string): boolean;
  /** The digest of what the catalogue file last said of an object, if the object came from a file. */
  fileDigest(kind: CatalogueKind, id: string): string | undefined;
}

const NONE: readonly Agreement[] = [];

export class Catalogue implements CatalogueView {
  readonly #objects: { readonly [K in CatalogueKind]: Map<string, CatalogueObjects[K]> } = {
    account: new Map(),
    "access-key": new Map(),
    product: new Map(),
    agreement: new Map(),
    issuer: new Map(),
    "registration-key": new Map(),
    settings: new Map(),
  };
  readonly #fileDigests = new Map<string, string>();
  /** By customer as identified, then by product code. */
  readonly #agreementsOf = new Map<string, Map<string, readonly Agreement[]>>();
  readonly #agreementByLicense = new Map<string, Agreement>();

  constructor(changes: Iterable<CatalogueChange> = []) {
    for (const change of changes) this.#put(change);
  }

  apply(changes: readonly CatalogueChange[]): void {
    for (const change of changes) this.#put(change);
  }

  account(id: string): Account | undefined {
    return this.#objects.account.get(id);
  }

  accessKey(accessKeyId: string): AccessKey | undefined {
    return this.#objects["access-key"].get(accessKeyId);
  }

  product(productCode: string): Product | undefined {
    return this.#objects.product.get(productCode);
  }

  agreement(agreementId: string): Agreement | undefined {
    return this.#objects.agreement.get(agreementId);
  }

  issuer(issuer: string): Issuer | undefined {
    return this.#objects.issuer.get(issuer);
  }

  registrationKey(version: number): RegistrationKey | undefined {
    return this.#objects["registration-key"].get(String(version));
  }

  sharedSettings(): SharedSettings | undefined {
    return this.#objects.settings.get(SETTINGS_ID);
  }

  list<K extends CatalogueKind>(kind: K): readonly CatalogueObjects[K][] {
    return [...this.#objects[kind].values()];
  }

  agreementsOf(productCode: string, customer: string): readonly Agreement[] {
    return this.#agreementsOf.get(customer)?.get(productCode) ?? NONE;
  }

  agreementByLicense(licenseArn: string): Agreement | undefined {
    return this.#agreementByLicense.get(licenseArn);
  }

  knowsCustomer(seller: string, customer: string): boolean {
    for (const [productCode, agreements] of this.#agreementsOf.get(customer) ?? []) {
      if (agreements.length > 0 && this.product(productCode)?.seller === seller) return true;
    }
    return false;
  }

  fileDigest(kind: CatalogueKind, id: string): string | undefined {
    return this.#fileDigests.get(pair(kind, id));
  }

  #put(change: CatalogueChange): void {
    if (change.kind === "agreement") this.#reindex(this.agreement(change.id), change.value);
    const objects = this.#objects[change.kind] as Map<string, CatalogueChange["value"]>;
    if (change.value === undefined) objects.delete(change.id);
    else objects.set(change.id, change.value);
    if (change.fileDigest !== undefined) this.#fileDigests.set(pair(change.kind, change.id), change.fileDigest);
  }

  #reindex(before: Agreement | undefined, after: Agreement | undefined): void {
    if (before !== undefined) {
      this.#reindexNames(before, (agreements) => agreements.filter((agreement) => agreement !== before));
      const { licenseArn } = before;
      // The licence may belong to another agreement by now.
      if (licenseArn !== undefined && this.agreementByLicense(licenseArn) === before) {
        this.#agreementByLicense.delete(licenseArn);
      }
    }
    if (after !== undefined) {
      this.#reindexNames(after, (agreements) => [...agreements, after]);
      if (after.licenseArn !== undefined) this.#agreementByLicense.set(after.licenseArn, after);
    }
  }

  #reindexNames(of: Agreement, change: (agreements: readonly Agreement[]) => readonly Agreement[]): void {
    for (const customer of namesOf(of)) {
      const byProduct = this.#agreementsOf.get(customer) ?? new Map<string, readonly Agreement[]>();
      byProduct.set(of.productCode, change(byProduct.get(of.productCode) ?? NONE));
      this.#agreementsOf.set(customer, byProduct);
    }
  }
}

/** The customer as records may identify it: by account always, by identifier where the agreement has one. */
function namesOf(agreement: Agreement): string[] {
  const names = [accountCustomer(agreement.customerAccountId)];
  if (agreement.customerIdentifier !== undefined) names.push(identifiedCustomer(agreement.customerIdentifier));
  return names;
}

function pair(a: string, b: string): string {
  return `${a}\n${b}`;
}

/** The catalogue with changes on top, as it will be once they are kept; changes are checked against it. */
import type { AccessKey, Account } from "../catalogue/account.ts";
import type { Agreement } from "../catalogue/agreement.ts";
import { Catalogue, type CatalogueChange, type CatalogueView } from "../catalogue/catalogue.ts";
import type { Issuer } from "../catalogue/issuer.ts";
import type { Product } from "../catalogue/product.ts";

/** The look-ups by which changes are checked. A catalogue offers them, and so does a catalogue with changes on top. */
export interface CatalogueLookUps {
  account(id: string): Account | undefined;
  accessKey(accessKeyId: string): AccessKey | undefined;
  issuer(issuer: string): Issuer | undefined;
  product(productCode: string): Product | undefined;
  agreement(agreementId: string): Agreement | undefined;
  agreementByLicense(licenseArn: string): Agreement | undefined;
  agreementsOf(productCode: string, customer: string): readonly Agreement[];
}

/** For access keys the held object comes first: a change cannot give an existing key to somebody else. */
export function overlaid(changes: readonly CatalogueChange[], held: CatalogueView): CatalogueLookUps {
  const above = new Catalogue(changes);
  return {
    account: (id) => above.account(id) ?? held.account(id),
    accessKey: (id) => held.accessKey(id) ?? above.accessKey(id),
    issuer: (issuer) => above.issuer(issuer) ?? held.issuer(issuer),
    product: (code) => above.product(code) ?? held.product(code),
    agreement: (id) => above.agreement(id) ?? held.agreement(id),
    agreementByLicense: (arn) => {
      const holder = held.agreementByLicense(arn);
      const stays = holder !== undefined && above.agreement(holder.agreementId) === undefined;
      return stays ? holder : above.agreementByLicense(arn);
    },
    agreementsOf: (code, customer) => [
      ...above.agreementsOf(code, customer),
      ...held.agreementsOf(code, customer).filter(({ agreementId }) => above.agreement(agreementId) === undefined),
    ],
  };
}

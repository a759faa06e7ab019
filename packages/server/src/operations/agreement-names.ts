/** Names that AWS would give out when a buyer subscribes: random, in the form of AWS's names. */
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";

type Random = (bytes: number) => Buffer;

const DIGITS = "0123456789";
const LOWER_CASE = `abcdefghijklmnopqrstuvwxyz${DIGITS}`;
const MIXED_CASE = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWER_CASE}`;
/** The account that issues the licences of AWS Marketplace. */
const LICENSE_ISSUER = "294406891311";

/** Twelve digits, the first of them not zero, that no account has yet. */
export function newAccountId(random: Random, catalogue: CatalogueView): string {
  for (;;) {
    const id = characters(random, DIGITS.slice(1), 1) + characters(random, DIGITS, 11);
    if (catalogue.account(id) === undefined) return id;
  }
}

export function newAgreementId(random: Random): string {
  return `agmt-${characters(random, LOWER_CASE, 25)}`;
}

export function newCustomerIdentifier(random: Random): string {
  return characters(random, MIXED_CASE, 11);
}

export function newLicenseArn(random: Random): string {
  return `arn:aws:license-manager::${LICENSE_ISSUER}:license:l-${random(16).toString("hex")}`;
}

function characters(random: Random, alphabet: string, count: number): string {
  return [...random(count)].map((byte) => alphabet[byte % alphabet.length]).join("");
}

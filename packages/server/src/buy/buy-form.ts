/**
 * The hidden field of the buy page's form. It shows that this server handed the form out (another site can make a
 * browser post here, but cannot read the field), and holds the names that the subscription will get, so that a form
 * that is sent twice subscribes once.
 */
import type { Sealer } from "../identity/seal.ts";

export interface BuyForm {
  readonly productCode: string;
  readonly agreementId: string;
  /** Of the account that is made where the buyer is a new one. */
  readonly newAccountId: string;
}

const PURPOSE = "buy-form";

export function sealForm(sealer: Sealer, { productCode, agreementId, newAccountId }: BuyForm): string {
  return sealer.seal(JSON.stringify([productCode, agreementId, newAccountId]), PURPOSE).toString("base64url");
}

/** Undefined where it is not a form of this server for this product. */
export function openForm(sealer: Sealer, sealed: string, forProduct: string): BuyForm | undefined {
  const text = sealer.open(Buffer.from(sealed, "base64url"), PURPOSE);
  if (text === undefined) return undefined;
  const [productCode, agreementId, newAccountId] = JSON.parse(text) as [string, string, string];
  return productCode === forProduct ? { productCode, agreementId, newAccountId } : undefined;
}

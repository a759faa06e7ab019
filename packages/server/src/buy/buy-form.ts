/**
 * The hidden field of the buy page's form. It proves that this server made the form: another site can make a browser post here,
 * but cannot read the field. It also holds the names that the subscription will get, so that a form that is sent twice
 * subscribes only once.
 */
import type { Sealer } from "../identity/seal.ts";

export interface BuyForm {
  readonly productCode: string;
  readonly agreementId: string;
  /** The id of the account that is made for a new buyer. */
  readonly newAccountId: string;
}

const PURPOSE = "buy-form";

export function sealForm(sealer: Sealer, { productCode, agreementId, newAccountId }: BuyForm): string {
  return sealer.seal(JSON.stringify([productCode, agreementId, newAccountId]), PURPOSE).toString("base64url");
}

/** Undefined where this server did not make the form, or made it for another product. */
export function openForm(sealer: Sealer, sealed: string, forProduct: string): BuyForm | undefined {
  const text = sealer.open(Buffer.from(sealed, "base64url"), PURPOSE);
  if (text === undefined) return undefined;
  const [productCode, agreementId, newAccountId] = JSON.parse(text) as [string, string, string];
  return productCode === forProduct ? { productCode, agreementId, newAccountId } : undefined;
}

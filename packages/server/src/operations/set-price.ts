/** Sets the price of a dimension, from an hour on. Rule P3. */
import { withPrice, type SaidPrice } from "../domain/catalogue/product-change.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changeCatalogue, invalidChange, type CatalogueRefusal } from "./change-catalogue.ts";

/** The new price of a dimension; without a time, it holds from the coming hour on. */
interface NewPrice extends SaidPrice {
  readonly productCode: string;
  readonly dimension: string;
}

/** Answers undefined when the price is set, or else why not. Prices that were to hold later are withdrawn. */
export function setPrice(
  ledger: Ledger,
  call: Call,
  { productCode, dimension, ...said }: NewPrice,
): Promise<CatalogueRefusal | undefined> {
  return changeCatalogue(ledger, call, (catalogue, nowMs) => {
    const product = catalogue.product(productCode);
    if (product === undefined) return { reason: "not-found", message: `No product ${productCode}.` };
    const value = withPrice(product, dimension, said, nowMs);
    if (value === undefined) {
      return { reason: "not-found", message: `The product ${productCode} has no dimension ${dimension}.` };
    }
    return "message" in value ? invalidChange(value) : [{ kind: "product", id: productCode, value }];
  });
}

/** Whether a product meters a dimension. Rule U1. */
import { printable } from "@countinghouse/protocol";
import { dimensionOf, type Product } from "../catalogue/product.ts";
import { placeOf, rejection, type RecordPosition, type Rejection } from "../rejection.ts";

export function checkDimension(product: Product, name: string, position: RecordPosition): Rejection | undefined {
  if (dimensionOf(product, name)?.kind === "metered") return undefined;
  const { productCode } = product;
  const { text: place, figures } = placeOf(position);
  // The text begins with the words of AWS's own text, because existing programs look for them.
  const invalid = `UsageDimension '${printable(name)}'${place} is invalid for ProductCode '${productCode}'`;
  const message = `${invalid}: the product has no metered dimension of this name.`;
  const compared = { ...figures, dimension: name.slice(0, 255), productCode };
  return rejection("InvalidUsageDimensionException", "U1", message, compared);
}

/** A range of hours cut where prices, units or pricings change, so that in each span what a product's usage is worth is one thing. */
import { hourOf } from "../../domain/metering/metering-record.ts";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import type { Product } from "../../domain/catalogue/product.ts";
import type { UsageSpan } from "../../ledger/sums/sums.ts";

/** Which usage is wanted. */
export type Wanted = Omit<UsageSpan, "notProducts">;

/** Spans of all products, but for those that are left out. Most products share one, since nothing of them changes. */
export function steadySpans(catalogue: CatalogueView, wanted: Wanted, leftOut: readonly string[] = []): UsageSpan[] {
  const { fromHour, toHour, products } = wanted;
  const isWanted = (productCode: string): boolean =>
    !leftOut.includes(productCode) && (products?.includes(productCode) ?? true);
  const changing = catalogue
    .list("product")
    .filter(({ productCode }) => isWanted(productCode))
    .map((product) => ({ product, edges: edgesIn(product, fromHour, toHour) }))
    .filter(({ edges }) => edges.length > 0);
  const codes = changing.map(({ product }) => product.productCode);
  const steady = { ...wanted, notProducts: [...codes, ...leftOut] };
  const spans = changing.flatMap(({ product, edges }) =>
    [fromHour, ...edges].map((from, i) => ({
      ...wanted,
      products: [product.productCode],
      fromHour: from,
      toHour: edges[i] ?? toHour,
    })),
  );
  return [steady, ...spans];
}

/** Hours within the range from which on something is otherwise. */
function edgesIn(product: Product, fromHour: number, toHour: number): number[] {
  const { dimensions, droppedDimensions = [], earlierPricings = [] } = product;
  const earlier = [...dimensions, ...droppedDimensions].flatMap((dimension) => dimension.earlier ?? []);
  const hours = [...earlier, ...earlierPricings].map(({ untilMs }) => hourOf(untilMs));
  return [...new Set(hours)].filter((hour) => hour > fromHour && hour < toHour).toSorted((a, b) => a - b);
}

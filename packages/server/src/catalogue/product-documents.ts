/** Products as documents say them and as they are shown: prices with the times from which they hold. */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { hourOf } from "../domain/metering/metering-record.ts";
import { BEGINNING } from "../domain/catalogue/over-time.ts";
import {
  changedProduct,
  newProduct,
  type ProductProblem,
  type SaidProduct,
} from "../domain/catalogue/product-change.ts";
import { timeOf } from "../domain/written-values.ts";
import { priceAt, pricesOf, type Dimension, type Product } from "../domain/catalogue/product.ts";
import type { ProductDocument } from "./schema.ts";

type DimensionDocument = ProductDocument["dimensions"][number];
type PriceDocument = NonNullable<DimensionDocument["prices"]>[number];

/** A product of which nothing was kept before. */
export function productChange(document: ProductDocument): CatalogueChange {
  return { kind: "product", id: document.productCode, value: newProduct(productSaid(document)) };
}

/** What the document makes of the product that is held; or why it cannot. Rule P3. */
export function productChangeOver(
  document: ProductDocument,
  held: Product | undefined,
  nowMs: EpochMs,
): CatalogueChange | ProductProblem {
  const value = changedProduct(productSaid(document), held, nowMs);
  return "message" in value ? value : { kind: "product", id: value.productCode, value };
}

function productSaid(document: ProductDocument): SaidProduct {
  return {
    ...document,
    dimensions: document.dimensions.map(({ prices, ...same }) => ({
      ...same,
      ...(prices === undefined ? {} : { prices: prices.map(priceSaid) }),
    })),
  };
}

function priceSaid({ price, effectiveFrom }: PriceDocument): { price: string | undefined; fromMs?: EpochMs } {
  const said = { price: price ?? undefined };
  return effectiveFrom === undefined ? said : { ...said, fromMs: timeOf(effectiveFrom) };
}

/** What would make the product what it is. */
export function productDocument(product: Product): ProductDocument {
  const { earlierPricings: _, droppedDimensions: __, dimensions, ...same } = product;
  return {
    ...same,
    dimensions: dimensions.map((dimension) => {
      const { name, description, unit, price, kind } = dimension;
      const prices = pricesShown(dimension);
      return { name, description, unit, ...(prices === undefined ? { price } : { prices }), kind };
    }),
  };
}

/** A product as the operator API shows it: each dimension with the price in force, and all prices where there are others. */
export interface ProductView extends ProductDocument {
  readonly droppedDimensions?: readonly (DimensionDocument & { readonly droppedAt: string })[] | undefined;
}

export function productView(product: Product, nowMs: EpochMs): ProductView {
  const { earlierPricings: _, droppedDimensions, dimensions, ...same } = product;
  return {
    ...same,
    dimensions: dimensions.map((dimension) => dimensionView(dimension, nowMs)),
    droppedDimensions: droppedDimensions?.map((dimension) => ({
      ...dimensionView(dimension, nowMs),
      droppedAt: new Date(dimension.droppedAtMs).toISOString(),
    })),
  };
}

function dimensionView(dimension: Dimension, nowMs: EpochMs): DimensionDocument {
  const { name, description, unit, kind } = dimension;
  const price = priceAt(dimension, hourOf(nowMs));
  return { name, description, unit, price, prices: pricesShown(dimension), kind };
}

/** Undefined where the price alone says it: one, from the beginning. That there was none at first is not shown. */
function pricesShown(dimension: Dimension): PriceDocument[] | undefined {
  const prices = pricesOf(dimension);
  if (prices.length === 1) return undefined;
  return prices
    .filter(({ price, fromMs }) => price !== undefined || fromMs !== BEGINNING)
    .map(({ price = null, fromMs }) =>
      fromMs === BEGINNING ? { price } : { price, effectiveFrom: new Date(fromMs).toISOString() },
    );
}

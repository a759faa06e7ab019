/** Products as documents give them and as they are shown: prices with the times from which they hold. */
import { timeOf, iso, type EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { hourOf } from "../domain/metering/metering-record.ts";
import { BEGINNING } from "../domain/catalogue/over-time.ts";
import {
  changedProduct,
  newProduct,
  type ProductProblem,
  type SaidProduct,
} from "../domain/catalogue/product-change.ts";
import { priceAt, pricesOf, type Dimension, type Product } from "../domain/catalogue/product.ts";
import type { Product as ProductView, ProductDocument } from "../operator/contract/catalogue/product.ts";

type DimensionDocument = ProductDocument["dimensions"][number];
type DroppedDimension = NonNullable<ProductView["droppedDimensions"]>[number];
type PriceDocument = NonNullable<DimensionDocument["prices"]>[number];

/** A product that was not kept before. */
export function productChange(document: ProductDocument): CatalogueChange {
  return { kind: "product", id: document.productCode, value: newProduct(productSaid(document)) };
}

/** The held product after the document's changes; or why it cannot change so. Rule P3. */
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
    productCode: document.productCode,
    title: document.title,
    seller: document.seller,
    type: document.type,
    pricing: document.pricing,
    fulfilmentUrl: document.fulfilmentUrl,
    dimensions: document.dimensions.map(({ name, description, unit, price, prices, kind }) => ({
      name,
      description,
      unit,
      price,
      prices: prices?.map(priceSaid),
      kind,
    })),
  };
}

function priceSaid({ price, effectiveFrom }: PriceDocument): { price: string | undefined; fromMs?: EpochMs } {
  const said = { price: price ?? undefined };
  return effectiveFrom === undefined ? said : { ...said, fromMs: timeOf(effectiveFrom) };
}

/** The document that would make the product as it is. */
export function productDocument(product: Product): ProductDocument {
  return {
    ...ownMembers(product),
    dimensions: product.dimensions.map((dimension): DimensionDocument => {
      const { name, description, unit, price, kind } = dimension;
      const prices = pricesShown(dimension);
      return { name, description, unit, price: prices === undefined ? price : undefined, prices, kind };
    }),
  };
}

export function productView(product: Product, nowMs: EpochMs): ProductView {
  return {
    ...ownMembers(product),
    dimensions: product.dimensions.map((dimension) => dimensionView(dimension, nowMs)),
    droppedDimensions: product.droppedDimensions?.map((dimension): DroppedDimension => ({
      ...dimensionView(dimension, nowMs),
      droppedAt: iso(dimension.droppedAtMs),
    })),
  };
}

/** The members of a document that are about the product itself. */
function ownMembers(product: Product): Omit<ProductDocument, "dimensions"> {
  const { productCode, title, seller, type, pricing, fulfilmentUrl } = product;
  return { productCode, title, seller, type, pricing, fulfilmentUrl };
}

function dimensionView(dimension: Dimension, nowMs: EpochMs): DimensionDocument {
  const { name, description, unit, kind } = dimension;
  const price = priceAt(dimension, hourOf(nowMs));
  return { name, description, unit, price, prices: pricesShown(dimension), kind };
}

/** Undefined where there is only one price, from the beginning. An unpriced time before it is not shown. */
function pricesShown(dimension: Dimension): PriceDocument[] | undefined {
  const prices = pricesOf(dimension);
  if (prices.length === 1) return undefined;
  return prices
    .filter(({ price, fromMs }) => price !== undefined || fromMs !== BEGINNING)
    .map(({ price = null, fromMs }): PriceDocument =>
      fromMs === BEGINNING ? { price } : { price, effectiveFrom: iso(fromMs) },
    );
}

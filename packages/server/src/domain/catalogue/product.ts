/** A product that a seller publishes, its dimensions, and what they cost, hour by hour. */
import { productTypes, type EpochMs, type Pricing, type ProductType } from "@countinghouse/protocol";
import { heldIn, stepsOf, withoutRepeats, type Earlier } from "./over-time.ts";

type DimensionKind = "metered" | "entitled" | "hours";

/** The unit in which usage is counted, and its price. */
export interface Terms {
  readonly unit?: string | undefined;
  /** US dollars for one unit, as a decimal string. */
  readonly price?: string | undefined;
}

/** Unit and price are those that were given last; `earlier` says from when on they hold. */
export interface Dimension extends Terms {
  readonly name: string;
  readonly description?: string | undefined;
  readonly kind: DimensionKind;
  /** Earlier terms in the order of time. Terms whose end lies in the future hold now, or will hold. */
  readonly earlier?: readonly Earlier<Terms>[] | undefined;
}

/** A dimension that the product no longer has. What was reported of it stays reported. */
export interface DroppedDimension extends Dimension {
  readonly droppedAtMs: EpochMs;
}

export interface Product {
  readonly productCode: string;
  readonly title: string;
  /** The account that published it. */
  readonly seller: string;
  readonly type: ProductType;
  /** The pricing for new calls; reports of an hour use `pricingIn`. */
  readonly pricing: Pricing;
  readonly earlierPricings?: readonly Earlier<{ readonly pricing: Pricing }>[] | undefined;
  readonly fulfilmentUrl?: string | undefined;
  /** The dimensions that can be used now. */
  readonly dimensions: readonly Dimension[];
  readonly droppedDimensions?: readonly DroppedDimension[] | undefined;
}

const dimensionsByName = new WeakMap<Product, ReadonlyMap<string, Dimension>>();

/** `an AMI product` and the like. */
export function kindText(type: ProductType): string {
  return `${type === "ami" ? "an" : "a"} ${productTypes[type]}`;
}

/** The dimension of this name that the product has now. */
export function dimensionOf(product: Product, name: string): Dimension | undefined {
  let dimensions = dimensionsByName.get(product);
  if (dimensions === undefined) {
    dimensions = new Map(product.dimensions.map((dimension) => [dimension.name, dimension]));
    dimensionsByName.set(product, dimensions);
  }
  return dimensions.get(name);
}

/** The dimension of this name that the product has or had; for reports. */
export function dimensionEverOf(product: Product, name: string): Dimension | undefined {
  return dimensionOf(product, name) ?? product.droppedDimensions?.find((dropped) => dropped.name === name);
}

/** The dimension of containers' hours where their product names none. */
export const UNNAMED_HOURS: Dimension = { name: "Hours", unit: "Hours", kind: "hours" };

/** The dimension that counts the hours of an hourly, free or BYOL container. There always is one, so that no use is lost. */
export function hoursDimensionOf(product: Product | undefined): Dimension {
  return product?.dimensions.find(({ kind }) => kind === "hours") ?? UNNAMED_HOURS;
}

/** The unit and price of usage in an hour (whole hours since the epoch). Rule P3. */
export function termsIn(dimension: Dimension, hour: number): Terms {
  return heldIn<Terms>(hour, dimension, dimension.earlier);
}

/** US dollars for one unit of usage in an hour; undefined where it has no price. Rule P3. */
export function priceAt(dimension: Dimension, hour: number): string | undefined {
  return termsIn(dimension, hour).price;
}

/** A price, undefined for none, and the time from which it holds: the beginning, or an hour's edge. */
interface PriceStep {
  readonly price: string | undefined;
  readonly fromMs: EpochMs;
}

/** All prices that the dimension had, has and will have, in the order of time; the first one holds from the beginning. */
export function pricesOf(dimension: Dimension): PriceStep[] {
  const steps = withoutRepeats(stepsOf<Terms>(dimension, dimension.earlier), (a, b) => a.price === b.price);
  return steps.map(({ fromMs, value }) => ({ price: value.price, fromMs }));
}

/** The product's pricing in an hour. */
export function pricingIn({ pricing, earlierPricings }: Product, hour: number): Pricing {
  return heldIn(hour, { pricing }, earlierPricings).pricing;
}

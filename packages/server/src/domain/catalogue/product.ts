/** A product that a seller publishes, what is metered of it, and what that costs, hour by hour. */
import { productTypes, type EpochMs, type Pricing, type ProductType } from "@countinghouse/protocol";
import { heldIn, stepsOf, withoutRepeats, type Earlier } from "./over-time.ts";

type DimensionKind = "metered" | "entitled" | "hours";

/** What usage is counted in, and what it costs. */
export interface Terms {
  readonly unit?: string | undefined;
  /** US dollars a unit, as a decimal string. */
  readonly price?: string | undefined;
}

/** Its unit and its price are those that were said last; from when on they hold, `earlier` says. */
export interface Dimension extends Terms {
  readonly name: string;
  readonly description?: string | undefined;
  readonly kind: DimensionKind;
  /** In the order of time; what of it is yet to end holds still, or is yet to hold. */
  readonly earlier?: readonly Earlier<Terms>[] | undefined;
}

/** A dimension that the product has no more. What was reported of it stays reported. */
export interface DroppedDimension extends Dimension {
  readonly droppedAtMs: EpochMs;
}

export interface Product {
  readonly productCode: string;
  readonly title: string;
  /** The account that published it. */
  readonly seller: string;
  readonly type: ProductType;
  /** For calls from now on; what is reported of an hour goes by `pricingIn`. */
  readonly pricing: Pricing;
  readonly earlierPricings?: readonly Earlier<{ readonly pricing: Pricing }>[] | undefined;
  readonly fulfilmentUrl?: string | undefined;
  /** Those that can be used now. */
  readonly dimensions: readonly Dimension[];
  readonly droppedDimensions?: readonly DroppedDimension[] | undefined;
}

const dimensionsByName = new WeakMap<Product, ReadonlyMap<string, Dimension>>();

/** `an AMI product` and the like. */
export function kindText(type: ProductType): string {
  return `${type === "ami" ? "an" : "a"} ${productTypes[type]}`;
}

/** A dimension that the product has now. */
export function dimensionOf(product: Product, name: string): Dimension | undefined {
  let dimensions = dimensionsByName.get(product);
  if (dimensions === undefined) {
    dimensions = new Map(product.dimensions.map((dimension) => [dimension.name, dimension]));
    dimensionsByName.set(product, dimensions);
  }
  return dimensions.get(name);
}

/** A dimension that the product has, or had: what reports go by. */
export function dimensionEverOf(product: Product, name: string): Dimension | undefined {
  return dimensionOf(product, name) ?? product.droppedDimensions?.find((dropped) => dropped.name === name);
}

/** What containers' hours are reported by where their product names nothing for them. */
export const UNNAMED_HOURS: Dimension = { name: "Hours", unit: "Hours", kind: "hours" };

/** What an hourly, free or BYOL container is charged, or reported, by; use is never dropped for want of a product. */
export function hoursDimensionOf(product: Product | undefined): Dimension {
  return product?.dimensions.find(({ kind }) => kind === "hours") ?? UNNAMED_HOURS;
}

/** Unit and price of what is used in an hour (whole hours since the epoch). Rule P3. */
export function termsIn(dimension: Dimension, hour: number): Terms {
  return heldIn<Terms>(hour, dimension, dimension.earlier);
}

/** US dollars a unit, for what is used in an hour; undefined where it has no price. Rule P3. */
export function priceAt(dimension: Dimension, hour: number): string | undefined {
  return termsIn(dimension, hour).price;
}

/** A price, undefined for none, and from when on it holds: from the beginning, or from an hour's edge. */
interface PriceStep {
  readonly price: string | undefined;
  readonly fromMs: EpochMs;
}

/** All prices that it had, has and will have, in the order of time; the first one is from the beginning. */
export function pricesOf(dimension: Dimension): PriceStep[] {
  const steps = withoutRepeats(stepsOf<Terms>(dimension, dimension.earlier), (a, b) => a.price === b.price);
  return steps.map(({ fromMs, value }) => ({ price: value.price, fromMs }));
}

/** How what is used in an hour is paid for. */
export function pricingIn({ pricing, earlierPricings }: Product, hour: number): Pricing {
  return heldIn(hour, { pricing }, earlierPricings).pricing;
}

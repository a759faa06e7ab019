/** A product that a seller publishes, and what is metered of it. */
import { productTypes, type Pricing, type ProductType } from "@countinghouse/protocol";

export type DimensionKind = "metered" | "entitled" | "hours";

export interface Dimension {
  readonly name: string;
  readonly description?: string | undefined;
  readonly unit?: string | undefined;
  /** US dollars a unit, as a decimal string. */
  readonly price?: string | undefined;
  readonly kind: DimensionKind;
}

export interface Product {
  readonly productCode: string;
  readonly title: string;
  /** The account that published it. */
  readonly seller: string;
  readonly type: ProductType;
  readonly pricing: Pricing;
  readonly fulfilmentUrl?: string | undefined;
  readonly dimensions: readonly Dimension[];
}

const dimensionsByName = new WeakMap<Product, ReadonlyMap<string, Dimension>>();

/** `an AMI product` and the like. */
export function kindText(type: ProductType): string {
  return `${type === "ami" ? "an" : "a"} ${productTypes[type]}`;
}

export function dimensionOf(product: Product, name: string): Dimension | undefined {
  let dimensions = dimensionsByName.get(product);
  if (dimensions === undefined) {
    dimensions = new Map(product.dimensions.map((dimension) => [dimension.name, dimension]));
    dimensionsByName.set(product, dimensions);
  }
  return dimensions.get(name);
}

/** What an hourly, free or BYOL container is charged, or reported, by. */
export function hoursDimensionOf({ dimensions }: Product): Dimension {
  return dimensions.find(({ kind }) => kind === "hours") ?? { name: "Hours", unit: "Hours", kind: "hours" };
}

/** Amounts that are added up together with what they are worth: units and seconds apart, each by the price of its hours. */
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import { dimensionEverOf, pricingIn, termsIn } from "../../domain/catalogue/product.ts";
import { hoursOf, revenueOfBoth } from "../estimated-revenue.ts";
import type { Used } from "./used.ts";

const SECONDS_PER_HOUR = 3_600n;

export class Amount {
  #units = 0n;
  #seconds = 0n;
  readonly #unitsByPrice = new Map<string, bigint>();
  readonly #secondsByPrice = new Map<string, bigint>();
  #hasWorth = false;

  add({ product: productCode, dimension: name, hour, kind, amount }: Used, catalogue: CatalogueView): void {
    const isUnits = kind === "units";
    if (isUnits) this.#units += amount;
    else this.#seconds += amount;
    const product = catalogue.product(productCode);
    if (product === undefined) return;
    const pricing = pricingIn(product, hour);
    // What is free, or paid for elsewhere, is worth nothing here, whatever its dimension says.
    if (pricing === "free" || pricing === "byol") {
      this.#hasWorth = true;
      return;
    }
    const dimension = dimensionEverOf(product, name);
    const price = dimension && termsIn(dimension, hour).price;
    if (price === undefined) return;
    this.#hasWorth = true;
    const byPrice = isUnits ? this.#unitsByPrice : this.#secondsByPrice;
    byPrice.set(price, (byPrice.get(price) ?? 0n) + amount);
  }

  /** Counted units, and the hours that the seconds make; in decimals. */
  get units(): string {
    return hoursOf(this.#units * SECONDS_PER_HOUR + this.#seconds);
  }

  /** US dollars in decimals, rounded once; undefined where nothing of it has a price. */
  get worth(): string | undefined {
    return this.#hasWorth ? revenueOfBoth(this.#unitsByPrice, this.#secondsByPrice) : undefined;
  }
}

/**
 * The report "Usage by instance type": what each customer used of each dimension in a month, whichever way it was metered. It is made
 * of the ledger's sums, and of what is reckoned of running resources. Each hour goes by the price, the unit and the pricing
 * that were in force in it (Rule P3).
 */
import { HOUR_MS, type EpochMs, type Pricing } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { dimensionEverOf, pricingIn, termsIn, type Product, type Terms } from "../domain/catalogue/product.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { namesAsMetered, type NamesAsMetered } from "../ledger/names-as-metered.ts";
import { hoursOf, revenueOfSeconds, revenueOfUnits } from "./estimated-revenue.ts";
import type { Month } from "./month.ts";
import { namedCustomer, type NamedCustomer } from "./used/named-customer.ts";
import { usedIn, type Used } from "./used/used.ts";

export interface UsageReport {
  readonly month: string;
  /** The service clock's time up to which use is known and provisional use is computed. */
  readonly atMs: EpochMs;
  /** Present where a part of the month's usage may be missing, because entries before this time have expired. */
  readonly keptSinceMs?: EpochMs | undefined;
  readonly rows: readonly UsageRow[];
}

export interface UsageRow {
  /** Absent where only an identifier names the customer, and no agreement has the identifier any more. */
  readonly customerAccountId?: string | undefined;
  readonly customerIdentifier?: string | undefined;
  readonly productCode: string;
  /** Absent where the catalogue no longer has the product. */
  readonly product?: Product | undefined;
  /** How usage was paid for; absent where the catalogue no longer has the product. */
  readonly pricing?: Pricing | undefined;
  readonly dimension: string;
  /** The unit of the usage; a dimension that was counted in two units has a row for each. */
  readonly unit?: string | undefined;
  /** A decimal number: units, or the hours of the seconds. */
  readonly usageUnits: string;
  /** Present where the control plane metered the usage. */
  readonly seconds?: AccruedSeconds | undefined;
  /** US dollars as a decimal number; absent where the dimension had no price in any hour of use. */
  readonly estimatedRevenue?: string | undefined;
}

/** Seconds, by whether they can still change. */
interface AccruedSeconds {
  readonly final: string;
  readonly adjustments: string;
  /** Computed from what is known of the resources now; not in the ledger yet. */
  readonly provisional: string;
}

const BY = ["product", "customer", "dimension"] as const;

/** `seller` selects the products of that account. */
export async function usageByInstanceType(
  ledger: Ledger,
  month: Month,
  nowMs: EpochMs,
  seller?: string,
): Promise<UsageReport> {
  const names = await namesAsMetered(ledger);
  const { fromHour, toHour } = month;
  const { used, completeSinceMs } = await usedIn(ledger, names, { fromHour, toHour, by: BY, reckonedAtMs: nowMs });
  const sums = new Sums(ledger.catalogue, names, seller);
  for (const each of used) sums.add(each);
  const isPart = completeSinceMs !== undefined && completeSinceMs > fromHour * HOUR_MS;
  return { month: month.name, atMs: nowMs, keptSinceMs: isPart ? completeSinceMs : undefined, rows: sums.rows() };
}

/** The sums of one row. */
interface Sum {
  customer: NamedCustomer;
  readonly productCode: string;
  readonly dimension: string;
  readonly accrued: boolean;
  readonly unit: string | undefined;
  readonly pricing: Pricing | undefined;
  units: bigint;
  adjustments: bigint;
  provisional: bigint;
  /** All units and seconds, by the price of their hours; those without a price are left out. */
  readonly byPrice: Map<string, bigint>;
}

const PARTS = { units: "units", final: "units", adjustment: "adjustments", provisional: "provisional" } as const;

class Sums {
  readonly #catalogue: CatalogueView;
  readonly #names: NamesAsMetered;
  readonly #seller: string | undefined;
  readonly #sums = new Map<string, Sum>();

  constructor(catalogue: CatalogueView, names: NamesAsMetered, seller: string | undefined) {
    this.#catalogue = catalogue;
    this.#names = names;
    this.#seller = seller;
  }

  add(used: Used): void {
    const { product: productCode, dimension: name, kind, hour, amount, lastMs, recordedAtMs = lastMs } = used;
    if (this.#seller !== undefined && this.#names.sellerOf(productCode, recordedAtMs) !== this.#seller) return;
    const product = this.#catalogue.product(productCode);
    const dimension = product && dimensionEverOf(product, name);
    const terms = dimension === undefined ? {} : termsIn(dimension, hour);
    const sum = this.#sumOf(used, terms, product && pricingIn(product, hour));
    sum[PARTS[kind]] += amount;
    if (terms.price !== undefined) sum.byPrice.set(terms.price, (sum.byPrice.get(terms.price) ?? 0n) + amount);
  }

  /** In the order of product, customer and dimension. */
  rows(): UsageRow[] {
    const sums = [...this.#sums].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sums.map(([, sum]) => rowOf(sum, this.#catalogue.product(sum.productCode)));
  }

  #sumOf(used: Used, terms: Terms, pricing: Pricing | undefined): Sum {
    const { product: productCode, dimension } = used;
    const customer = namedCustomer(this.#names, used);
    const accrued = used.kind !== "units";
    const who = customer.accountId ?? `identifier ${customer.identifier}`;
    // Running time is shown in hours, whatever the unit's name is.
    const unit = accrued ? undefined : terms.unit;
    const key = `${productCode}\n${who}\n${dimension}\n${accrued}\n${pricing}\n${unit}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      const nothing = { units: 0n, adjustments: 0n, provisional: 0n, byPrice: new Map<string, bigint>() };
      sum = { customer, productCode, dimension, accrued, unit, pricing, ...nothing };
      this.#sums.set(key, sum);
    }
    // If the customer had several names in the month, the last one is shown.
    if (customer.identifier !== undefined) sum.customer = customer;
    return sum;
  }
}

function rowOf(sum: Sum, product: Product | undefined): UsageRow {
  const { customer, productCode, dimension, unit, pricing, accrued, units, adjustments, provisional } = sum;
  const total = units + adjustments + provisional;
  return {
    customerAccountId: customer.accountId,
    customerIdentifier: customer.identifier,
    productCode,
    product,
    pricing,
    dimension,
    unit,
    usageUnits: accrued ? hoursOf(total) : total.toString(),
    ...(accrued
      ? {
          seconds: {
            final: units.toString(),
            adjustments: adjustments.toString(),
            provisional: provisional.toString(),
          },
        }
      : {}),
    estimatedRevenue: revenueOf(sum),
  };
}

/** Usage that is free, or paid for elsewhere, earns nothing here, whatever its dimension's price is. */
function revenueOf({ pricing, byPrice, accrued }: Sum): string | undefined {
  if (pricing === "free" || pricing === "byol") return "0";
  if (byPrice.size === 0) return undefined;
  return accrued ? revenueOfSeconds(byPrice) : revenueOfUnits(byPrice);
}

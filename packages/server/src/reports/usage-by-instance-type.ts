/**
 * The report "Usage by instance type": how much each customer used of each dimension in a month, however it was metered. The
 * ledger is read in pages; memory grows with customers, dimensions and registrations of resources, not with records. Each hour
 * has the price, unit and pricing that were in force in it (Rule P3).
 */
import { HOUR_MS, type EpochMs, type Pricing } from "@countinghouse/protocol";
import { isKnownTo, outstanding } from "../domain/resources/accrual.ts";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { registrationOf, type MeteredResource, type UsageRegistration } from "../domain/resources/metered-resource.ts";
import { adjustmentOf } from "../domain/metering/metering-record.ts";
import {
  dimensionEverOf,
  hoursDimensionOf,
  pricingIn,
  termsIn,
  type Product,
  type Terms,
} from "../domain/catalogue/product.ts";
import type { ListedRecord, Ledger } from "../ledger/ledger.ts";
import { pagesOf } from "../ledger/pages.ts";
import { namesAsMetered, type NamesAsMetered } from "../ledger/names-as-metered.ts";
import { hoursOf, revenueOfSeconds, revenueOfUnits } from "./estimated-revenue.ts";
import type { Month } from "./month.ts";

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

const PAGE_RECORDS = 1_000;
const RESOURCES_AT_ONCE = 500;

/** `seller` selects the products of that account. */
export async function usageByInstanceType(
  ledger: Ledger,
  month: Month,
  nowMs: EpochMs,
  seller?: string,
): Promise<UsageReport> {
  const { catalogue } = ledger;
  const sums = new Sums(catalogue, await namesAsMetered(ledger), seller);
  // Records of resources that are written after this point are left out, because their use is provisional here.
  const { registrations, provisional } = await reckoned(ledger, month, nowMs);
  const query = { fromHour: month.fromHour, toHour: month.toHour - 1, limit: PAGE_RECORDS };
  for await (const records of pagesOf((cursor) => ledger.meteringRecords({ ...query, cursor }))) {
    for (const record of records) {
      if (isHeld(record, registrations)) sums.addRecord(record);
    }
  }
  for (const use of provisional) sums.addProvisional(use, nowMs);
  // Read at the end, so that entries that expired meanwhile count as missing, too.
  const keptSinceMs = await ledger.keptSince();
  const isPart = keptSinceMs !== undefined && keptSinceMs > month.fromHour * HOUR_MS;
  return { month: month.name, atMs: nowMs, keptSinceMs: isPart ? keptSinceMs : undefined, rows: sums.rows() };
}

interface Reckoned {
  /** The registrations of each resource that has any. */
  readonly registrations: ReadonlyMap<string, readonly UsageRegistration[]>;
  readonly provisional: Iterable<ProvisionalUse>;
}

/** Use of an hour that the ledger does not hold, of all resources of an account together. */
interface ProvisionalUse {
  readonly productCode: string;
  readonly accountId: string;
  /** Undefined: the product's dimension of hours. */
  readonly dimension: string | undefined;
  readonly hour: number;
  seconds: number;
}

/** Computes from each resource as it is when it is read. */
async function reckoned(ledger: Ledger, month: Month, nowMs: EpochMs): Promise<Reckoned> {
  const registrations = new Map<string, readonly UsageRegistration[]>();
  const uses = new Map<string, ProvisionalUse>();
  const reckon = (resource: MeteredResource, registration: UsageRegistration): void => {
    const { productCode, dimension } = registration;
    const { accountId } = resource;
    for (const { hour, seconds } of outstanding(resource, registration, nowMs, month)) {
      const key = JSON.stringify([productCode, accountId, dimension, hour]);
      const use = uses.get(key);
      if (use === undefined) uses.set(key, { productCode, accountId, dimension, hour, seconds });
      else use.seconds += seconds;
    }
  };
  for await (const resources of pagesOf((cursor) => ledger.resources({ cursor, limit: RESOURCES_AT_ONCE }))) {
    for (const resource of resources) {
      if (resource.registrations.length > 0) registrations.set(resource.resourceId, resource.registrations);
      for (const registration of resource.registrations) reckon(resource, registration);
    }
  }
  return { registrations, provisional: uses.values() };
}

function isHeld(
  { resourceId, productCode, key, accrued }: ListedRecord,
  registrations: Reckoned["registrations"],
): boolean {
  const known = accrued === true && resourceId !== undefined ? registrations.get(resourceId) : undefined;
  const registration = known && registrationOf({ registrations: known }, productCode);
  return registration === undefined || isKnownTo(registration, key.hour, adjustmentOf(key));
}

/** The sums of one row. */
interface Sum {
  customer: Customer;
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

/** One amount that is added to a sum. */
interface Use {
  readonly productCode: string;
  readonly customer: Customer;
  readonly dimension: string;
  readonly accrued: boolean;
  readonly hour: number;
  readonly amount: bigint;
  readonly part: "units" | "adjustments" | "provisional";
}

interface Customer {
  readonly accountId?: string | undefined;
  readonly identifier?: string | undefined;
}

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

  addRecord({ productCode, usageRecord, key, recordedAtMs, accrued = false }: ListedRecord): void {
    if (!this.#isMeant(productCode, recordedAtMs)) return;
    const { customerIdentifier, customerAccountId = "", dimension, quantity = 0, timestampMs } = usageRecord;
    const customer =
      customerIdentifier === undefined
        ? this.#byAccount(productCode, customerAccountId, timestampMs)
        : {
            accountId: this.#names.accountOf(productCode, customerIdentifier, recordedAtMs),
            identifier: customerIdentifier,
          };
    const part = accrued && adjustmentOf(key) !== undefined ? "adjustments" : "units";
    this.#add({ productCode, customer, dimension, accrued, hour: key.hour, amount: BigInt(quantity), part });
  }

  addProvisional({ productCode, accountId, hour, seconds, ...use }: ProvisionalUse, nowMs: EpochMs): void {
    if (!this.#isMeant(productCode, nowMs)) return;
    const product = this.#catalogue.product(productCode);
    const dimension = use.dimension ?? hoursDimensionOf(product).name;
    const customer = this.#byAccount(productCode, accountId, nowMs);
    this.#add({ productCode, customer, dimension, accrued: true, hour, amount: BigInt(seconds), part: "provisional" });
  }

  /** In the order of product, customer and dimension. */
  rows(): UsageRow[] {
    const sums = [...this.#sums].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sums.map(([, sum]) => rowOf(sum, this.#catalogue.product(sum.productCode)));
  }

  #isMeant(productCode: string, atMs: EpochMs): boolean {
    return this.#seller === undefined || this.#names.sellerOf(productCode, atMs) === this.#seller;
  }

  #byAccount(productCode: string, accountId: string, usedAtMs: EpochMs): Customer {
    return { accountId, identifier: this.#names.identifierOf(productCode, accountId, usedAtMs) };
  }

  #add(use: Use): void {
    const { productCode, dimension: name, hour, amount, part } = use;
    const product = this.#catalogue.product(productCode);
    const dimension = product && dimensionEverOf(product, name);
    const terms = dimension === undefined ? {} : termsIn(dimension, hour);
    const sum = this.#sumOf(use, terms, product && pricingIn(product, hour));
    sum[part] += amount;
    if (terms.price !== undefined) sum.byPrice.set(terms.price, (sum.byPrice.get(terms.price) ?? 0n) + amount);
  }

  #sumOf({ customer, productCode, dimension, accrued }: Use, terms: Terms, pricing: Pricing | undefined): Sum {
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

/** Usage as a test expects it, held against what was metered or sent. */
import { HOUR_MS, iso, type UsageAllocation } from "@countinghouse/protocol";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import { identifiedCustomer } from "../../domain/metering/metering-record.ts";
import type { CustomerNames, MarketProduct } from "../fixtures.ts";
import { momentOf, refuseUnknown } from "../known-members.ts";
import type { LookingIn } from "../looking-in.ts";

/** A customer as `market.customer()` answered it, or an account, an identifier or a licence. */
export type ExpectedCustomer = Pick<CustomerNames, "accountId"> | string;

/** What is left out does not matter. What is there and undefined is an error: it would say less than the test means. */
export interface ExpectedUsage {
  readonly customer?: ExpectedCustomer;
  readonly product?: Pick<MarketProduct, "productCode"> | string;
  readonly dimension?: string;
  /** Any time in it, such as `2026-03-15T09Z` or `2026-03-15T09:00:00Z`. */
  readonly hour?: string | Date;
  /** All that was metered of it: what was counted twice is twice as much. */
  readonly units?: number;
  /** By the tag's key, then its value: `{ team: { blue: 7, red: 5 } }`. Allocations of several tags cannot be said so. */
  readonly allocations?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const MEMBERS: readonly (keyof ExpectedUsage)[] = ["customer", "product", "dimension", "hour", "units", "allocations"];

/** Usage as it lies in the ledger, or was sent. */
interface Usage {
  readonly customer: string;
  readonly licenseArn?: string | undefined;
  readonly productCode: string;
  readonly dimension: string;
  readonly hour: number;
}

/** Which of its members fit: for rows and for records that were sent alike. */
export class Wanted {
  readonly expected: ExpectedUsage;
  readonly #catalogue: CatalogueView;
  readonly #customer: string | undefined;
  readonly #accounts: ReadonlySet<string>;
  readonly #productCode: string | undefined;
  readonly #hour: number | undefined;

  /** Throws TypeError for members that there are not, and for values that are none: with those left out, anything would fit. */
  constructor(expected: ExpectedUsage, { catalogue }: LookingIn) {
    refuseUnknown("The expected usage", expected, MEMBERS);
    const nothing = MEMBERS.find((name) => Object.hasOwn(expected, name) && expected[name] === undefined);
    if (nothing !== undefined) throw new TypeError(`${nothing} is undefined: leave it out if it does not matter`);
    this.expected = expected;
    this.#catalogue = catalogue;
    const { customer, product, dimension, hour, units } = expected;
    this.#customer = customer === undefined ? undefined : nameOf(customer);
    this.#accounts = this.#customer === undefined ? new Set() : accountsOf(this.#customer, catalogue);
    const productCode: unknown = typeof product === "object" ? product.productCode : product;
    this.#productCode = textOrNothing("product", productCode, product !== undefined);
    textOrNothing("dimension", dimension, dimension !== undefined);
    this.#hour = hour === undefined ? undefined : hourOf(hour);
    if (units !== undefined && !(Number.isInteger(units) && units >= 0)) {
      throw new TypeError(`units must be a whole number from 0 on; got ${JSON.stringify(units)}`);
    }
  }

  fits(usage: Usage): boolean {
    return this.nearness(usage) === this.#wanted.length;
  }

  /** How many of the members that were asked for are as they should be. */
  nearness(usage: Usage): number {
    return this.#wanted.filter((fits) => fits(usage)).length;
  }

  /** An identifier is a customer's within a product: customers of two products may have the same. */
  isCustomer({ customer, licenseArn, productCode }: Pick<Usage, "customer" | "licenseArn" | "productCode">): boolean {
    if (this.#customer === undefined || this.#customer === customer || this.#customer === licenseArn) return true;
    const agreements = this.#catalogue.agreementsOf(productCode, identifiedCustomer(customer));
    const accounts = agreements.length === 0 ? [customer] : agreements.map((one) => one.customerAccountId);
    return accounts.some((account) => this.#accounts.has(account));
  }

  get #wanted(): readonly ((usage: Usage) => boolean)[] {
    const { dimension } = this.expected;
    return [
      (usage) => this.isCustomer(usage),
      (usage) => this.#productCode === undefined || usage.productCode === this.#productCode,
      (usage) => dimension === undefined || usage.dimension === dimension,
      (usage) => this.#hour === undefined || usage.hour === this.#hour,
    ];
  }

  /** `12 gb for customer 100000000002 in the hour 2026-03-15T09:00:00Z` */
  get text(): string {
    const { dimension, units, allocations } = this.expected;
    return [
      [units ?? "some", dimension ?? "units"].join(" "),
      this.#customer === undefined ? "" : `for customer ${this.#customer}`,
      this.#productCode === undefined ? "" : `of product ${this.#productCode}`,
      this.#hour === undefined ? "" : `in the hour ${iso(this.#hour * HOUR_MS)}`,
      allocations === undefined ? "" : `allocated as ${JSON.stringify(allocations)}`,
    ]
      .filter((part) => part !== "")
      .join(" ");
  }
}

/** Throws TypeError for what names no customer. */
export function nameOf(customer: ExpectedCustomer): string {
  const name: unknown = typeof customer === "object" && customer !== null ? customer.accountId : customer;
  if (typeof name === "string" && name !== "") return name;
  throw new TypeError(
    `customer must be what market.customer() answered, or a customer's account, identifier or licence; got ${JSON.stringify(customer)}`,
  );
}

/** The accounts that a name may stand for; the name itself, where the catalogue does not know it otherwise. */
function accountsOf(name: string, catalogue: CatalogueView): ReadonlySet<string> {
  const known = catalogue
    .list("agreement")
    .filter(({ customerIdentifier, licenseArn }) => name === customerIdentifier || name === licenseArn);
  return new Set([name, ...known.map(({ customerAccountId }) => customerAccountId)]);
}

function textOrNothing(member: string, value: unknown, isThere: boolean): string | undefined {
  if (!isThere) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${member} must be a text that is not empty; got ${JSON.stringify(value)}`);
}

function hourOf(hour: string | Date): number {
  const atMs = momentOf(typeof hour === "string" ? hour.replace(/^(\d{4}-\d\d-\d\dT\d\d)Z$/, "$1:00:00Z") : hour);
  if (atMs === undefined) throw new TypeError(`hour must be like 2026-03-15T09Z; got ${String(hour)}`);
  return Math.floor(atMs / HOUR_MS);
}

/** The quantities by tag, as tests write them. */
export function allocationsShown(allocations: readonly UsageAllocation[]): Record<string, Record<string, number>> {
  const shown: Record<string, Record<string, number>> = {};
  for (const { allocatedUsageQuantity, tags = [] } of allocations) {
    for (const { key, value } of tags) {
      const values = (shown[key] ??= {});
      values[value] = (values[value] ?? 0) + allocatedUsageQuantity;
    }
  }
  return shown;
}

export function sameAllocations(
  shown: Readonly<Record<string, Readonly<Record<string, number>>>>,
  expected: NonNullable<ExpectedUsage["allocations"]>,
): boolean {
  return flat(shown) === flat(expected);
}

function flat(allocations: NonNullable<ExpectedUsage["allocations"]>): string {
  const parts = Object.entries(allocations).flatMap(([key, values]) =>
    Object.entries(values).map(([value, quantity]) => JSON.stringify([key, value, quantity])),
  );
  return parts.toSorted().join();
}

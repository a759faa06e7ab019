/** Usage as a test expects it, held against what was metered or sent. */
import { HOUR_MS, iso, readTime, type UsageAllocation } from "@countinghouse/protocol";
import type { CustomerNames, MarketProduct } from "../fixtures.ts";
import type { LookingIn } from "../looking-in.ts";

/** A customer as `market.customer()` answered it, or an account, an identifier or a licence. */
export type ExpectedCustomer = Pick<CustomerNames, "accountId"> | string;

/** What is left out does not matter. */
export interface ExpectedUsage {
  readonly customer?: ExpectedCustomer | undefined;
  readonly product?: Pick<MarketProduct, "productCode"> | string | undefined;
  readonly dimension?: string | undefined;
  /** Any time in it, such as `2026-03-15T09Z` or `2026-03-15T09:00:00Z`. */
  readonly hour?: string | Date | undefined;
  /** All that was metered of it: what was counted twice is twice as much. */
  readonly units?: number | undefined;
  /** By the tag's key, then its value: `{ team: { blue: 7, red: 5 } }`. Allocations of several tags cannot be said so. */
  readonly allocations?: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
}

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
  readonly #customers: ReadonlySet<string> | undefined;
  readonly #productCode: string | undefined;
  readonly #hour: number | undefined;

  /** Throws TypeError for an hour that is none. */
  constructor(expected: ExpectedUsage, { fixtures }: LookingIn) {
    this.expected = expected;
    const { customer, product, hour } = expected;
    const name = typeof customer === "string" ? customer : customer?.accountId;
    this.#customers = name === undefined ? undefined : new Set(fixtures.namesOf(name));
    this.#productCode = typeof product === "string" ? product : product?.productCode;
    this.#hour = hour === undefined ? undefined : hourOf(hour);
  }

  fits(usage: Usage): boolean {
    return this.nearness(usage) === this.#wanted.length;
  }

  /** How many of the members that were asked for are as they should be. */
  nearness(usage: Usage): number {
    return this.#wanted.filter((fits) => fits(usage)).length;
  }

  isCustomer({ customer, licenseArn }: Usage): boolean {
    const names = this.#customers;
    return names === undefined || names.has(customer) || (licenseArn !== undefined && names.has(licenseArn));
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
    const { customer, dimension, units, allocations } = this.expected;
    const name = typeof customer === "string" ? customer : customer?.accountId;
    return [
      [units ?? "some", dimension ?? "units"].join(" "),
      name === undefined ? "" : `for customer ${name}`,
      this.#productCode === undefined ? "" : `of product ${this.#productCode}`,
      this.#hour === undefined ? "" : `in the hour ${iso(this.#hour * HOUR_MS)}`,
      allocations === undefined ? "" : `allocated as ${JSON.stringify(allocations)}`,
    ]
      .filter((part) => part !== "")
      .join(" ");
  }
}

function hourOf(hour: string | Date): number {
  const text = typeof hour === "string" ? hour.replace(/^(\d{4}-\d\d-\d\dT\d\d)Z$/, "$1:00:00Z") : hour.toISOString();
  const atMs = readTime(text);
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

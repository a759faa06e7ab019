/** Sums that are held in memory: what the store in memory answers from, and what verification holds others against. */
import {
  DAY_HOURS,
  TooManySumsError,
  type SumCells,
  type SumColumn,
  type TallyCell,
  type TallyQuery,
  type UsageCell,
  type UsageSpan,
  type UsageSum,
} from "./sums.ts";

export class MemorySums {
  readonly #usage = new Map<string, UsageCell>();
  readonly #tallies = new Map<string, TallyCell>();

  add({ usage, tallies }: SumCells): void {
    for (const cell of usage) {
      const key = usageKey(cell);
      const known = this.#usage.get(key);
      if (known === undefined) this.#usage.set(key, { ...cell });
      else Object.assign(known, { amount: known.amount + cell.amount, lastMs: Math.max(known.lastMs, cell.lastMs) });
    }
    for (const cell of tallies) {
      const key = tallyKey(cell);
      const { calls, records, units } = this.#tallies.get(key) ?? { calls: 0, records: 0, units: 0n };
      const sum = { calls: calls + cell.calls, records: records + cell.records, units: units + cell.units };
      this.#tallies.set(key, { ...cell, ...sum });
    }
  }

  allUsage(): Iterable<UsageCell> {
    return this.#usage.values();
  }

  allTallies(): Iterable<TallyCell> {
    return this.#tallies.values();
  }

  /** Takes out the sum of the same members. */
  takeUsage(cell: UsageCell): UsageCell | undefined {
    const key = usageKey(cell);
    const found = this.#usage.get(key);
    this.#usage.delete(key);
    return found;
  }

  /** Takes out the count of the same members. */
  takeTally(cell: TallyCell): TallyCell | undefined {
    const key = tallyKey(cell);
    const found = this.#tallies.get(key);
    this.#tallies.delete(key);
    return found;
  }

  /** So many sums there may be. Throws TooManySumsError. */
  usage(span: UsageSpan, max: number): readonly UsageSum[] {
    const sums = new MergedSums(max);
    for (const cell of this.#usage.values()) if (isIn(cell, span)) sums.add(sumOf(cell, span));
    return sums.all();
  }

  tallies({ about, fromDay, toDay }: TallyQuery): readonly TallyCell[] {
    return [...this.#tallies.values()].filter(
      (cell) => about.includes(cell.about) && cell.day >= fromDay && cell.day < toDay,
    );
  }
}

/** Sums of the same members, added up. Throws TooManySumsError. */
export class MergedSums {
  readonly #sums = new Map<string, UsageSum>();
  readonly #max: number;

  /** `max`: so many there may be. */
  constructor(max: number) {
    this.#max = max;
  }

  add(sum: UsageSum): void {
    const key = usageKey(sum);
    const { amount = 0n, lastMs = Number.NEGATIVE_INFINITY } = this.#sums.get(key) ?? {};
    this.#sums.set(key, { ...sum, amount: amount + sum.amount, lastMs: Math.max(lastMs, sum.lastMs) });
    if (this.#sums.size > this.#max) throw new TooManySumsError();
  }

  all(): readonly UsageSum[] {
    return [...this.#sums.values()];
  }
}

function usageKey({ hour, product, customer, dimension, region, kind }: Omit<UsageCell, "amount" | "lastMs">): string {
  return `${hour}\n${product}\n${customer}\n${dimension}\n${region}\n${kind}`;
}

function tallyKey({ day, about, product, customer, dimension, detail }: TallyCell): string {
  return `${day}\n${about}\n${product}\n${customer}\n${dimension}\n${detail}`;
}

function isIn({ hour, product, customer, dimension }: UsageCell, span: UsageSpan): boolean {
  return (
    hour >= span.fromHour &&
    hour < span.toHour &&
    (span.products?.includes(product) ?? true) &&
    !(span.notProducts?.includes(product) ?? false) &&
    (span.customers?.includes(customer) ?? true) &&
    (span.dimensions?.includes(dimension) ?? true)
  );
}

function sumOf(cell: UsageCell, { by, grain, fromHour }: UsageSpan): UsageSum {
  const member = (name: SumColumn): string => (by.includes(name) ? cell[name] : "");
  return {
    product: member("product"),
    customer: member("customer"),
    dimension: member("dimension"),
    region: member("region"),
    hour: grain === "hour" ? cell.hour : grain === "day" ? Math.max(fromHour, firstHourOfDay(cell.hour)) : fromHour,
    kind: cell.kind,
    amount: cell.amount,
    lastMs: cell.lastMs,
  };
}

function firstHourOfDay(hour: number): number {
  return Math.floor(hour / DAY_HOURS) * DAY_HOURS;
}

/** Usage as a table of cells: by product, customer, dimension, region, and by hour, day or month, as they are asked for. */
import { HOUR_MS, iso, isoSecond, type EpochMs } from "@countinghouse/protocol";
import type { Ledger } from "../../ledger/ledger.ts";
import { namesAsMetered, type NamesAsMetered } from "../../ledger/names-as-metered.ts";
import { SUM_COLUMNS, type SumColumn, type UsageSpan } from "../../ledger/sums/sums.ts";
import { accountCustomer, identifiedCustomer } from "../../domain/metering/metering-record.ts";
import { Amount } from "./amount.ts";
import { namedCustomer } from "./named-customer.ts";
import { usedIn, type Used } from "./used.ts";

type UsageGroup = SumColumn | "hour" | "day" | "month";

/** Cells that are answered at once. */
const CELLS_MAX = 50_000;

interface UsageQuery {
  readonly groupBy: readonly UsageGroup[];
  readonly measure: "units" | "money";
  readonly productCode?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly dimension?: string | undefined;
  /** Whole hours since the epoch; the last one is not included. */
  readonly fromHour: number;
  readonly toHour: number;
}

interface UsageCellRow extends Readonly<Partial<Record<UsageGroup, string>>> {
  readonly units: string;
  /** US dollars in decimals; absent where nothing of it has a price. */
  readonly money?: string | undefined;
}

/** More cells than are answered at once. */
export class TooManyCellsError extends Error {
  constructor() {
    super(`There are more than ${CELLS_MAX} cells.`);
    this.name = "TooManyCellsError";
  }
}

/** What is in no cell was not used. Throws TooManyCellsError. */
export async function usageCells(ledger: Ledger, query: UsageQuery): Promise<readonly UsageCellRow[]> {
  const names = await namesAsMetered(ledger);
  const { groupBy, fromHour, toHour } = query;
  const cells = new Map<string, { readonly members: Readonly<Record<string, string>>; readonly amount: Amount }>();
  const spans = groupBy.includes("month") ? monthsIn(fromHour, toHour) : [[fromHour, toHour] as const];
  for (const [from, to] of spans) {
    const { used } = await usedIn(ledger, names, { ...wantedOf(query, names), fromHour: from, toHour: to });
    for (const each of used) {
      if (!isAskedFor(each, query, names)) continue;
      const members = membersOf(each, query, names);
      const key = Object.values(members).join("\n");
      let cell = cells.get(key);
      if (cell === undefined) {
        if (cells.size === CELLS_MAX) throw new TooManyCellsError();
        cells.set(key, (cell = { members, amount: new Amount() }));
      }
      cell.amount.add(each, ledger.catalogue);
    }
  }
  return [...cells]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { members, amount }]) => {
      const money = query.measure === "money" ? amount.worth : undefined;
      return { ...members, units: amount.units, ...(money === undefined ? {} : { money }) };
    });
}

function wantedOf(query: UsageQuery, names: NamesAsMetered): Omit<UsageSpan, "fromHour" | "toHour"> {
  const { groupBy, measure, productCode, customerAccountId, dimension } = query;
  const by = new Set<SumColumn>(SUM_COLUMNS.filter((name) => groupBy.includes(name)));
  // What an identifier stands for is said of one product; what something is worth, of one dimension of it.
  if (customerAccountId !== undefined) by.add("customer");
  if (by.has("customer") || measure === "money") by.add("product");
  if (measure === "money") by.add("dimension");
  return {
    by: [...by],
    grain: groupBy.includes("hour") ? "hour" : groupBy.includes("day") ? "day" : undefined,
    products: productCode === undefined ? undefined : [productCode],
    customers: customerAccountId === undefined ? undefined : customersOf(customerAccountId, names),
    dimensions: dimension === undefined ? undefined : [dimension],
  };
}

/** However records name the account. Of some products, others may have the same identifiers (`isAskedFor`). */
function customersOf(accountId: string, names: NamesAsMetered): string[] {
  return [accountCustomer(accountId), ...names.identifiersOf(accountId).map(identifiedCustomer)];
}

/** One identifier may stand for different accounts, in different products or at different times. */
function isAskedFor(used: Used, { customerAccountId }: UsageQuery, names: NamesAsMetered): boolean {
  return customerAccountId === undefined || namedCustomer(names, used).accountId === customerAccountId;
}

/** In the order that they were asked for. */
function membersOf(used: Used, { groupBy }: UsageQuery, names: NamesAsMetered): Readonly<Record<string, string>> {
  return Object.fromEntries(groupBy.map((group) => [group, memberOf(group, used, names)]));
}

function memberOf(group: UsageGroup, used: Used, names: NamesAsMetered): string {
  const atMs = used.hour * HOUR_MS;
  if (group === "hour") return isoSecond(atMs);
  if (group === "day") return dayText(atMs);
  if (group === "month") return iso(atMs).slice(0, "2026-03".length);
  if (group !== "customer") return used[group];
  const { accountId, identifier = "" } = namedCustomer(names, used);
  return accountId ?? identifier;
}

/** `2026-03-14`. */
export function dayText(atMs: EpochMs): string {
  return iso(atMs).slice(0, "2026-03-14".length);
}

/** The months that the range lies in, cut to it. */
function monthsIn(fromHour: number, toHour: number): (readonly [from: number, to: number])[] {
  const spans: (readonly [number, number])[] = [];
  for (let from = fromHour; from < toHour;) {
    const at = new Date(from * HOUR_MS);
    const next = Math.min(toHour, Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1) / HOUR_MS);
    spans.push([from, next]);
    from = next;
  }
  return spans;
}

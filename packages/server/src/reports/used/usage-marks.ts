/**
 * What of the usage of a range of hours did not go as its sender meant it: records that came again with other usage and were refused,
 * records that were refused and not accepted afterwards, running time that was adjusted. Refusals are read from the entries,
 * which alone say whose usage it was: the newest of them, and never more than so many.
 */
import { HOUR_MS, isoSecond, type EpochMs, type UsageRecord } from "@countinghouse/protocol";
import { accountCustomer, customerOf, hourOf } from "../../domain/metering/metering-record.ts";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import { DAY_HOURS } from "../../ledger/sums/sums.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { namesAsMetered, type NamesAsMetered } from "../../ledger/names-as-metered.ts";
import { namedCustomer } from "./named-customer.ts";
import { dayText } from "./usage-cells.ts";
import { usedIn } from "./used.ts";

interface MarksQuery {
  readonly productCode?: string | undefined;
  /** Whole hours since the epoch; the last one is not included. */
  readonly fromHour: number;
  readonly toHour: number;
  readonly grain: "hour" | "day";
}

interface UsageMarkRow {
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly hour?: string | undefined;
  readonly day?: string | undefined;
  readonly duplicates?: number | undefined;
  readonly refused?: number | undefined;
  readonly adjusted?: true | undefined;
}

interface UsageMarks {
  readonly items: readonly UsageMarkRow[];
  /** Where there are too many entries for the whole range: from when on they were looked at. */
  readonly completeFromMs: EpochMs | undefined;
}

interface Marked {
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly hour: number;
  duplicates: number;
  refused: number;
  adjusted: boolean;
  /** When usage of it was accepted last; what was refused before that has come right. */
  acceptedMs: EpochMs;
}

/** No usage is accepted longer after its hour, by any rule set. */
const LATE_HOURS = 48;
const ENTRIES_MAX = 10_000;
const PAGE_ENTRIES = 500;
const DAY_MS = DAY_HOURS * HOUR_MS;
const OF_USAGE = { operations: ["BatchMeterUsage", "MeterUsage"], order: "newest" } as const;

interface TimeSpan {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

export async function usageMarks(ledger: Ledger, query: MarksQuery, entriesMax = ENTRIES_MAX): Promise<UsageMarks> {
  const names = await namesAsMetered(ledger);
  const { productCode, fromHour, toHour, grain } = query;
  const marks = new Marks(ledger.catalogue, names, query);
  let read = 0;
  let completeFromMs: EpochMs | undefined;
  for (const span of await spansToRead(ledger, query)) {
    let cursor: string | undefined;
    do {
      if (read >= entriesMax) {
        completeFromMs ??= span.toMs;
        break;
      }
      const limit = Math.min(PAGE_ENTRIES, entriesMax - read);
      const page = await ledger.events({ ...OF_USAGE, ...span, productCode, cursor, limit });
      for (const entry of page.items) marks.see(entry);
      read += page.items.length;
      cursor = page.nextCursor;
      if (read >= entriesMax && cursor !== undefined) completeFromMs = page.items.at(-1)?.atMs;
    } while (cursor !== undefined);
  }
  const by = ["product", "customer", "dimension"] as const;
  const products = productCode === undefined ? undefined : [productCode];
  const { used } = await usedIn(ledger, names, { by, grain, products, fromHour, toHour });
  for (const { kind, ...usage } of used) if (kind === "adjustment") marks.adjusted(usage);
  return { items: marks.rows(), completeFromMs };
}

/**
 * The days on which something was refused, as the sums tell, each with as many hours as usage may be accepted afterwards; the newest
 * first. Of all other days no entry is read.
 */
async function spansToRead(
  ledger: Ledger,
  { productCode, fromHour, toHour }: MarksQuery,
): Promise<readonly TimeSpan[]> {
  const range = { fromMs: fromHour * HOUR_MS, toMs: (toHour + LATE_HOURS) * HOUR_MS };
  const days = { fromDay: Math.floor(range.fromMs / DAY_MS), toDay: Math.ceil(range.toMs / DAY_MS) };
  const { tallies } = await ledger.sums({ tallies: { about: ["duplicate", "refusal"], ...days } });
  // Of a call that was refused as a whole, the sums do not say which product it was about.
  const meant = tallies.filter(({ product }) => product === "" || product === (productCode ?? product));
  const spans: TimeSpan[] = [];
  for (const day of [...new Set(meant.map((tally) => tally.day))].toSorted((a, b) => b - a)) {
    const fromMs = Math.max(range.fromMs, day * DAY_MS);
    const toMs = Math.min(range.toMs, (day + 1) * DAY_MS + LATE_HOURS * HOUR_MS);
    const later = spans.at(-1);
    if (later !== undefined && later.fromMs <= toMs) spans[spans.length - 1] = { fromMs, toMs: later.toMs };
    else spans.push({ fromMs, toMs });
  }
  return spans;
}

class Marks {
  readonly #catalogue: CatalogueView;
  readonly #names: NamesAsMetered;
  readonly #query: MarksQuery;
  readonly #byKey = new Map<string, Marked>();

  constructor(catalogue: CatalogueView, names: NamesAsMetered, query: MarksQuery) {
    this.#catalogue = catalogue;
    this.#names = names;
    this.#query = query;
  }

  /** Entries come with the newest first. */
  see({ atMs, event }: LedgerEntry): void {
    if (event.kind === "call-refused") {
      const { productCode, usageRecords } = event.request ?? {};
      // A request that was too long is kept as its beginning.
      for (const record of Array.isArray(usageRecords) ? usageRecords : []) {
        if (isUsage(record)) this.#refused(atMs, record, typeof productCode === "string" ? productCode : undefined);
      }
      return;
    }
    if (event.kind !== "usage-metered") return;
    for (const { usageRecord, status, keptAs } of event.records) {
      if (status === "DuplicateRecord") {
        const mark = this.#mark(usageRecord, event.productCode, atMs);
        if (mark !== undefined) mark.duplicates += 1;
      } else if (status === "Success") {
        const mark = keptAs === undefined ? this.#mark(usageRecord, event.productCode, atMs) : undefined;
        if (mark !== undefined) mark.acceptedMs = Math.max(mark.acceptedMs, atMs);
      } else this.#refused(atMs, usageRecord, event.productCode);
    }
  }

  adjusted(usage: {
    readonly product: string;
    readonly customer: string;
    readonly dimension: string;
    readonly hour: number;
    readonly lastMs: EpochMs;
  }): void {
    const { accountId, identifier = "" } = namedCustomer(this.#names, usage);
    this.#at({ ...usage, customer: accountId ?? identifier }).adjusted = true;
  }

  /** By product, customer, dimension and time. */
  rows(): readonly UsageMarkRow[] {
    const rows = new Map<string, UsageMarkRow>();
    for (const { product, customer, dimension, hour, duplicates, refused, adjusted } of this.#byKey.values()) {
      if (duplicates + refused === 0 && !adjusted) continue;
      const atMs = hour * HOUR_MS;
      const time = this.#query.grain === "hour" ? { hour: isoSecond(atMs) } : { day: dayText(atMs) };
      const key = JSON.stringify([product, customer, dimension, time]);
      const known = rows.get(key);
      rows.set(key, {
        product,
        customer,
        dimension,
        ...time,
        duplicates: sum(known?.duplicates, duplicates),
        refused: sum(known?.refused, refused),
        adjusted: adjusted || known?.adjusted === true ? true : undefined,
      });
    }
    return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  #refused(atMs: EpochMs, record: UsageRecord, productCode: string | undefined): void {
    const mark = this.#mark(record, productCode, atMs);
    if (mark !== undefined && mark.acceptedMs < atMs) mark.refused += 1;
  }

  /** Undefined out of the range, and for what nobody knows: what a refused record names is up to who sends it. */
  #mark(record: UsageRecord, productCode: string | undefined, atMs: EpochMs): Marked | undefined {
    const { fromHour, toHour } = this.#query;
    const hour = hourOf(record.timestampMs);
    const product = productCode ?? this.#catalogue.agreementByLicense(record.licenseArn ?? "")?.productCode;
    if (hour < fromHour || hour >= toHour || product === undefined) return undefined;
    const usage = { product, customer: customerOf(record), lastMs: record.timestampMs, recordedAtMs: atMs };
    const { accountId } = namedCustomer(this.#names, usage);
    if (accountId === undefined || !this.#isKnown(product, accountId, record.dimension)) return undefined;
    return this.#at({ product, customer: accountId, dimension: record.dimension, hour });
  }

  #isKnown(productCode: string, accountId: string, dimension: string): boolean {
    const { dimensions = [], droppedDimensions = [] } = this.#catalogue.product(productCode) ?? {};
    return (
      [...dimensions, ...droppedDimensions].some(({ name }) => name === dimension) &&
      this.#catalogue.agreementsOf(productCode, accountCustomer(accountId)).length > 0
    );
  }

  #at({ product, customer, dimension, hour }: Pick<Marked, "product" | "customer" | "dimension" | "hour">): Marked {
    const key = JSON.stringify([product, customer, dimension, hour]);
    let mark = this.#byKey.get(key);
    if (mark === undefined) {
      const nothing = { duplicates: 0, refused: 0, adjusted: false, acceptedMs: -Infinity };
      this.#byKey.set(key, (mark = { product, customer, dimension, hour, ...nothing }));
    }
    return mark;
  }
}

const sum = (a = 0, b: number): number | undefined => (a + b === 0 ? undefined : a + b);

/** Whether what was kept of a refused request is a whole usage record. */
function isUsage(value: unknown): value is UsageRecord {
  if (typeof value !== "object" || value === null) return false;
  const { timestampMs, dimension, customerIdentifier, customerAccountId } = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(timestampMs) &&
    typeof dimension === "string" &&
    [typeof customerIdentifier, typeof customerAccountId].includes("string")
  );
}

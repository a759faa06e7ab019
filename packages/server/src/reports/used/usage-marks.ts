/**
 * What of the usage of a range of hours did not go as its sender meant it: records that came again with other usage and were refused,
 * records that were refused and not accepted afterwards, running time that was adjusted. Refusals are read from the entries,
 * which alone say whose usage it was: the newest of them, and never more than so many.
 */
import { HOUR_MS, isoSecond, type EpochMs, type UsageRecord } from "@countinghouse/protocol";
import { accountCustomer, customerOf, hourOf } from "../../domain/metering/metering-record.ts";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import type { Asked, Call, LedgerEntry } from "../../ledger/entry.ts";
import { DAY_HOURS } from "../../ledger/sums/sums.ts";
import type { EventQuery, Ledger } from "../../ledger/ledger.ts";
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
  /** The resource that meters itself; empty where a seller meters. Each has records of its own. */
  readonly resourceId: string;
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
const METER_USAGE = "MeterUsage";
const BATCH_METER_USAGE = "BatchMeterUsage";

type CallsQuery = Pick<EventQuery, "operations" | "productCode" | "accountId">;

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
    for (const calls of callsAbout(productCode, ledger.catalogue)) {
      let cursor: string | undefined;
      do {
        if (read >= entriesMax) {
          completeFromMs = Math.max(completeFromMs ?? span.toMs, span.toMs);
          break;
        }
        const limit = Math.min(PAGE_ENTRIES, entriesMax - read);
        const page = await ledger.events({ ...calls, ...span, order: "newest", cursor, limit });
        for (const entry of page.items) marks.see(entry);
        read += page.items.length;
        cursor = page.nextCursor;
        // Of the last entry's millisecond there may be more.
        if (read >= entriesMax && cursor !== undefined) completeFromMs = (page.items.at(-1)?.atMs ?? span.toMs) + 1;
      } while (cursor !== undefined);
    }
  }
  const by = ["product", "customer", "dimension"] as const;
  const products = productCode === undefined ? undefined : [productCode];
  const { used } = await usedIn(ledger, names, { by, grain, products, fromHour, toHour });
  for (const { kind, ...usage } of used) if (kind === "adjustment") marks.adjusted(usage);
  return { items: marks.rows(), completeFromMs };
}

/** Entries of refused batches whose records name licences do not name the product: these are looked for at its seller's. */
function callsAbout(productCode: string | undefined, catalogue: CatalogueView): readonly CallsQuery[] {
  const all = { operations: [BATCH_METER_USAGE, METER_USAGE], productCode };
  const seller = productCode === undefined ? undefined : catalogue.product(productCode)?.seller;
  const hasLicences = catalogue
    .list("agreement")
    .some((agreement) => agreement.productCode === productCode && agreement.licenseArn !== undefined);
  if (seller === undefined || !hasLicences) return [all];
  return [
    { operations: [BATCH_METER_USAGE], accountId: seller },
    { operations: [METER_USAGE], productCode },
  ];
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
  see({ atMs, call, event }: LedgerEntry): void {
    if (event.kind === "call-refused") {
      for (const usage of usageIn(call, event.request)) {
        const mark = this.#mayTell(call, usage, atMs) ? this.#mark(usage, atMs) : undefined;
        if (mark === undefined) continue;
        if (event.code === DUPLICATE) mark.duplicates += 1;
        else refuse(mark, atMs);
      }
      return;
    }
    if (event.kind !== "usage-metered") return;
    const { productCode, resourceId = "" } = event;
    for (const { usageRecord, status, keptAs } of event.records) {
      // Of what came again in the same way, nothing is told.
      if (status === "Success" && keptAs !== undefined) continue;
      const mark = this.#mark({ record: usageRecord, productCode, resourceId }, atMs);
      if (mark === undefined) continue;
      if (status === "DuplicateRecord") mark.duplicates += 1;
      else if (status === "Success") mark.acceptedMs = Math.max(mark.acceptedMs, atMs);
      else refuse(mark, atMs);
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
    this.#at({ ...usage, customer: accountId ?? identifier, resourceId: "" }).adjusted = true;
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

  /** Undefined out of the range, and for what nobody knows: what a refused record names is up to who sends it. */
  #mark(usage: SentUsage, atMs: EpochMs): Marked | undefined {
    const { record, resourceId } = usage;
    const { fromHour, toHour, productCode } = this.#query;
    const hour = hourOf(record.timestampMs);
    const product = this.#productOf(usage);
    if (hour < fromHour || hour >= toHour || product === undefined) return undefined;
    if (productCode !== undefined && product !== productCode) return undefined;
    const named = { product, customer: customerOf(record), lastMs: record.timestampMs, recordedAtMs: atMs };
    const { accountId } = namedCustomer(this.#names, named);
    if (accountId === undefined || !this.#isKnown(product, accountId, record.dimension)) return undefined;
    return this.#at({ product, customer: accountId, dimension: record.dimension, hour, resourceId });
  }

  #productOf({ record, productCode }: SentUsage): string | undefined {
    return productCode ?? this.#catalogue.agreementByLicense(record.licenseArn ?? "")?.productCode;
  }

  /** Whoever has an access key can send batches that name others, and is refused. MeterUsage names the caller's own account. */
  #mayTell({ operation, accountId }: Call, usage: SentUsage, atMs: EpochMs): boolean {
    if (operation === METER_USAGE) return true;
    const product = this.#productOf(usage);
    return product !== undefined && this.#names.sellerOf(product, atMs) === accountId;
  }

  #isKnown(productCode: string, accountId: string, dimension: string): boolean {
    const { dimensions = [], droppedDimensions = [] } = this.#catalogue.product(productCode) ?? {};
    return (
      [...dimensions, ...droppedDimensions].some(({ name }) => name === dimension) &&
      this.#catalogue.agreementsOf(productCode, accountCustomer(accountId)).length > 0
    );
  }

  #at(of: Pick<Marked, "product" | "customer" | "dimension" | "hour" | "resourceId">): Marked {
    const { product, customer, dimension, hour, resourceId } = of;
    const key = JSON.stringify([product, customer, dimension, hour, resourceId]);
    let mark = this.#byKey.get(key);
    if (mark === undefined) {
      const nothing = { duplicates: 0, refused: 0, adjusted: false, acceptedMs: -Infinity };
      this.#byKey.set(key, (mark = { product, customer, dimension, hour, resourceId, ...nothing }));
    }
    return mark;
  }
}

const sum = (a = 0, b: number): number | undefined => (a + b === 0 ? undefined : a + b);

/** A usage record as it was sent. */
interface SentUsage {
  readonly record: UsageRecord;
  readonly productCode: string | undefined;
  readonly resourceId: string;
}

/** What Rule M5 answers to a resource; records of a batch have a status for it. */
const DUPLICATE = "DuplicateRequestException";

/** What entries accept stands above refusals of before: entries come with the newest first. */
function refuse(mark: Marked, atMs: EpochMs): void {
  if (mark.acceptedMs < atMs) mark.refused += 1;
}

/** The whole usage records in what is kept of a refused request: one that was too long is kept as its beginning. */
function usageIn({ operation, accountId, session }: Call, request: Asked = {}): readonly SentUsage[] {
  const { productCode, usageRecords } = request;
  const code = typeof productCode === "string" ? productCode : undefined;
  if (operation === METER_USAGE) {
    const { timestampMs, usageDimension: dimension, dryRun } = request;
    if (dryRun === true) return [];
    const record = { timestampMs, dimension, customerAccountId: accountId };
    return isUsage(record) ? [{ record, productCode: code, resourceId: session?.resourceId ?? "" }] : [];
  }
  const records: readonly unknown[] = Array.isArray(usageRecords) ? usageRecords : [];
  return records.filter(isUsage).map((record) => ({ record, productCode: code, resourceId: "" }));
}

function isUsage(value: unknown): value is UsageRecord {
  if (typeof value !== "object" || value === null) return false;
  const { timestampMs, dimension, customerIdentifier, customerAccountId } = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(timestampMs) &&
    typeof dimension === "string" &&
    [typeof customerIdentifier, typeof customerAccountId].includes("string")
  );
}

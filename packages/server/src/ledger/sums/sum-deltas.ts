/** What entries add to the sums. Pure: an entry says all that is to be known of it. */
import { HOUR_MS, type EpochMs, type UsageRecord } from "@countinghouse/protocol";
import { accountCustomer, customerOf, hourOf, sameCustomer } from "../../domain/metering/metering-record.ts";
import type { DecidedRecord, LedgerEntry, LedgerEvent } from "../entry.ts";
import { DAY_HOURS, type TallyCell, type UsageCell, type UseKind } from "./sums.ts";

const DAY_MS = DAY_HOURS * HOUR_MS;

/** Records that were older than this many hours when they came are counted together. */
export const AGE_HOURS_MAX = 48;
/** Records that lie ahead of the clock. */
export const AGE_AHEAD = "-1";

type Counted = Pick<TallyCell, "about"> & Partial<Omit<TallyCell, "about" | "day">>;

/** What the hours of one product, region, kind, customer and dimension have in common. */
interface Series {
  readonly members: Omit<UsageCell, "hour" | "amount" | "lastMs">;
  readonly hours: Map<number, UsageCell>;
}

/** By customer, then by dimension. */
type SeriesOfProduct = Map<string, Map<string, Series>>;

export class SumDeltas {
  /** By product, region and kind: of an entry, all records have these in common, so that they are looked up once. */
  readonly #series = new Map<string, SeriesOfProduct>();
  readonly #tallies = new Map<string, TallyCell>();
  #size = 0;

  /** Those of a series follow each other. */
  get usage(): readonly UsageCell[] {
    return [...this.#series.values()].flatMap((byCustomer) =>
      [...byCustomer.values()].flatMap((byDimension) =>
        [...byDimension.values()].flatMap(({ hours }) => [...hours.values()]),
      ),
    );
  }

  get tallies(): readonly TallyCell[] {
    return [...this.#tallies.values()];
  }

  /** How many sums are touched. */
  get size(): number {
    return this.#size + this.#tallies.size;
  }

  add({ atMs, call, event }: LedgerEntry): void {
    const { operation, region = "" } = call;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- nothing else is used or refused
    switch (event.kind) {
      case "usage-metered":
        return this.#addMetered(event, { atMs, operation, region });
      case "usage-accrued":
        for (const { customerAccountId, dimension, region: usedIn, hour, seconds, adjustment } of event.uses) {
          const kind = adjustment === undefined ? "final" : "adjustment";
          const series = this.#seriesOf(event.productCode, usedIn, kind);
          const customer = accountCustomer(customerAccountId);
          const members = { product: event.productCode, customer, dimension, region: usedIn, kind } as const;
          this.#addUsage(series, members, hour, BigInt(seconds), hour * HOUR_MS);
        }
        return undefined;
      case "call-refused":
        this.#count(atMs, { about: "refusal", detail: detailOf(operation, event.code, event.rule), calls: 1 });
        return undefined;
      case "calls-not-kept":
        for (const { operation: called, code, count } of event.counts) {
          this.#count(atMs, { about: "refusal", detail: detailOf(called, code), calls: count });
        }
        return undefined;
      default:
        return undefined;
    }
  }

  #addMetered(
    event: Extract<LedgerEvent, { kind: "usage-metered" }>,
    { atMs, operation, region }: { readonly atMs: EpochMs; readonly operation: string; readonly region: string },
  ): void {
    const { productCode: product = "" } = event;
    const kind = "units";
    const series = this.#seriesOf(product, region, kind);
    let before: UsageRecord | undefined;
    let customer = "";
    let age: TallyCell | undefined;
    for (const record of event.records) {
      const { usageRecord, status, keptAs, rule } = record;
      const { dimension, timestampMs } = usageRecord;
      const units = BigInt(usageRecord.quantity ?? 0);
      // Records of one customer often follow each other, and so do those of one age.
      if (before === undefined || !sameCustomer(before, usageRecord)) customer = customerOf(usageRecord);
      before = usageRecord;
      if (isAccepted(record)) {
        const members = { product, customer, dimension, region, kind } as const;
        this.#addUsage(series, members, hourOf(timestampMs), units, timestampMs);
        const detail = ageOf(usageRecord, atMs);
        if (age?.detail === detail) {
          age.records += 1;
          age.units += units;
        } else age = this.#count(atMs, { about: "age", product, detail, records: 1, units });
      } else if (keptAs !== undefined) {
        const about = status === "Success" ? "replay" : "duplicate";
        this.#count(atMs, { about, product, customer, dimension, records: 1, units });
      } else {
        // Which customers are named here is up to who sends: they are not told apart.
        const detail = detailOf(operation, status, rule);
        this.#count(atMs, { about: "refusal", product, detail, records: 1, units });
      }
    }
  }

  #seriesOf(product: string, region: string, kind: UseKind): SeriesOfProduct {
    const key = `${product}\n${region}\n${kind}`;
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = new Map()));
    return series;
  }

  #addUsage(series: SeriesOfProduct, members: Series["members"], hour: number, amount: bigint, lastMs: EpochMs): void {
    let byDimension = series.get(members.customer);
    if (byDimension === undefined) series.set(members.customer, (byDimension = new Map()));
    let found = byDimension.get(members.dimension);
    if (found === undefined) byDimension.set(members.dimension, (found = { members, hours: new Map() }));
    const known = found.hours.get(hour);
    if (known === undefined) {
      found.hours.set(hour, { hour, ...found.members, amount, lastMs });
      this.#size += 1;
      return;
    }
    known.amount += amount;
    known.lastMs = Math.max(known.lastMs, lastMs);
  }

  #count(atMs: EpochMs, counted: Counted): TallyCell {
    const { about, product = "", customer = "", dimension = "", detail = "", calls = 0, records = 0 } = counted;
    const { units = 0n } = counted;
    const day = Math.floor(atMs / DAY_MS);
    const key = `${day}\n${about}\n${product}\n${customer}\n${dimension}\n${detail}`;
    const known = this.#tallies.get(key);
    if (known === undefined) {
      const cell = { day, about, product, customer, dimension, detail, calls, records, units };
      this.#tallies.set(key, cell);
      return cell;
    }
    known.calls += calls;
    known.records += records;
    known.units += units;
    return known;
  }
}

/** The sums of some entries. */
export function sumsOf(entries: Iterable<LedgerEntry>): SumDeltas {
  const deltas = new SumDeltas();
  for (const entry of entries) deltas.add(entry);
  return deltas;
}

/** Replays and duplicates say which record stands in their place. */
function isAccepted({ status, keptAs }: DecidedRecord): boolean {
  return status === "Success" && keptAs === undefined;
}

/** Operation, code and rule: none of them holds a space. */
function detailOf(operation: string, code: string, rule = "-"): string {
  return `${operation} ${code} ${rule}`;
}

function ageOf({ timestampMs }: UsageRecord, atMs: EpochMs): string {
  if (timestampMs > atMs) return AGE_AHEAD;
  return String(Math.min(AGE_HOURS_MAX, Math.floor((atMs - timestampMs) / HOUR_MS)));
}

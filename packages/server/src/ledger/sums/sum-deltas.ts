/** What entries add to the sums. Pure: an entry says all that is to be known of it. */
import { HOUR_MS, type EpochMs, type UsageRecord } from "@countinghouse/protocol";
import { accountCustomer, customerOf, hourOf } from "../../domain/metering/metering-record.ts";
import type { DecidedRecord, LedgerEntry, LedgerEvent } from "../entry.ts";
import { DAY_HOURS, type TallyCell, type UsageCell } from "./sums.ts";

const DAY_MS = DAY_HOURS * HOUR_MS;

/** Records that were older than this many hours when they came are counted together. */
export const AGE_HOURS_MAX = 48;
/** Records that lie ahead of the clock. */
export const AGE_AHEAD = "-1";

type Counted = Pick<TallyCell, "about"> & Partial<Omit<TallyCell, "about" | "day">>;

export class SumDeltas {
  readonly #usage = new Map<string, UsageCell>();
  readonly #tallies = new Map<string, TallyCell>();

  get usage(): readonly UsageCell[] {
    return [...this.#usage.values()];
  }

  get tallies(): readonly TallyCell[] {
    return [...this.#tallies.values()];
  }

  /** How many sums are touched. */
  get size(): number {
    return this.#usage.size + this.#tallies.size;
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
          const customer = accountCustomer(customerAccountId);
          const cell = { hour, product: event.productCode, customer, dimension, region: usedIn, kind } as const;
          this.#addUsage({ ...cell, amount: BigInt(seconds), lastMs: hour * HOUR_MS });
        }
        return undefined;
      case "call-refused":
        return this.#count(atMs, { about: "refusal", detail: detailOf(operation, event.code, event.rule), calls: 1 });
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
    for (const record of event.records) {
      const { usageRecord, status, keptAs, rule } = record;
      const { dimension, timestampMs } = usageRecord;
      const units = BigInt(usageRecord.quantity ?? 0);
      if (isAccepted(record)) {
        const cell = { hour: hourOf(timestampMs), product, customer: customerOf(usageRecord), dimension, region };
        this.#addUsage({ ...cell, kind: "units", amount: units, lastMs: timestampMs });
        this.#count(atMs, { about: "age", product, detail: ageOf(usageRecord, atMs), records: 1, units });
      } else if (keptAs !== undefined) {
        const about = status === "Success" ? "replay" : "duplicate";
        this.#count(atMs, { about, product, customer: customerOf(usageRecord), dimension, records: 1, units });
      } else {
        // Which customers are named here is up to who sends: they are not told apart.
        const detail = detailOf(operation, status, rule);
        this.#count(atMs, { about: "refusal", product, detail, records: 1, units });
      }
    }
  }

  #addUsage(cell: UsageCell): void {
    const { hour, product, customer, dimension, region, kind } = cell;
    const key = `${hour}\n${product}\n${customer}\n${dimension}\n${region}\n${kind}`;
    const known = this.#usage.get(key);
    if (known === undefined) {
      this.#usage.set(key, cell);
      return;
    }
    known.amount += cell.amount;
    known.lastMs = Math.max(known.lastMs, cell.lastMs);
  }

  #count(atMs: EpochMs, counted: Counted): void {
    const { about, product = "", customer = "", dimension = "", detail = "", calls = 0, records = 0 } = counted;
    const { units = 0n } = counted;
    const day = Math.floor(atMs / DAY_MS);
    const key = `${day}\n${about}\n${product}\n${customer}\n${dimension}\n${detail}`;
    const known = this.#tallies.get(key);
    if (known === undefined) {
      this.#tallies.set(key, { day, about, product, customer, dimension, detail, calls, records, units });
      return;
    }
    known.calls += calls;
    known.records += records;
    known.units += units;
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

/**
 * Sums of the ledger's entries: what was used, hour by hour, of which product, dimension and region by which customer; and counts
 * of what was refused, came late or came twice. They follow from the entries alone, in any order: no clock, price or rule set
 * is in them. Whoever asks for sums gets everything that was committed before. Prices are put in by whoever reads them.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { LaneHead } from "../chain-head.ts";
import type { AccruedUse } from "../entry.ts";

/** What an amount is: counted units, or seconds of running time, as they were first written or as adjustments change them. */
export type UseKind = "units" | "final" | "adjustment";

export const USE_KINDS: readonly UseKind[] = ["units", "final", "adjustment"];

/** Hours in a day. */
export const DAY_HOURS = 24;

/** By what sums of usage are told apart, besides hour and kind. */
export type SumColumn = "product" | "customer" | "dimension" | "region";

export const SUM_COLUMNS: readonly SumColumn[] = ["product", "customer", "dimension", "region"];

/** What was used in an hour. */
export interface UsageCell {
  /** Whole hours since the epoch. */
  readonly hour: number;
  readonly product: string;
  /** As identified in the record (`customerOf`). */
  readonly customer: string;
  readonly dimension: string;
  readonly region: string;
  readonly kind: UseKind;
  amount: bigint;
  /** The latest time of usage, as sent. */
  lastMs: EpochMs;
}

/**
 * What is counted of calls: `refusal` (calls, or records, that were refused), `age` (accepted records by how old they were when they
 * came), `duplicate` and `replay` (records that came again).
 */
export type TallyAbout = "refusal" | "age" | "duplicate" | "replay";

/** Counts of a day, by the time of the entries. */
export interface TallyCell {
  /** Whole days since the epoch. */
  readonly day: number;
  readonly about: TallyAbout;
  /** Empty where it is about no product; and so with the others. */
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  /** Of a refusal: operation, code and rule, with spaces between. Of an age: whole hours. */
  readonly detail: string;
  calls: number;
  records: number;
  units: bigint;
}

/** Which usage is wanted, and how it is told apart. */
export interface UsageSpan {
  /** Whole hours since the epoch; the last one is not included. */
  readonly fromHour: number;
  readonly toHour: number;
  readonly by: readonly SumColumn[];
  /** Undefined: the span as a whole. */
  readonly grain?: "hour" | "day" | undefined;
  readonly products?: readonly string[] | undefined;
  /** All but these. */
  readonly notProducts?: readonly string[] | undefined;
  /** As identified in records. */
  readonly customers?: readonly string[] | undefined;
  readonly dimensions?: readonly string[] | undefined;
}

/** Members that were not asked for are empty. */
export interface UsageSum {
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly region: string;
  /** The hour; or the first one of the day that lies in the span; of a span as a whole, its first. */
  readonly hour: number;
  readonly kind: UseKind;
  readonly amount: bigint;
  /** The latest time of usage, as sent, on the days that the sum is of. */
  readonly lastMs: EpochMs;
}

export interface TallyQuery {
  readonly about: readonly TallyAbout[];
  /** Whole days since the epoch; the last one is not included. */
  readonly fromDay: number;
  readonly toDay: number;
}

export interface SumsQuestion {
  readonly usage?: readonly UsageSpan[] | undefined;
  readonly tallies?: TallyQuery | undefined;
  /** Accrued use of entries after these is told one by one, as far as it is in the sums. */
  readonly accruedAfter?: readonly LaneHead[] | undefined;
}

/** Use that the control plane metered, with the product that it is of. */
export interface AccruedOf {
  readonly productCode: string;
  readonly use: AccruedUse;
}

export interface SumsAnswer {
  /** For each span that was asked for. */
  readonly usage: readonly (readonly UsageSum[])[];
  readonly tallies: readonly TallyCell[];
  readonly accrued: readonly AccruedOf[];
  /** Present where entries expired before sums were kept of them: of entries before this time nothing is in the sums. */
  readonly completeSinceMs?: EpochMs | undefined;
}

export interface SumCells {
  readonly usage: readonly UsageCell[];
  readonly tallies: readonly TallyCell[];
}

/** What is kept of entries that have expired. */
export interface ExpiredSums {
  /** Some cells at a time. They can be read once, and while nothing is changed. */
  readonly parts: Iterable<SumCells>;
  /** See `SumsAnswer.completeSinceMs`. */
  readonly completeSinceMs: EpochMs | undefined;
}

/** The most sums that the spans of a question may come to. */
export const SUMS_MAX = 500_000;

/** More sums than can be answered at once. */
export class TooManySumsError extends Error {
  constructor() {
    super(`There are more than ${SUMS_MAX} sums.`);
    this.name = "TooManySumsError";
  }
}

/** How far sums have come that are being added up, in entries. */
export interface SumsProgress {
  readonly done: number;
  readonly of: number;
}

/** The entries have not all been added up yet, and whoever asked has waited long enough. */
export class SumsBehindError extends Error {
  readonly progress: SumsProgress;

  constructor(progress: SumsProgress) {
    super(`The sums of the ledger are being added up: ${progress.done} of ${progress.of} entries so far. Ask again.`);
    this.name = "SumsBehindError";
    this.progress = progress;
  }
}

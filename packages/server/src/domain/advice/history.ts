/** What advice is given about: the calls of a stretch of time, in the order in which they came. */
import type { EpochMs } from "@countinghouse/protocol";

/** A usage record that was sent, and what came of it. */
export interface SentRecord {
  /** What makes usage one record: hour, region, offering, customer as named, dimension. */
  readonly key: string;
  /** Whole hours since the epoch. */
  readonly hour: number;
  readonly timestampMs: EpochMs;
  readonly quantity: number;
  readonly dimension: string;
  /** The customer's account, where the catalogue tells it by the name in the record; else that name. */
  readonly customer: string;
  /** The product code or licence by which it was sent, with the kind of name that its customer has there. */
  readonly namedBy: string;
  /** `refused`: with its whole call. */
  readonly outcome: "accepted" | "replay" | "duplicate" | "not-subscribed" | "unprocessed" | "refused";
  /** Of replays and duplicates: the record that stands, where it can still be read. */
  readonly kept?: KeptRecord | undefined;
}

interface KeptRecord {
  readonly timestampMs: EpochMs;
  readonly quantity: number;
}

/** A BatchMeterUsage that was decided, or refused as a whole. */
export interface BatchCall {
  readonly requestId: string;
  readonly atMs: EpochMs;
  readonly accountId: string;
  readonly productCode: string;
  readonly region: string;
  /** Why its caller was not told what became of it, where that is known: in a lab, by a fault on demand. */
  readonly failedBy?: "throttle" | "internal-error" | "drop-answer" | undefined;
  readonly records: readonly SentRecord[];
}

/** A ResolveCustomer with a token that is good: of a product of the caller's own, or of somebody else's. */
export interface Resolution {
  readonly requestId: string;
  readonly atMs: EpochMs;
  readonly accountId: string;
  /** Undefined where it was refused, because another account published the product. */
  readonly productCode: string | undefined;
}

/** An agreement that was cancelled. */
export interface Cancellation {
  readonly requestId: string;
  readonly atMs: EpochMs;
  readonly agreementId: string;
  readonly productCode: string;
  readonly customer: string;
  readonly sellerAccountId: string;
}

export interface History {
  readonly nowMs: EpochMs;
  readonly calls: readonly BatchCall[];
  readonly resolutions: readonly Resolution[];
  readonly cancellations: readonly Cancellation[];
}

/** What is found when a ledger is read from its first entry to its last. */
import type { ChainHead, LaneHead } from "./chain-head.ts";

/** How far a chain had come at some time, by a record that is kept apart from the ledger. */
export interface KnownHead extends ChainHead {
  /** What says so, for whoever reads that the two disagree. */
  readonly source: string;
}

export interface KnownLaneHead extends LaneHead, KnownHead {}

export interface ChainVerification {
  /** Entries that were read and found in order. */
  readonly entries: number;
  /** Where the chain ends, as recomputed as far as it is in order. */
  readonly head: ChainHead;
  /** The first place where something is not as it was written. The counts go as far as that. */
  readonly disagreement: string | undefined;
}

/** The same of all chains of a ledger. */
export interface LedgerVerification {
  readonly entries: number;
  readonly heads: readonly LaneHead[];
  readonly disagreement: string | undefined;
}

/** Told how many entries have been read so far. */
export type OnRead = (entries: number) => void;

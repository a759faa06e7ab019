/** The findings of reading a ledger from its first entry to its last. */
import type { ChainHead, LaneHead } from "./chain-head.ts";

/** How far a chain had come at some time, according to a record that is kept apart from the ledger. */
export interface KnownHead extends ChainHead {
  /** Names that record, for a reader of the message that the two disagree. */
  readonly source: string;
}

export interface KnownLaneHead extends LaneHead, KnownHead {}

export interface ChainVerification {
  /** How many entries were read and found in order. */
  readonly entries: number;
  /** The head up to which the recomputed chain is in order. */
  readonly head: ChainHead;
  /** The first place where something is not as it was written. The counts end there. */
  readonly disagreement: string | undefined;
}

/** The same for all chains of a ledger. */
export interface LedgerVerification {
  readonly entries: number;
  readonly heads: readonly LaneHead[];
  readonly disagreement: string | undefined;
}

/** Called with the number of entries that have been read so far, first 0, and with how many there are. */
export type OnRead = (entries: number, of: number) => void;

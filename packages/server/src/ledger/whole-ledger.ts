/** A ledger as a whole: given out, and put in place of another. Only a ledger with one writer can do that. */
import type { EpochMs } from "@countinghouse/protocol";
import type { ChainedRow, StagedEntry } from "./engine.ts";
import type { Work } from "./ledger.ts";
import type { ResourceChange } from "./resource-facts.ts";

export interface WholeLedger {
  /** Entries of the chain in their kept form, in its order, from a number on, at most `limit` of them. */
  rows(fromSeq: number, limit: number): Promise<readonly ChainedRow[]>;
  /**
   * Empties the ledger and keeps the `contents` of the decision, and after them the work's own entry, as one transaction.
   * With `onto`, rejects with LedgerMovedError where the newest entry has another number by then.
   */
  replace<A>(work: Work<A>, onto?: number): Promise<A>;
}

/** What takes the place of everything that a ledger holds, besides its catalogue. */
export interface LedgerContents {
  /** In the order of their chain. */
  readonly entries: readonly StagedEntry[];
  readonly resources: readonly ResourceChange[];
  /** The time of the entry that follows them; no earlier than the last of them. */
  readonly atMs: EpochMs;
}

/** Something was written since the ledger was looked at, so what was found then is no longer true. */
export class LedgerMovedError extends Error {
  constructor() {
    super("Something was written into the ledger meanwhile.");
    this.name = "LedgerMovedError";
  }
}

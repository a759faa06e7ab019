/** A whole ledger with one writer, in the form in which it is copied to another store. */
import type { ChainHead } from "./chain-head.ts";
import type { EncodedEntry } from "./entry-codec.ts";
import type { Loaded } from "./engine.ts";
import type { ExpiredSums } from "./sums/sums.ts";
import type { StagedResource } from "./resource-facts.ts";

export interface LinkedEntry {
  readonly seq: number;
  readonly entry: EncodedEntry;
  readonly link: Uint8Array;
}

export interface LedgerSource {
  /** The ledger's name, for people. */
  readonly name: string;
  /** The catalogue, and the position of the clock. */
  readonly loaded: Loaded;
  readonly entries: number;
  /** How many metering-record keys there are. */
  readonly meteringRecords: number;
  /** The head that the chain begins after: the chain's start, or the newest entry that has expired. */
  readonly base: ChainHead;
  readonly head: ChainHead;
  /** What is kept of entries that have expired. */
  expiredSums(): ExpiredSums;
  /** Metered resources in the order of their ids, some at a time. */
  resources(): Iterable<readonly StagedResource[]>;
  /** All entries in their order, in pages; no page takes much memory. */
  pages(): Iterable<readonly LinkedEntry[]>;
}

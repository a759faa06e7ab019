/** A whole ledger with one writer, as it is handed over to another store. */
import type { ChainHead } from "./chain-head.ts";
import type { EncodedEntry } from "./entry-codec.ts";
import type { Loaded } from "./engine.ts";
import type { StagedResource } from "./resource-facts.ts";

export interface LinkedEntry {
  readonly seq: number;
  readonly entry: EncodedEntry;
  readonly link: Uint8Array;
}

export interface LedgerSource {
  /** What it is called, for people. */
  readonly name: string;
  /** The catalogue, and where the clock stands. */
  readonly loaded: Loaded;
  readonly entries: number;
  /** Keys of metering records. */
  readonly meteringRecords: number;
  /** What the chain begins after: not its start, where entries before that have expired. */
  readonly base: ChainHead;
  readonly head: ChainHead;
  /** Metered resources in the order of their ids, some at a time. */
  resources(): Iterable<readonly StagedResource[]>;
  /** All entries in their order, some at a time: no page takes much memory. */
  pages(): Iterable<readonly LinkedEntry[]>;
}

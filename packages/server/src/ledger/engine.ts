/**
 * What a single-writer store offers the ledger: transactions over entries, record pointers and the catalogue. An
 * engine decides nothing and knows no rule.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange } from "../domain/catalogue.ts";
import type { MeteringRecordKey } from "../domain/metering-record.ts";
import type { EncodedEntry } from "./entry-codec.ts";
import type { MeteringRecordQuery, NewRecord, Page } from "./ledger.ts";

export interface Engine {
  /** What was kept before this start. */
  load(): Loaded;
  /**
   * Runs `stage` inside one transaction, keeps what it returns and makes it durable. Throws where that fails, with
   * nothing kept. `stage` may call `find` and `entry`.
   */
  commit(stage: () => StagedGroup): void;
  /** The same, after everything kept so far has been removed. */
  reset(group: StagedGroup): void;
  find(key: MeteringRecordKey): RecordPointer | undefined;
  entry(seq: number): EncodedEntry | undefined;
  entryByRequestId(requestId: string): EncodedEntry | undefined;
  pointers(query: MeteringRecordQuery): Page<RecordPointer & { readonly key: MeteringRecordKey }>;
  close(): void;
}

export interface Loaded {
  readonly catalogue: readonly CatalogueChange[];
  readonly newestAtMs: EpochMs | undefined;
  readonly clock: ClockPosition | undefined;
}

/** Where a movable clock stands: at a time (`manual`), or this much ahead of the wall clock (`offset`). */
export type ClockPosition =
  | { readonly mode: "manual"; readonly atMs: EpochMs }
  | { readonly mode: "offset"; readonly offsetMs: number };

/** Which entry holds a record, and at which position. */
export interface RecordPointer {
  readonly seq: number;
  readonly position: number;
}

export interface StagedEntry {
  readonly entry: EncodedEntry;
  readonly records: readonly NewRecord[];
}

export interface StagedGroup {
  /** In the order of their commit. */
  readonly entries: readonly StagedEntry[];
  readonly catalogue: readonly CatalogueChange[];
  readonly clock: ClockPosition | undefined;
}

/** The engine that keeps everything in memory: for tests and for trying things out. What it holds ends with it. */
import type { CatalogueChange } from "../../domain/catalogue.ts";
import { keyText, type MeteringRecordKey } from "../../domain/metering-record.ts";
import type { ClockPosition, Engine, Loaded, RecordPointer, StagedGroup } from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import { InvalidCursorError, type MeteringRecordQuery, type Page } from "../../ledger/ledger.ts";

interface Kept extends RecordPointer {
  readonly key: MeteringRecordKey;
}

export class MemoryEngine implements Engine {
  #entries: EncodedEntry[] = [];
  #byRequestId = new Map<string, number>();
  #records = new Map<string, Kept>();
  #catalogue: CatalogueChange[] = [];
  #clock: ClockPosition | undefined;

  load(): Loaded {
    return { catalogue: this.#catalogue, newestAtMs: this.#entries.at(-1)?.atMs, clock: this.#clock };
  }

  commit(stage: () => StagedGroup): void {
    this.#keep(stage());
  }

  reset(group: StagedGroup): void {
    this.#entries = [];
    this.#byRequestId = new Map();
    this.#records = new Map();
    this.#catalogue = [];
    this.#keep(group);
  }

  find(key: MeteringRecordKey): RecordPointer | undefined {
    return this.#records.get(keyText(key));
  }

  entry(seq: number): EncodedEntry | undefined {
    return this.#entries[seq - 1];
  }

  entryByRequestId(requestId: string): EncodedEntry | undefined {
    const seq = this.#byRequestId.get(requestId);
    return seq === undefined ? undefined : this.entry(seq);
  }

  pointers(query: MeteringRecordQuery): Page<Kept> {
    const sorted = [...this.#records.values()].toSorted((a, b) => compareKeys(a.key, b.key));
    const after = query.cursor === undefined ? 0 : Number(query.cursor);
    if (!Number.isSafeInteger(after) || after < 0) throw new InvalidCursorError();
    const items: Kept[] = [];
    for (let i = after; i < sorted.length; i += 1) {
      const kept = sorted[i] as Kept;
      if (!matches(kept.key, query)) continue;
      if (items.length === query.limit) return { items, nextCursor: String(i) };
      items.push(kept);
    }
    return { items };
  }

  close(): void {
    // Nothing to let go of: what is kept may still be read.
  }

  #keep(group: StagedGroup): void {
    for (const { entry, records } of group.entries) {
      const seq = this.#entries.push(entry);
      this.#byRequestId.set(entry.requestId, seq);
      for (const { key, position } of records) this.#records.set(keyText(key), { key, seq, position });
    }
    this.#catalogue.push(...group.catalogue);
    this.#clock = group.clock ?? this.#clock;
  }
}

function matches(key: MeteringRecordKey, query: MeteringRecordQuery): boolean {
  return (
    key.hour >= query.fromHour &&
    key.hour <= query.toHour &&
    (query.offerings === undefined || query.offerings.includes(key.offering)) &&
    (query.customers === undefined || query.customers.includes(key.customer)) &&
    (query.dimension === undefined || query.dimension === key.dimension)
  );
}

function compareKeys(a: MeteringRecordKey, b: MeteringRecordKey): number {
  if (a.hour !== b.hour) return a.hour - b.hour;
  return keyText(a) < keyText(b) ? -1 : 1;
}

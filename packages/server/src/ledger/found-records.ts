/** What an engine found, unpacked: the entries that pointers lead to, each decoded once, and the records in them. */
import type { MeteringRecord } from "../domain/metering-record.ts";
import type { Found, KeyedPointer, RecordPointer } from "./engine.ts";
import { decodeEntry } from "./entry-codec.ts";
import type { LedgerEntry, LedgerEvent } from "./entry.ts";
import { meteringRecordId } from "./ids.ts";
import { DefectError, type KeptRecord } from "./ledger.ts";

export class FoundRecords {
  readonly #found: Found<RecordPointer | undefined>;
  readonly #unpacked = new Map<number, LedgerEntry>();

  constructor(found: Found<RecordPointer | undefined>) {
    this.#found = found;
  }

  /** The record of the n-th key that was asked for, as decisions see it. */
  meteringRecord(n: number): MeteringRecord | undefined {
    const pointer = this.#found.pointers[n];
    if (pointer === undefined) return undefined;
    const { call, event } = this.#entryAt(pointer.seq);
    return meteringRecordIn(event, call.requestId, pointer.position);
  }

  keptRecord(pointer: KeyedPointer): KeptRecord {
    const { atMs, call, event } = this.#entryAt(pointer.seq);
    return {
      meteringRecordId: meteringRecordId(call.requestId, pointer.position),
      requestId: call.requestId,
      key: pointer.key,
      productCode: (event.kind === "usage-metered" && event.productCode) || "",
      usageRecord: usageRecordIn(event, call.requestId, pointer.position),
      recordedAtMs: atMs,
    };
  }

  #entryAt(seq: number): LedgerEntry {
    const known = this.#unpacked.get(seq);
    if (known !== undefined) return known;
    const encoded = this.#found.entries.get(seq);
    if (encoded === undefined) throw new DefectError(`Entry ${seq} is missing; a metering record points to it.`);
    const entry = decodeEntry(encoded);
    this.#unpacked.set(seq, entry);
    return entry;
  }
}

/** The record that an event accepted at a position. */
export function meteringRecordIn(event: LedgerEvent, requestId: string, position: number): MeteringRecord {
  const { quantity = 0, usageAllocations } = usageRecordIn(event, requestId, position);
  return { meteringRecordId: meteringRecordId(requestId, position), quantity, usageAllocations };
}

function usageRecordIn(event: LedgerEvent, requestId: string, position: number): KeptRecord["usageRecord"] {
  const record = event.kind === "usage-metered" ? event.records[position] : undefined;
  if (record !== undefined) return record.usageRecord;
  throw new DefectError(`Entry ${requestId} holds no usage record at position ${position}.`);
}

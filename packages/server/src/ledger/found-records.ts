/** What an engine found, unpacked: the entries that pointers name, each decoded once, and the records in them. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { isAlias, type MeteringRecord } from "../domain/metering/metering-record.ts";
import type { Found, FoundPage, KeyedPointer, RecordPointer } from "./engine.ts";
import { decodeEntry } from "./entry-codec.ts";
import { productOf } from "./entry-attributes.ts";
import type { AccruedUse, LedgerEntry, LedgerEvent } from "./entry.ts";
import { meteringRecordId } from "./ids.ts";
import { DefectError, type ListedRecord, type Page } from "./ledger.ts";

export class FoundRecords {
  readonly #found: Found<RecordPointer | undefined>;
  readonly #unpacked = new Map<number, LedgerEntry>();

  constructor(found: Found<RecordPointer | undefined>) {
    this.#found = found;
  }

  /** The record of the n-th key of the look-up, as decisions see it. */
  meteringRecord(n: number): MeteringRecord | undefined {
    const pointer = this.#found.pointers[n];
    if (pointer === undefined) return undefined;
    const { call, event } = this.#entryAt(pointer.seq);
    return meteringRecordIn(event, call.requestId, pointer.position);
  }

  keptRecord(pointer: KeyedPointer): ListedRecord {
    const { atMs, call, event } = this.#entryAt(pointer.seq);
    return {
      meteringRecordId: meteringRecordId(call.requestId, pointer.position),
      requestId: call.requestId,
      key: pointer.key,
      productCode: productOf(event) ?? "",
      ...resourceOf(event, pointer.position),
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

/** A page of records as a listing shows it. Aliases, which are only a second key of the same record, are left out. */
export function keptPage(page: FoundPage): Page<ListedRecord> {
  const found = new FoundRecords(page);
  const records = page.pointers.filter(({ key }) => !isAlias(key));
  return { items: records.map((pointer) => found.keptRecord(pointer)), nextCursor: page.nextCursor };
}

/** The record that an event accepted at a position. */
export function meteringRecordIn(event: LedgerEvent, requestId: string, position: number): MeteringRecord {
  const { timestampMs, dimension, quantity = 0, usageAllocations } = usageRecordIn(event, requestId, position);
  return {
    meteringRecordId: meteringRecordId(requestId, position),
    timestampMs,
    dimension,
    quantity,
    usageAllocations,
  };
}

function usageRecordIn(event: LedgerEvent, requestId: string, position: number): UsageRecord {
  if (event.kind === "usage-metered") {
    const record = event.records[position];
    if (record !== undefined) return record.usageRecord;
  }
  if (event.kind === "usage-accrued") {
    const use = event.uses[position];
    if (use !== undefined) return accruedUsage(use);
  }
  throw new DefectError(`Entry ${requestId} holds no usage record at position ${position}.`);
}

function accruedUsage({ hour, dimension, seconds, customerAccountId }: AccruedUse): UsageRecord {
  return { timestampMs: hour * HOUR_MS, dimension, quantity: seconds, customerAccountId };
}

function resourceOf(event: LedgerEvent, position: number): Pick<ListedRecord, "resourceId" | "accrued"> {
  if (event.kind === "usage-accrued") return { resourceId: event.uses[position]?.resourceId, accrued: true };
  if (event.kind !== "usage-metered" || event.resourceId === undefined) return {};
  return { resourceId: event.resourceId };
}

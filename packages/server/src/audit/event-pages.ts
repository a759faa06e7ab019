/** Audit events a page at a time, each page of a bounded size: an entry may be a thousand bytes or a million. */
import type { LedgerEntry } from "../ledger/entry.ts";
import type { EventQuery, Ledger, Page } from "../ledger/ledger.ts";
import { cloudTrailRecord, type CloudTrailRecord } from "./cloudtrail-record.ts";

export interface AuditEvent {
  readonly entry: LedgerEntry;
  readonly record: CloudTrailRecord;
  /** The record as JSON. */
  readonly text: string;
}

/** Held in memory at once, whatever the entries are like. */
const STEP_ENTRIES = 20;
/** A page that has reached this is full. */
const PAGE_CHARACTERS = 4_194_304;

/** At most `limit` events; where they are large, fewer, with a cursor to go on. */
export async function auditEvents(
  ledger: Ledger,
  query: EventQuery,
  isMeant: (entry: LedgerEntry) => boolean = () => true,
): Promise<Page<AuditEvent>> {
  const items: AuditEvent[] = [];
  let { cursor } = query;
  let left = query.limit;
  let characters = 0;
  do {
    const step = await ledger.events({ ...query, cursor, limit: Math.min(STEP_ENTRIES, left) });
    for (const entry of step.items) {
      if (!isMeant(entry)) continue;
      const event = auditEvent(entry);
      items.push(event);
      characters += event.text.length;
    }
    left -= step.items.length;
    cursor = step.nextCursor;
  } while (cursor !== undefined && left > 0 && characters < PAGE_CHARACTERS);
  return cursor === undefined ? { items } : { items, nextCursor: cursor };
}

export function auditEvent(entry: LedgerEntry): AuditEvent {
  const record = cloudTrailRecord(entry);
  return { entry, record, text: JSON.stringify(record) };
}

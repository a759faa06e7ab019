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

/** Entries read at once: few while they are large or not yet known to be small. */
const STEP_MIN = 10;
const STEP_MAX = 50;
/** A step of less than this is one of small entries. */
const SMALL_CHARACTERS = 262_144;
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
  let stepMax = STEP_MIN;
  do {
    const step = await ledger.events({ ...query, cursor, limit: Math.min(stepMax, left) });
    const events = step.items.filter(isMeant).map(auditEvent);
    items.push(...events);
    const added = events.reduce((sum, { text }) => sum + text.length, 0);
    characters += added;
    stepMax = added < SMALL_CHARACTERS ? Math.min(stepMax * 2, STEP_MAX) : STEP_MIN;
    left -= step.items.length;
    cursor = step.nextCursor;
  } while (cursor !== undefined && left > 0 && characters < PAGE_CHARACTERS);
  return cursor === undefined ? { items } : { items, nextCursor: cursor };
}

export function auditEvent(entry: LedgerEntry): AuditEvent {
  const record = cloudTrailRecord(entry);
  return { entry, record, text: JSON.stringify(record) };
}

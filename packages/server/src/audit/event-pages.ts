/**
 * Audit events a page at a time, each page of a bounded size: an entry may be a thousand bytes or a million. To read and to
 * render them holds up everybody else, so pages are made one after the other, and in small steps with a pause between them.
 */
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
const STEP_MIN = 1;
const STEP_MAX = 16;
/** A step of less than this is one of small entries. */
const SMALL_BYTES = 65_536;
/** A page has no more than this, but for one event that is larger by itself. As text within text it may take up twice that. */
const PAGE_BYTES = 1_048_576;

export class EventPages {
  readonly #ledger: Pick<Ledger, "events">;
  readonly #schedule: (run: () => void) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `schedule` runs a function once what is arriving now has been taken in. */
  constructor(ledger: Pick<Ledger, "events">, schedule: (run: () => void) => void) {
    this.#ledger = ledger;
    this.#schedule = schedule;
  }

  /** At most `limit` events; where they are large, fewer, with a cursor to go on. */
  read(query: EventQuery, isMeant: (entry: LedgerEntry) => boolean = () => true): Promise<Page<AuditEvent>> {
    const page = this.#last.then(() => this.#page(query, isMeant));
    this.#last = page.catch(() => undefined);
    return page;
  }

  async #page(query: EventQuery, isMeant: (entry: LedgerEntry) => boolean): Promise<Page<AuditEvent>> {
    const items: AuditEvent[] = [];
    let { cursor } = query;
    let left = query.limit;
    let bytes = 0;
    let stepMax = STEP_MIN;
    let isFull = false;
    do {
      await new Promise<void>((resume) => this.#schedule(resume));
      let step = await this.#ledger.events({ ...query, cursor, limit: Math.min(stepMax, left) });
      let fitting = fittingOf(step.items, isMeant, bytes);
      // A cursor leads to the end of what was read: where less of it fits, less is read, so that the next page goes on there.
      while (fitting.read < step.items.length) {
        if (fitting.read === 0) return { items, nextCursor: cursor };
        step = await this.#ledger.events({ ...query, cursor, limit: fitting.read });
        fitting = fittingOf(step.items, isMeant, bytes);
        isFull = true;
      }
      items.push(...fitting.events);
      bytes += fitting.bytes;
      left -= step.items.length;
      cursor = step.nextCursor;
      stepMax = fitting.bytes < SMALL_BYTES ? Math.min(stepMax * 2, STEP_MAX) : STEP_MIN;
    } while (cursor !== undefined && left > 0 && !isFull);
    return cursor === undefined ? { items } : { items, nextCursor: cursor };
  }
}

interface Fitting {
  readonly events: readonly AuditEvent[];
  readonly bytes: number;
  /** Entries that were gone through. */
  readonly read: number;
}

/** The first of these entries, as many as fit into a page that has so many bytes already; into an empty one, at least one. */
function fittingOf(entries: readonly LedgerEntry[], isMeant: (entry: LedgerEntry) => boolean, before: number): Fitting {
  const events: AuditEvent[] = [];
  let bytes = 0;
  for (const [read, entry] of entries.entries()) {
    if (!isMeant(entry)) continue;
    const event = auditEvent(entry);
    const more = Buffer.byteLength(event.text);
    if (before + bytes > 0 && before + bytes + more > PAGE_BYTES) return { events, bytes, read };
    events.push(event);
    bytes += more;
  }
  return { events, bytes, read: entries.length };
}

export function auditEvent(entry: LedgerEntry): AuditEvent {
  const record = cloudTrailRecord(entry);
  return { entry, record, text: JSON.stringify(record) };
}

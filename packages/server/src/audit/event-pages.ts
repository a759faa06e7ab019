/**
 * Audit events in pages of bounded size: one entry may have a thousand bytes or a million. Reading and rendering them delays
 * all other work, so pages are made one after the other, in small steps with a pause between them.
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

/** How many entries one step reads: few while they are large, or while their size is not known. */
const STEP_MIN = 1;
const STEP_MAX = 16;
/** A step below this size had small entries. */
const SMALL_BYTES = 65_536;
/** The size of a page, unless a single event is larger. Written as text within text, it may take twice that. */
const PAGE_BYTES = 1_048_576;
/** How many entries are looked through for one page of those that are meant. */
const LOOKED_THROUGH_MAX = 5_000;
const FIRST_LIMIT = 100;

interface FirstFound {
  readonly found: AuditEvent | undefined;
  readonly isEnd: boolean;
}

export class EventPages {
  readonly #ledger: Pick<Ledger, "events">;
  readonly #schedule: (run: () => void) => void;
  #last: Promise<unknown> = Promise.resolve();

  /** `schedule` runs a function when the work that is just arriving has been taken in. */
  constructor(ledger: Pick<Ledger, "events">, schedule: (run: () => void) => void) {
    this.#ledger = ledger;
    this.#schedule = schedule;
  }

  /** At most `limit` events; fewer where they are large, with a cursor to go on from. */
  read(query: EventQuery, isMeant: (entry: LedgerEntry) => boolean = () => true): Promise<Page<AuditEvent>> {
    const page = this.#last.then(() => this.#page(query, isMeant));
    this.#last = page.catch(() => undefined);
    return page;
  }

  /** As many as are asked for, out of many more entries; fewer, or none, with a cursor, where too many had to be looked through. */
  async search(query: EventQuery, isMeant: (entry: LedgerEntry) => boolean): Promise<Page<AuditEvent>> {
    const items: AuditEvent[] = [];
    let { cursor } = query;
    let looked = 0;
    do {
      const limit = query.limit - items.length;
      const page = await this.read({ ...query, cursor, limit }, isMeant);
      items.push(...page.items);
      cursor = page.nextCursor;
      looked += limit;
    } while (cursor !== undefined && items.length < query.limit && looked < LOOKED_THROUGH_MAX);
    return { items, nextCursor: cursor };
  }

  /** The first that is meant. `isEnd`: there are no more entries behind those that were looked through. */
  async first(query: Omit<EventQuery, "limit">, isMeant: (entry: LedgerEntry) => boolean): Promise<FirstFound> {
    let { cursor } = query;
    for (let looked = 0; looked < LOOKED_THROUGH_MAX; looked += FIRST_LIMIT) {
      const page = await this.read({ ...query, cursor, limit: FIRST_LIMIT }, isMeant);
      cursor = page.nextCursor;
      const [found] = page.items;
      if (found !== undefined || cursor === undefined) return { found, isEnd: cursor === undefined };
    }
    return { found: undefined, isEnd: false };
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
      // A cursor names the end of what was read. If not all of it fits, less is read, so that the next page begins there.
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
  /** How many entries were looked at. */
  readonly read: number;
}

/** As many of these entries, from the first on, as fit into a page that has `before` bytes; at least one if it is empty. */
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

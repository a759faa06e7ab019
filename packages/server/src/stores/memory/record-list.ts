/** Metering records by hour, in the order of arrival within it. A page begins where the last one ended; nothing is sorted. */
import { isOfResource, type MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import type { KeyedPointer } from "../../ledger/engine.ts";
import { InvalidCursorError, type MeteringRecordQuery, type Page } from "../../ledger/ledger.ts";

/** How many rows one page looks at. A page may be short and have a cursor, so that metering goes on between two pages. */
const SCANNED_ROWS_MAX = 20_000;

/** Where the next page begins: an hour, and how many records of that hour were looked at. */
type Place = readonly [hour: number, records: number];

export class RecordList {
  readonly #byHour = new Map<number, KeyedPointer[]>();
  /** The hours that have records, in ascending order. */
  readonly #hours: number[] = [];

  add(pointer: KeyedPointer): void {
    const { hour } = pointer.key;
    const records = this.#byHour.get(hour);
    if (records !== undefined) {
      records.push(pointer);
      return;
    }
    this.#byHour.set(hour, [pointer]);
    this.#hours.splice(this.#firstAtOrAfter(hour), 0, hour);
  }

  /** Throws InvalidCursorError. */
  page(query: MeteringRecordQuery): Page<KeyedPointer> {
    const start: Place = [query.fromHour, 0];
    const cursor = query.cursor === undefined ? start : parseCursor(query.cursor);
    const [fromHour, skipped] = cursor[0] < query.fromHour ? start : cursor;
    const items: KeyedPointer[] = [];
    let scanned = 0;
    for (let i = this.#firstAtOrAfter(fromHour); i < this.#hours.length; i += 1) {
      const hour = this.#hours[i] as number;
      if (hour > query.toHour) break;
      const records = this.#byHour.get(hour) as KeyedPointer[];
      for (let at = hour === fromHour ? skipped : 0; at < records.length; at += 1) {
        if (items.length === query.limit || scanned === SCANNED_ROWS_MAX) {
          return { items, nextCursor: cursorAt([hour, at]) };
        }
        const record = records[at] as KeyedPointer;
        if (matches(record.key, query)) items.push(record);
        scanned += 1;
      }
    }
    return { items };
  }

  /** The index of the first hour in `#hours` that is not before this one. */
  #firstAtOrAfter(hour: number): number {
    let low = 0;
    let high = this.#hours.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#hours[middle] as number) < hour) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function matches(key: MeteringRecordKey, query: MeteringRecordQuery): boolean {
  const { offering, customer, dimension } = key;
  return (
    (query.offerings === undefined || query.offerings.includes(offering)) &&
    (query.customers === undefined || query.customers.includes(customer)) &&
    (query.dimension === undefined || query.dimension === dimension) &&
    (query.resourceId === undefined || isOfResource(key, query.resourceId))
  );
}

function cursorAt(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function parseCursor(cursor: string): Place {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw new InvalidCursorError();
  }
  if (!Array.isArray(place) || place.length !== 2 || !place.every((part) => Number.isSafeInteger(part) && part >= 0)) {
    throw new InvalidCursorError();
  }
  return place as unknown as Place;
}

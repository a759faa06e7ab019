/** A store as the contract's tests have it, and rows to put into it. */
import type { Attempt } from "../../src/domain/entry-state.ts";
import type { GivenReading } from "../../src/domain/reading.ts";
import type { Slice } from "../../src/domain/binding.ts";
import type { Entry } from "../../src/store/rows.ts";
import type { OutboxStore } from "../../src/store/store.ts";

export interface StoreUnderTest {
  readonly store: OutboxStore;
  /** Another handle on the same data, as another process has it; open. */
  readonly another: () => Promise<OutboxStore>;
  /** Closes all handles, and takes the data away. */
  readonly remove: () => Promise<void>;
}

/** Makes a store that is new, open under the name `contract`, and has the meters `gb` and `seats`. */
export type MakeStore = () => Promise<StoreUnderTest>;

export const METERS = [
  { name: "gb", productCode: "prod1", dimension: "gb_ingested", per: "1000", aggregate: "sum" },
  { name: "seats", productCode: "prod1", dimension: "seats", per: "1", aggregate: "sum" },
] as const;

export const HOUR = Date.UTC(2026, 10, 29, 10);
export const NOW = HOUR + 7_200_000;

let made = 0;

/** A reading that is fine, but for what is said otherwise. */
export function given(change: Partial<GivenReading> = {}): GivenReading {
  made += 1;
  return {
    readingId: `r-${made}`,
    tenant: "t-1",
    meter: "gb",
    quantity: "1.5",
    at: "2026-11-29T10:15:00Z",
    tags: "null",
    ...change,
  };
}

export function hourOfTenant(change: Partial<Slice> = {}): Slice {
  return { tenant: "t-1", meter: "gb", hourMs: HOUR, fromMs: HOUR, untilMs: HOUR + 3_600_000, ...change };
}

export function entry(change: Partial<Entry> = {}): Entry {
  made += 1;
  return {
    entryId: `00000000-0000-4000-8000-${String(made).padStart(12, "0")}`,
    identity: '["account","prod1","444455556666"]',
    meter: "gb",
    productCode: "prod1",
    dimension: "gb_ingested",
    hourMs: HOUR,
    state: "gathering",
    why: undefined,
    readings: 0,
    sum: "0",
    latestAtMs: HOUR,
    carriedIn: "0",
    leftOver: "0",
    returned: "0",
    units: 0,
    body: undefined,
    bodyHash: undefined,
    deadlineMs: HOUR + 86_400_000,
    bornDoubtful: false,
    alone: false,
    nextTryMs: undefined,
    leasedUntilMs: undefined,
    frozenMs: undefined,
    endedMs: undefined,
    meteringRecordId: undefined,
    requestId: undefined,
    unreleased: false,
    ...change,
  };
}

export function frozen(change: Partial<Entry> = {}): Entry {
  const body = '{"Timestamp":1}';
  return entry({ state: "frozen", units: 3, body, bodyHash: "aa", nextTryMs: 0, frozenMs: NOW, ...change });
}

export function attempt(entryId: string, change: Partial<Attempt> = {}): Attempt {
  made += 1;
  return {
    attemptId: `00000000-0000-4000-9000-${String(made).padStart(12, "0")}`,
    entryId,
    callId: "00000000-0000-4000-a000-000000000001",
    sender: "s-1",
    startedMs: NOW,
    endedMs: undefined,
    end: undefined,
    errorName: undefined,
    message: undefined,
    meteringRecordId: undefined,
    requestId: undefined,
    ...change,
  };
}

/** The engine that keeps everything in memory: for tests and for trying things out. What it holds ends with it. */
import type { CatalogueChange } from "../../domain/catalogue.ts";
import { keyText, type MeteringRecordKey } from "../../domain/metering-record.ts";
import type {
  ClockPosition,
  Engine,
  Found,
  FoundPage,
  KeyedPointer,
  Loaded,
  RecordPointer,
  StagedGroup,
} from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import { CHAIN_START, linkOf } from "../../ledger/chain.ts";
import type { ChainHead } from "../../ledger/chain-head.ts";
import { ChainWalk, Disagreement } from "../../ledger/chain-walk.ts";
import type { ChainVerification, KnownHead } from "../../ledger/verification.ts";
import type { EntryAttributes } from "../../ledger/entry-attributes.ts";
import {
  DefectError,
  InvalidCursorError,
  type EventQuery,
  type MeteringRecordQuery,
  type Page,
} from "../../ledger/ledger.ts";

export class MemoryEngine implements Engine {
  #entries: EncodedEntry[] = [];
  /** Of each entry, in the same order. */
  #attributes: EntryAttributes[] = [];
  #links: Uint8Array[] = [];
  #byRequestId = new Map<string, number>();
  #records = new Map<string, KeyedPointer>();
  #catalogue: CatalogueChange[] = [];
  #clock: ClockPosition | undefined;

  load(): Loaded {
    return { catalogue: this.#catalogue, newestAtMs: this.#entries.at(-1)?.atMs, clock: this.#clock };
  }

  // oxlint-disable-next-line typescript/require-await -- defects must reject, not throw
  async commit(group: StagedGroup): Promise<void> {
    if (group.reset) this.#empty();
    this.#refuseContradictions(group);
    for (const { entry, attributes, records } of group.entries) {
      const seq = this.#entries.push(entry);
      this.#attributes.push(attributes);
      this.#links.push(linkOf(this.#links.at(-1) ?? CHAIN_START, seq, entry));
      this.#byRequestId.set(entry.requestId, seq);
      for (const { key, position } of records) this.#records.set(keyText(key), { key, seq, position });
    }
    this.#catalogue.push(...group.catalogue);
    this.#clock = group.clock ?? this.#clock;
  }

  probe(): Promise<void> {
    return Promise.resolve();
  }

  logBytes(): undefined {
    return undefined;
  }

  find(keys: readonly MeteringRecordKey[]): Promise<Found<RecordPointer | undefined>> {
    const pointers = keys.map((key) => this.#records.get(keyText(key)));
    return Promise.resolve({ pointers, entries: this.#entriesOf(pointers.filter((found) => found !== undefined)) });
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async list(query: MeteringRecordQuery): Promise<FoundPage> {
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    const found = [...this.#records.values()]
      .filter(({ key }) => matches(key, query) && (after === undefined || compare(placeOf(key), after) > 0))
      .toSorted((a, b) => compare(placeOf(a.key), placeOf(b.key)));
    const pointers = found.slice(0, query.limit);
    const last = pointers.at(-1);
    const nextCursor = last === undefined || pointers.length === found.length ? undefined : cursorAt(last.key);
    return { pointers, entries: this.#entriesOf(pointers), nextCursor };
  }

  entryByRequestId(requestId: string): Promise<EncodedEntry | undefined> {
    const seq = this.#byRequestId.get(requestId);
    return Promise.resolve(seq === undefined ? undefined : this.#entries[seq - 1]);
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async entries(query: EventQuery): Promise<Page<EncodedEntry>> {
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, order, limit } = query;
    const shown = query.cursor === undefined ? undefined : parseSeq(query.cursor);
    const found = this.#attributes.flatMap((attributes, i) => {
      const seq = i + 1;
      const entry = this.#entries[i] as EncodedEntry;
      const isNext = shown === undefined || (order === "newest" ? seq < shown : seq > shown);
      return isNext && entry.atMs >= fromMs && entry.atMs < toMs && isAbout(attributes, query) ? [{ seq, entry }] : [];
    });
    if (order === "newest") found.reverse();
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const nextCursor = last === undefined || page.length === found.length ? undefined : cursorOf(last.seq);
    return { items: page.map(({ entry }) => entry), nextCursor };
  }

  keptSince(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  chainHead(): Promise<ChainHead> {
    return Promise.resolve({
      seq: this.#entries.length,
      link: Buffer.from(this.#links.at(-1) ?? CHAIN_START).toString("hex"),
    });
  }

  entriesBefore(): Promise<undefined> {
    // What it holds ends with it, long before it could be too old.
    return Promise.resolve(undefined);
  }

  verifyChain(known: readonly KnownHead[]): Promise<ChainVerification> {
    const walk = new ChainWalk(known);
    let disagreement: string | undefined;
    try {
      this.#entries.forEach((entry, i) => {
        walk.follow({ seq: i + 1, entry, attributes: this.#attributes[i] as EntryAttributes, link: this.#links[i] });
      });
      walk.end();
    } catch (error) {
      if (!(error instanceof Disagreement)) throw error;
      disagreement = error.message;
    }
    return Promise.resolve({ entries: walk.followed, head: walk.head, disagreement });
  }

  onDefect(_listener: (defect: DefectError) => void): void {
    // There is none but those that a commit finds.
  }

  close(): Promise<void> {
    // Nothing to let go of: what is kept may still be read.
    return Promise.resolve();
  }

  #entriesOf(pointers: readonly RecordPointer[]): Map<number, EncodedEntry> {
    return new Map(pointers.map(({ seq }) => [seq, this.#entries[seq - 1] as EncodedEntry]));
  }

  #empty(): void {
    this.#entries = [];
    this.#attributes = [];
    this.#links = [];
    this.#byRequestId = new Map();
    this.#records = new Map();
    this.#catalogue = [];
    this.#clock = undefined;
  }

  #refuseContradictions(group: StagedGroup): void {
    for (const { entry, records } of group.entries) {
      const known = records.find(({ key }) => this.#records.has(keyText(key)));
      if (known !== undefined) throw new DefectError(`A second record of one key was accepted: ${keyText(known.key)}`);
      if (this.#byRequestId.has(entry.requestId)) throw new DefectError(`Entry ${entry.requestId} is there already.`);
    }
  }
}

function isAbout(attributes: EntryAttributes, query: EventQuery): boolean {
  return (
    (query.operations === undefined || query.operations.includes(attributes.operation)) &&
    (query.accountId === undefined || query.accountId === attributes.accountId) &&
    (query.accessKeyId === undefined || query.accessKeyId === attributes.accessKeyId) &&
    (query.principal === undefined || query.principal === attributes.principal) &&
    (query.productCode === undefined || query.productCode === attributes.productCode)
  );
}

function cursorOf(seq: number): string {
  return Buffer.from(String(seq)).toString("base64url");
}

function parseSeq(cursor: string): number {
  const text = Buffer.from(cursor, "base64url").toString();
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidCursorError();
  return Number(text);
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

/** Where a record stands in the order of listings. */
type Place = readonly [hour: number, text: string];

function placeOf(key: MeteringRecordKey): Place {
  return [key.hour, keyText(key)];
}

function compare(a: Place, b: Place): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}

function cursorAt(key: MeteringRecordKey): string {
  return Buffer.from(JSON.stringify(placeOf(key))).toString("base64url");
}

function parseCursor(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(place) && typeof place[0] === "number" && typeof place[1] === "string")
      return [place[0], place[1]];
  } catch {
    // Not JSON: not one of ours.
  }
  throw new InvalidCursorError();
}

/** The engine that keeps everything in memory: for tests and for trying things out. Its ledger ends with the process. */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import { keyText, type MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type {
  ChainedRow,
  ClockPosition,
  Engine,
  Found,
  FoundPage,
  KeyedPointer,
  Loaded,
  RecordPointer,
  StagedGroup,
} from "../../ledger/engine.ts";
import { decodeEntry, type EncodedEntry } from "../../ledger/entry-codec.ts";
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
import type { DueResourcesQuery, ResourceQuery } from "../../ledger/resource-facts.ts";
import { MemorySums } from "../../ledger/sums/memory-sums.ts";
import { accruedUsesIn } from "../../ledger/sums/accrued-uses.ts";
import { sumsOf } from "../../ledger/sums/sum-deltas.ts";
import {
  SUMS_MAX,
  type AccruedOf,
  type SumsAnswer,
  type SumsQuestion,
  type UsageSpan,
  type UsageSum,
} from "../../ledger/sums/sums.ts";
import { RecordList } from "./record-list.ts";
import { ResourceList } from "./resource-list.ts";

export class MemoryEngine implements Engine {
  #entries: EncodedEntry[] = [];
  /** The attributes of each entry, in the order of the entries. */
  #attributes: EntryAttributes[] = [];
  #links: Uint8Array[] = [];
  #byRequestId = new Map<string, number>();
  #records = new Map<string, KeyedPointer>();
  #list = new RecordList();
  #catalogue: CatalogueChange[] = [];
  #resources = new ResourceList();
  #clock: ClockPosition | undefined;
  #sums = new MemorySums();
  /** Entries that have been added up. */
  #summed = 0;

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
      for (const { key, position } of records) {
        const pointer = { key, seq, position };
        this.#records.set(keyText(key), pointer);
        this.#list.add(pointer);
      }
    }
    this.#catalogue.push(...group.catalogue);
    this.#resources.keep(group.resources);
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

  findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]> {
    return Promise.resolve(resourceIds.map((id) => this.#resources.find(id)));
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async resources(query: ResourceQuery): Promise<Page<MeteredResource>> {
    return this.#resources.page(query);
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>> {
    return this.#resources.duePage(query);
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async list(query: MeteringRecordQuery): Promise<FoundPage> {
    const { items, nextCursor } = this.#list.page(query);
    return { pointers: items, entries: this.#entriesOf(items), nextCursor };
  }

  entryByRequestId(requestId: string): Promise<EncodedEntry | undefined> {
    const seq = this.#byRequestId.get(requestId);
    return Promise.resolve(seq === undefined ? undefined : this.#entries[seq - 1]);
  }

  // oxlint-disable-next-line typescript/require-await -- an invalid cursor must reject, not throw
  async entries(query: EventQuery): Promise<Page<EncodedEntry>> {
    const shown = query.cursor === undefined ? undefined : parseSeq(query.cursor);
    const newestFirst = query.order === "newest";
    const [first, last] = this.#span(query, shown);
    const items: EncodedEntry[] = [];
    let lastSeq = 0;
    for (let i = 0; i <= last - first; i += 1) {
      const seq = newestFirst ? last - i : first + i;
      if (!isAbout(this.#attributes[seq - 1] as EntryAttributes, query)) continue;
      if (items.length === query.limit) return { items, nextCursor: cursorOf(lastSeq) };
      items.push(this.#entries[seq - 1] as EncodedEntry);
      lastSeq = seq;
    }
    return { items };
  }

  principalBetween(after: string, before: string): Promise<string | undefined> {
    let first: Buffer | undefined;
    const [low, high] = [Buffer.from(after), Buffer.from(before)];
    for (const { principal } of this.#attributes) {
      const bytes = Buffer.from(principal);
      const isBetween = bytes.compare(low) > 0 && bytes.compare(first ?? high) < 0;
      if (isBetween) first = bytes;
    }
    return Promise.resolve(first?.toString());
  }

  // oxlint-disable-next-line typescript/require-await -- too many sums must reject, not throw
  async sums({ usage = [], tallies, accruedAfter }: SumsQuestion): Promise<SumsAnswer> {
    this.#sums.add(sumsOf(this.#entries.slice(this.#summed).map(decodeEntry)));
    this.#summed = this.#entries.length;
    return {
      usage: this.#usageOf(usage),
      tallies: tallies === undefined ? [] : this.#sums.tallies(tallies),
      accrued: accruedAfter?.flatMap(({ seq }) => this.#accruedAfter(seq)) ?? [],
    };
  }

  keptSince(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  chainHead(): Promise<ChainHead> {
    return Promise.resolve(this.#headAt(this.#entries.length));
  }

  chainEntries(fromSeq: number, limit: number): Promise<readonly ChainedRow[]> {
    const first = Math.max(fromSeq, 1);
    const rows = this.#entries.slice(first - 1, first - 1 + limit);
    return Promise.resolve(rows.map((entry, i) => ({ ...this.#headAt(first + i), entry })));
  }

  chainBefore(atMs: EpochMs): Promise<ChainHead> {
    return Promise.resolve(this.#headAt(this.#firstAtOrAfter(atMs) - 1));
  }

  #headAt(seq: number): ChainHead {
    return { seq, link: Buffer.from(this.#links[seq - 1] ?? CHAIN_START).toString("hex") };
  }

  entriesBefore(): Promise<undefined> {
    // No ledger in memory lives long enough for its entries to expire.
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
    // This engine finds defects only in commits, which report them.
  }

  close(): Promise<void> {
    // There is nothing to close: what is kept may still be read.
    return Promise.resolve();
  }

  /** The numbers of the entries of the asked time that earlier pages have not shown; both ends are included. */
  #span({ fromMs, toMs, order }: EventQuery, shown: number | undefined): readonly [first: number, last: number] {
    const first = fromMs === undefined ? 1 : this.#firstAtOrAfter(fromMs);
    const last = toMs === undefined ? this.#entries.length : this.#firstAtOrAfter(toMs) - 1;
    if (shown === undefined) return [first, last];
    return order === "newest" ? [first, Math.min(last, shown - 1)] : [Math.max(first, shown + 1), last];
  }

  /** Entries are numbered in the order of time, so this is a binary search. */
  #firstAtOrAfter(atMs: number): number {
    let low = 1;
    let high = this.#entries.length + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#entries[middle - 1] as EncodedEntry).atMs < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #usageOf(spans: readonly UsageSpan[]): readonly (readonly UsageSum[])[] {
    let left = SUMS_MAX;
    return spans.map((span) => {
      const sums = this.#sums.usage(span, left);
      left -= sums.length;
      return sums;
    });
  }

  #accruedAfter(seq: number): AccruedOf[] {
    return accruedUsesIn(this.#entries.slice(seq));
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
    this.#list = new RecordList();
    this.#catalogue = [];
    this.#resources = new ResourceList();
    this.#clock = undefined;
    this.#sums = new MemorySums();
    this.#summed = 0;
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
    (query.principals === undefined || query.principals.includes(attributes.principal)) &&
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

/**
 * The embedded engine: SQLite in WAL mode, flushed to disk at every commit. One process writes; others may read beside it. The
 * writer thread writes (`writer/`); reading is done here, over a connection that sees what has been committed.
 */
import { statSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EpochMs } from "@countinghouse/protocol";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import type {
  ChainedRow,
  Engine,
  Found,
  FoundPage,
  Loaded,
  OldEntries,
  RecordPointer,
  StagedGroup,
} from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import { decodeResource, type DueResourcesQuery, type ResourceQuery } from "../../ledger/resource-facts.ts";
import type { SumsAnswer, SumsQuestion } from "../../ledger/sums/sums.ts";
import type { ChainVerification, KnownHead, OnRead } from "../../ledger/verification.ts";
import type { ChainHead } from "../../ledger/chain-head.ts";
import {
  DefectError,
  InvalidCursorError,
  type EventQuery,
  type MeteringRecordQuery,
  type Page,
} from "../../ledger/ledger.ts";
import { ENTRY_COLUMNS, encodedEntryOf, requestIdBytes, type EntryRow } from "./entry-rows.ts";
import { chainHeadOf, keptSinceOf, readChain, readChainBefore, readEntries, readEntriesBefore } from "./event-query.ts";
import { FolderInUseError, LOOK_MS, type FolderLock } from "./folder-lock.ts";
import { readLoaded } from "./loaded.ts";
import { Names, NewNames, type KnownNames, type NumberedKey } from "./names.ts";
import { openFolder } from "./opening.ts";
import { RecentHours } from "./recent-hours.ts";
import { readPrincipalBetween } from "./principal-query.ts";
import { readPointers } from "./record-query.ts";
import { FIND_RESOURCE, readDueResources, readResources } from "./resource-rows.ts";
import { SumsThread } from "./sums/sums-thread.ts";
import { verifyBeside } from "./verification/verify-beside.ts";
import { errorOf, troubleOf } from "./trouble.ts";
import { packGroup } from "./writer/packed-group.ts";
import type { Writer } from "./writer/writer.ts";
import { startWriterThread } from "./writer/writer-thread.ts";

export interface SqliteOptions {
  /** `FULL` flushes every commit. `NORMAL` does not: tests use it to show what would then be lost. */
  readonly synchronous?: "FULL" | "NORMAL";
  /** `false` leaves out what makes entries an audit trail: the benchmark uses it to show what the trail costs. */
  readonly trail?: boolean;
  /** Opens a ledger although its newest entries are missing. */
  readonly acceptLostTail?: boolean;
  /** Runs a function again and again, until the function that it answers is called. The engine checks the folder's lock by it. */
  readonly every?: ((ms: number, run: () => void) => () => void) | undefined;
  /** Whether entries are added up as they come; else they are when sums are asked for. */
  readonly addsUp?: boolean | undefined;
  /** Called where entries could not be added up as they came; it is tried again. */
  readonly onSumsTrouble?: ((error: Error) => void) | undefined;
}

/** Opens the ledger in a folder, and makes it where it is missing. Throws as `openFolder` does. */
export function openSqliteEngine(path: string, options: SqliteOptions = {}): SqliteEngine {
  const { folder, lock, db, lostTail } = openFolder(path, options.acceptLostTail ?? false);
  let writer: Writer | undefined;
  try {
    const { ledgerFile, markFile } = folder;
    const { synchronous = "FULL", trail = true, every, addsUp = false, onSumsTrouble } = options;
    writer = startWriterThread({ ledgerFile, markFile, synchronous, trail });
    const sums = new SumsThread({ ledgerFile, following: addsUp }, onSumsTrouble);
    return new SqliteEngine(db, writer, lock, { lostTail, every, sums });
  } catch (error) {
    void writer?.close();
    db.close();
    lock.release();
    throw error;
  }
}

export class SqliteEngine implements Engine {
  readonly #db: DatabaseSync;
  readonly #writer: Writer;
  readonly #lock: Pick<FolderLock, "release">;
  readonly #lostTail: string | undefined;
  readonly #stopLooking: () => void;
  readonly #sums: SumsThread;
  readonly #names: Names;
  readonly #hours: RecentHours;
  readonly #selectPointer: StatementSync;
  readonly #selectResource: StatementSync;
  readonly #selectEntry: StatementSync;
  readonly #selectEntryByRequestId: StatementSync;
  #newestSeq: number;
  #newestName: number;
  #onDefect: (defect: DefectError) => void = () => undefined;

  constructor(
    db: DatabaseSync,
    writer: Writer,
    lock: Pick<FolderLock, "release"> & Partial<FolderLock>,
    {
      lostTail,
      every,
      sums,
    }: Pick<SqliteOptions, "every"> & { readonly lostTail?: string | undefined; readonly sums?: SumsThread } = {},
  ) {
    this.#db = db;
    this.#writer = writer;
    this.#lock = lock;
    this.#lostTail = lostTail;
    this.#sums = sums ?? new SumsThread({ ledgerFile: db.location() ?? "", following: false });
    this.#stopLooking = every?.(LOOK_MS, () => this.#lookAfter(lock)) ?? (() => undefined);
    this.#names = new Names(db);
    this.#selectPointer = db.prepare(
      `SELECT entry_seq AS seq, position FROM metering_record
       WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ? AND discriminator = ?`,
    );
    this.#selectResource = db.prepare(FIND_RESOURCE);
    this.#selectEntry = db.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry WHERE seq = ?`);
    this.#selectEntryByRequestId = db.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry WHERE request_id = ?`);
    const selectOfHour = db.prepare("SELECT 1 FROM metering_record WHERE hour = ? LIMIT 1");
    this.#hours = new RecentHours((hour) => selectOfHour.get(hour) === undefined);
    this.#newestSeq = Number(db.prepare("SELECT max(seq) AS newest FROM entry").get()?.["newest"] ?? 0);
    this.#newestName = this.#names.newest();
  }

  load(): Loaded {
    return { ...readLoaded(this.#db), lostTail: this.#lostTail };
  }

  async commit(group: StagedGroup): Promise<void> {
    const { reset } = group;
    if (reset) this.#forget();
    const newestSeq = reset ? 0 : this.#newestSeq;
    const names = new NewNames(reset ? 0 : this.#newestName, reset ? NO_NAMES : this.#names);
    const numbered = (key: MeteringRecordKey): NumberedKey => {
      const numbers = (reset ? undefined : this.#names.numbered(key)) ?? names.numbered(key);
      this.#hours.add(numbers);
      return numbers;
    };
    await this.#writer.write(this.#orTrouble(() => packGroup(group, newestSeq + 1, numbered, names)));
    // Only a durable group uses up its numbers; a failed one leaves them to the next.
    if (reset) this.#forget();
    if (group.expired !== undefined) this.#names.forgetOthers();
    this.#newestSeq = newestSeq + group.entries.length;
    this.#newestName = names.first + names.texts.length - 1;
  }

  probe(): Promise<void> {
    return this.#writer.probe();
  }

  logBytes(): number {
    return statSync(`${this.#db.location()}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async find(keys: readonly MeteringRecordKey[]): Promise<Found<RecordPointer | undefined>> {
    return this.#orTrouble(() => {
      const pointers = Array<RecordPointer | undefined>(keys.length).fill(undefined);
      const perhaps = this.#perhapsKept(keys);
      if (perhaps.length === 0) return { pointers, entries: NO_ENTRIES };
      return this.#atOneMoment(() => {
        for (const [i, key] of perhaps) {
          const { hour, offering, region, customer, dimension, discriminator } = key;
          const row = this.#selectPointer.get(hour, offering, region, customer, dimension, discriminator);
          pointers[i] = row as RecordPointer | undefined;
        }
        return { pointers, entries: this.#entriesOf(pointers) };
      });
    });
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async findResources(resourceIds: readonly string[]): Promise<readonly (MeteredResource | undefined)[]> {
    return this.#orTrouble(() =>
      this.#atOneMoment(() =>
        resourceIds.map((id) => {
          const row = this.#selectResource.get(id);
          return row && decodeResource(String(row["value"]));
        }),
      ),
    );
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async resources(query: ResourceQuery): Promise<Page<MeteredResource>> {
    return this.#orTrouble(() => this.#atOneMoment(() => readResources(this.#db, query)));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async dueResources(query: DueResourcesQuery): Promise<Page<MeteredResource>> {
    return this.#orTrouble(() => readDueResources(this.#db, query));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async list(query: MeteringRecordQuery): Promise<FoundPage> {
    return this.#orTrouble(() =>
      this.#atOneMoment(() => {
        const { items, nextCursor } = readPointers(this.#db, this.#names, query);
        return { pointers: items, entries: this.#entriesOf(items), nextCursor };
      }),
    );
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async entryByRequestId(requestId: string): Promise<EncodedEntry | undefined> {
    return this.#orTrouble(() => {
      const row = this.#selectEntryByRequestId.get(requestIdBytes(requestId));
      return row === undefined ? undefined : encodedEntryOf(row as unknown as EntryRow);
    });
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async entries(query: EventQuery): Promise<Page<EncodedEntry>> {
    return this.#orTrouble(() => this.#atOneMoment(() => readEntries(this.#db, this.#names, query)));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async principalBetween(after: string, before: string): Promise<string | undefined> {
    return this.#orTrouble(() => readPrincipalBetween(this.#db, after, before));
  }

  /** On a thread of its own. */
  sums(question: SumsQuestion): Promise<SumsAnswer> {
    return this.#sums.ask(question);
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async keptSince(): Promise<EpochMs | undefined> {
    return this.#orTrouble(() => this.#atOneMoment(() => keptSinceOf(this.#db)));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async chainHead(): Promise<ChainHead> {
    return this.#orTrouble(() => chainHeadOf(this.#db));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async chainEntries(fromSeq: number, limit: number): Promise<readonly ChainedRow[]> {
    return this.#orTrouble(() => readChain(this.#db, fromSeq, limit));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async chainBefore(atMs: EpochMs): Promise<ChainHead> {
    return this.#orTrouble(() => this.#atOneMoment(() => readChainBefore(this.#db, atMs)));
  }

  // oxlint-disable-next-line typescript/require-await -- trouble must reject, not throw
  async entriesBefore(beforeMs: EpochMs, limit: number): Promise<OldEntries | undefined> {
    return this.#orTrouble(() => this.#atOneMoment(() => readEntriesBefore(this.#db, beforeMs, limit)));
  }

  /** Runs on a thread of its own, because it reads the whole ledger while metering goes on. */
  verifyChain(known: readonly KnownHead[], onRead?: OnRead): Promise<ChainVerification> {
    return verifyBeside(this.#db.location() ?? "", known, onRead);
  }

  onDefect(listener: (defect: DefectError) => void): void {
    this.#onDefect = listener;
    this.#writer.onEnd(listener);
  }

  async close(): Promise<void> {
    this.#stopLooking();
    await this.#sums.close();
    // The writer closes last, so that it can bring the log into the database.
    this.#db.close();
    try {
      await this.#writer.close();
    } finally {
      this.#lock.release();
    }
  }

  #lookAfter(lock: Partial<FolderLock>): void {
    try {
      lock.lookAfter?.();
    } catch (error) {
      if (error instanceof FolderInUseError)
        this.#onDefect(new DefectError(`The lock was taken away. ${error.message}`));
    }
  }

  /** The keys that must be looked up, with their places in `keys`. */
  #perhapsKept(keys: readonly MeteringRecordKey[]): [number, NumberedKey][] {
    const perhaps: [number, NumberedKey][] = [];
    for (let i = 0; i < keys.length; i += 1) {
      const numbers = this.#names.numbered(keys[i] as MeteringRecordKey);
      if (numbers !== undefined && this.#hours.mayHold(numbers)) perhaps.push([i, numbers]);
    }
    return perhaps;
  }

  /** To be called after a reset, or after one that failed: cached numbers and filters may be wrong. */
  #forget(): void {
    this.#names.forget();
    this.#hours.forget();
  }

  #entriesOf(pointers: readonly (RecordPointer | undefined)[]): Map<number, EncodedEntry> {
    const entries = new Map<number, EncodedEntry>();
    for (const pointer of pointers) {
      if (pointer === undefined || entries.has(pointer.seq)) continue;
      const row = this.#selectEntry.get(pointer.seq);
      if (row !== undefined) entries.set(pointer.seq, encodedEntryOf(row as unknown as EntryRow));
    }
    return entries;
  }

  /** Everything that `read` reads sees the same commits. */
  #atOneMoment<T>(read: () => T): T {
    this.#db.exec("BEGIN");
    try {
      return read();
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  #orTrouble<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof DefectError || error instanceof InvalidCursorError) throw error;
      throw errorOf(troubleOf(error), "The ledger could not be read", error);
    }
  }
}

const NO_NAMES: KnownNames = { find: () => undefined, findOfKey: () => undefined };
const NO_ENTRIES: ReadonlyMap<number, EncodedEntry> = new Map();

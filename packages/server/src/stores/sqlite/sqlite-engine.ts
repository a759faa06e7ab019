/**
 * The embedded engine: SQLite in WAL mode, flushed to disk at every commit. One process writes; others may read
 * beside it. Runs on the caller's thread: a worker thread costs more in copying than it gains.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { CatalogueChange } from "../../domain/catalogue.ts";
import type { MeteringRecordKey } from "../../domain/metering-record.ts";
import type { Engine, Loaded, RecordPointer, StagedGroup } from "../../ledger/engine.ts";
import type { EncodedEntry } from "../../ledger/entry-codec.ts";
import { DefectError, FaultError, type MeteringRecordQuery, type Page } from "../../ledger/ledger.ts";
import { dataFolder, lockFolder, makeFolder, syncFolder } from "./data-folder.ts";
import { migrate, refuseNewerSchema } from "./migrations.ts";
import { Names } from "./names.ts";
import { readPointers } from "./record-query.ts";

export interface SqliteOptions {
  /** `FULL` flushes every commit. `NORMAL` does not, and exists so that tests can show what would be lost. */
  readonly synchronous?: "FULL" | "NORMAL";
}

/** SQLite's default of 1,000 pages stalls commits often; see the measurements in docs/PERFORMANCE.md. */
const CHECKPOINT_PAGES = 10_000;
/** More costs more than it gains: the pages in use lie further apart, and the operating system holds the rest. */
const CACHE_KIBIBYTES = 16_384;

/** Opens, and makes where it is missing, the ledger in a folder. Throws FolderInUseError or NewerSchemaError. */
export function openSqliteEngine(path: string, options: SqliteOptions = {}): SqliteEngine {
  const folder = dataFolder(path);
  makeFolder(folder);
  const lock = lockFolder(folder);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(folder.ledgerFile);
    refuseNewerSchema(db);
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.synchronous ?? "FULL"};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA cache_size = -${CACHE_KIBIBYTES};
      PRAGMA busy_timeout = 5000;
      PRAGMA trusted_schema = OFF;
    `);
    migrate(db);
    syncFolder(folder.path);
    return new SqliteEngine(db, lock);
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

interface Row {
  readonly hour: number;
  readonly offering: number;
  readonly region: number;
  readonly customer: number;
  readonly dimension: number;
  readonly discriminator: string;
  readonly quantity: number;
  readonly seq: number;
  readonly position: number;
}

export class SqliteEngine implements Engine {
  readonly #db: DatabaseSync;
  readonly #lock: { release(): void };
  readonly #names: Names;
  readonly #selectPointer: StatementSync;
  readonly #selectEntry: StatementSync;
  readonly #selectEntryByRequestId: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #putCatalogue: StatementSync;
  readonly #putSetting: StatementSync;
  #newestSeq = 0;

  constructor(db: DatabaseSync, lock: { release(): void }) {
    this.#db = db;
    this.#lock = lock;
    this.#names = new Names(db);
    this.#selectPointer = db.prepare(
      `SELECT entry_seq AS seq, position FROM metering_record
       WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ? AND discriminator = ?`,
    );
    const columns = "lower(hex(request_id)) AS id, at_ms AS atMs, body";
    this.#selectEntry = db.prepare(`SELECT ${columns} FROM entry WHERE seq = ?`);
    this.#selectEntryByRequestId = db.prepare(`SELECT ${columns} FROM entry WHERE request_id = ?`);
    this.#insertEntry = db.prepare("INSERT INTO entry (seq, at_ms, request_id, body) VALUES (?, ?, ?, ?)");
    this.#insertRecord = db.prepare("INSERT INTO metering_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#putCatalogue = db.prepare(
      `INSERT INTO catalogue (kind, id, value, file_digest) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, file_digest = coalesce(excluded.file_digest, file_digest)`,
    );
    this.#putSetting = db.prepare("INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  }

  load(): Loaded {
    const newest = this.#db.prepare("SELECT seq, at_ms AS atMs FROM entry ORDER BY seq DESC LIMIT 1").get();
    this.#newestSeq = Number(newest?.["seq"] ?? 0);
    const clock = this.#db.prepare("SELECT value FROM setting WHERE name = 'clock'").get()?.["value"];
    const rows = this.#db.prepare("SELECT kind, id, value, file_digest AS fileDigest FROM catalogue").all();
    return {
      catalogue: rows.map(catalogueChange),
      newestAtMs: newest === undefined ? undefined : Number(newest["atMs"]),
      clock: clock === undefined ? undefined : (JSON.parse(String(clock)) as NonNullable<Loaded["clock"]>),
    };
  }

  commit(stage: () => StagedGroup): void {
    this.#transaction(() => this.#keep(stage()));
  }

  reset(group: StagedGroup): void {
    this.#transaction(() => {
      this.#db.exec(
        "DELETE FROM metering_record; DELETE FROM entry; DELETE FROM name; DELETE FROM catalogue; DELETE FROM setting;",
      );
      this.#names.forget();
      this.#newestSeq = 0;
      this.#keep(group);
    });
  }

  find(key: MeteringRecordKey): RecordPointer | undefined {
    const offering = this.#names.find(key.offering);
    const region = this.#names.find(key.region);
    const customer = this.#names.find(key.customer);
    const dimension = this.#names.find(key.dimension);
    // A name that was never given a number is in no record.
    if (offering === undefined || region === undefined || customer === undefined || dimension === undefined) {
      return undefined;
    }
    const row = this.#selectPointer.get(key.hour, offering, region, customer, dimension, key.discriminator);
    return row as RecordPointer | undefined;
  }

  entry(seq: number): EncodedEntry | undefined {
    return encodedEntry(this.#selectEntry.get(seq));
  }

  entryByRequestId(requestId: string): EncodedEntry | undefined {
    return encodedEntry(this.#selectEntryByRequestId.get(bytesOf(requestId)));
  }

  pointers(query: MeteringRecordQuery): Page<RecordPointer & { readonly key: MeteringRecordKey }> {
    return readPointers(this.#db, this.#names, query);
  }

  close(): void {
    this.#db.close();
    this.#lock.release();
  }

  #transaction(body: () => void): void {
    const newestSeq = this.#newestSeq;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      body();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#newestSeq = newestSeq;
      this.#names.forget();
      this.#rollBack();
      throw error instanceof DefectError ? error : fault(error);
    }
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // SQLite rolls back by itself after some failures; what the caller needs is the first error.
    }
  }

  #keep(group: StagedGroup): void {
    const rows: Row[] = [];
    for (const { entry, records } of group.entries) {
      this.#newestSeq += 1;
      this.#insertEntry.run(this.#newestSeq, entry.atMs, bytesOf(entry.requestId), entry.body);
      for (const { key, quantity, position } of records) {
        rows.push({
          hour: key.hour,
          offering: this.#names.number(key.offering),
          region: this.#names.number(key.region),
          customer: this.#names.number(key.customer),
          dimension: this.#names.number(key.dimension),
          discriminator: key.discriminator,
          quantity,
          seq: this.#newestSeq,
          position,
        });
      }
    }
    // In the order of the tree: neighbours share pages, so a group touches fewer of them.
    rows.sort(byKey);
    for (const row of rows) {
      this.#insertRecord.run(
        row.hour,
        row.offering,
        row.region,
        row.customer,
        row.dimension,
        row.discriminator,
        row.quantity,
        row.seq,
        row.position,
      );
    }
    for (const change of group.catalogue) {
      const value = change.value === undefined ? null : JSON.stringify(change.value);
      this.#putCatalogue.run(change.kind, change.id, value, change.fileDigest ?? null);
    }
    if (group.clock !== undefined) this.#putSetting.run("clock", JSON.stringify(group.clock));
  }
}

function byKey(a: Row, b: Row): number {
  return (
    a.hour - b.hour ||
    a.offering - b.offering ||
    a.region - b.region ||
    a.customer - b.customer ||
    a.dimension - b.dimension
  );
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll("-", ""), "hex");
}

function encodedEntry(row: Record<string, unknown> | undefined): EncodedEntry | undefined {
  if (row === undefined) return undefined;
  const requestId = String(row["id"]).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { requestId, atMs: Number(row["atMs"]), body: String(row["body"]) };
}

function catalogueChange(row: Record<string, unknown>): CatalogueChange {
  const value = row["value"] as string | null;
  return {
    kind: row["kind"],
    id: row["id"],
    value: value === null ? undefined : (JSON.parse(value) as unknown),
    fileDigest: row["fileDigest"] ?? undefined,
  } as CatalogueChange;
}

/** SQLite's result codes for a database that cannot be what it was: SQLITE_CORRUPT, SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);
const SQLITE_CONSTRAINT = 19;

function fault(error: unknown): Error {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (code !== undefined && DAMAGED.has(code)) return new DefectError(`The ledger's file is damaged: ${message}`);
  if (code === SQLITE_CONSTRAINT) return new DefectError(`The ledger refused what was decided: ${message}`);
  return new FaultError(`The ledger could not be written: ${message}`, error);
}

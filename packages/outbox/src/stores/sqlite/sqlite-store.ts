/** An outbox in a file, for one machine. Any number of its processes may use it; only one instance of a service should. */
import { existsSync } from "node:fs";
import type { GivenReading } from "../../domain/reading.ts";
import { OutboxError } from "../../store/outbox-error.ts";
import { newStoreRow } from "../../store/new-store-row.ts";
import type { StoreRow } from "../../store/rows.ts";
import type {
  AlarmFilter,
  BindingFilter,
  EntryFilter,
  OutboxStore,
  RecordAnswer,
  SetAsideFilter,
  SetAsideRow,
  StoreTransaction,
  WaitingFilter,
} from "../../store/store.ts";
import { balanceOfRow, readingOfRow } from "../columns.ts";
import { readAlarms } from "./alarms.ts";
import { Connection } from "./connection.ts";
import { readEntries, readWaiting } from "./queries.ts";
import { factsOf, recordReading } from "./recording.ts";
import { auditedEntries, summaryOf, totalsOf } from "./reports.ts";
import { readAttempts, readBindings, readMeters, readStoreRow, sqliteTransaction } from "./transaction.ts";

/** Readings that came together share a commit, up to so many. */
const COMMIT_READINGS_MAX = 5_000;

interface Queued {
  readonly given: readonly GivenReading[];
  readonly machineMs: number;
  readonly resolve: (answers: readonly RecordAnswer[]) => void;
  readonly reject: (error: unknown) => void;
}

class SqliteStore implements OutboxStore {
  readonly #path: string;
  #opened: Connection | undefined;
  #transaction: StoreTransaction | undefined;
  #queue: Queued[] = [];
  #flushing = false;
  #meters = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  get #connection(): Connection {
    if (this.#opened === undefined) throw new OutboxError("store", `The outbox ${this.#path} is not open.`);
    return this.#opened;
  }

  async open(name: string | undefined, nowMs: number): Promise<StoreRow> {
    if (name === undefined && this.#opened === undefined && !existsSync(this.#path)) {
      throw new OutboxError(
        "schema",
        `There is no outbox at ${this.#path}: make one with \`init\`, or openOutbox with a name.`,
      );
    }
    const connection = (this.#opened ??= new Connection(this.#path));
    this.#transaction ??= sqliteTransaction(connection, () => Date.now());
    return connection.transact(() => {
      const known = connection.get("SELECT name FROM store")?.["name"];
      if (known === undefined) {
        if (name === undefined) throw new OutboxError("schema", `The outbox ${this.#path} is new: it needs a name.`);
        connection.run("INSERT INTO store VALUES (1, ?, ?)", name, JSON.stringify(newStoreRow(nowMs)));
        connection.run("INSERT INTO pace VALUES (1, ?)", nowMs);
      } else if (name !== undefined && known !== name) {
        const expected = `${JSON.stringify(known)}, and this program's is ${JSON.stringify(name)}`;
        throw new OutboxError("other-store", `The outbox ${this.#path} is another store: its name is ${expected}.`);
      }
      return readStoreRow(connection);
    });
  }

  async close(): Promise<void> {
    const connection = this.#opened;
    this.#opened = undefined;
    this.#transaction = undefined;
    await connection?.close();
  }

  record(given: readonly GivenReading[], machineMs: number): Promise<readonly RecordAnswer[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ given, machineMs, resolve, reject });
      if (!this.#flushing) void this.#flush();
    });
  }

  /** One commit for all that has come while the one before was written. */
  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#queue.length > 0) {
      await this.#commit();
    }
    this.#flushing = false;
  }

  async #commit(): Promise<void> {
    let taken: Queued[] = [];
    try {
      const answers = await this.#connection.transact(() => {
        taken = this.#take();
        return taken.map(({ given, machineMs }) => this.#recordAll(given, machineMs));
      });
      for (const [at, { resolve }] of taken.entries()) resolve(answers[at] ?? []);
    } catch (error) {
      // What could not even begin fails all that wait.
      for (const { reject } of taken.length > 0 ? taken : this.#queue.splice(0)) reject(error);
    }
  }

  #take(): Queued[] {
    let readings = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || readings < COMMIT_READINGS_MAX)) {
      readings += this.#queue[count]?.given.length ?? 0;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #recordAll(given: readonly GivenReading[], machineMs: number): RecordAnswer[] {
    const connection = this.#connection;
    const facts = factsOf(readStoreRow(connection), machineMs, (name) => this.#isMeter(name));
    return given.map((reading) => recordReading(connection, reading, facts, machineMs));
  }

  /** Meters are never taken away, so that only an unknown one is looked for. */
  #isMeter(name: string): boolean {
    if (this.#meters.has(name)) return true;
    this.#meters = new Set(readMeters(this.#connection).map((meter) => meter.name));
    return this.#meters.has(name);
  }

  transact<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    const transaction = this.#transaction;
    if (transaction === undefined) throw new OutboxError("store", `The outbox ${this.#path} is not open.`);
    return this.#connection.transact(() => work(transaction));
  }

  /** A file cannot tell that it is an older copy of itself. */
  async incarnation(): Promise<undefined> {
    return undefined;
  }

  takeSlots(slots: number, perSecond: number, machineMs: number): Promise<number> {
    const connection = this.#connection;
    return connection.transact(() => {
      // A turn that lies far ahead was taken by a clock that has been set back since.
      const row = connection.get("SELECT next_ms FROM pace");
      const next = Math.min(Number(row?.["next_ms"]), machineMs + 60_000);
      const first = Math.max(next, machineMs);
      connection.run("UPDATE pace SET next_ms = ?", first + (slots * 1000) / perSecond);
      return first - machineMs;
    });
  }

  storeRow() {
    return this.#read((connection) => readStoreRow(connection));
  }

  meters() {
    return this.#read((connection) => readMeters(connection));
  }

  bindings(filter?: BindingFilter) {
    return this.#read((connection) => readBindings(connection, filter));
  }

  waiting(filter: WaitingFilter) {
    return this.#read((connection) => readWaiting(connection, filter));
  }

  entries(filter: EntryFilter) {
    return this.#read((connection) => readEntries(connection, filter));
  }

  attemptsOf(entryIds: readonly string[]) {
    return this.#read((connection) => readAttempts(connection, entryIds));
  }

  readingsOf({ tenant, meter, hourMs, limit }: Parameters<OutboxStore["readingsOf"]>[0]) {
    return this.#read((connection) =>
      connection
        .all(
          "SELECT * FROM reading WHERE tenant = ? AND meter = ? AND hour_ms = ? ORDER BY at_ms, reading_id LIMIT ?",
          tenant,
          meter,
          hourMs,
          limit,
        )
        .map(readingOfRow),
    );
  }

  setAside({ tenant, limit }: SetAsideFilter): Promise<readonly SetAsideRow[]> {
    const sql = "SELECT * FROM set_aside WHERE ?1 IS NULL OR tenant = ?1 ORDER BY set_aside_id DESC LIMIT ?2";
    return this.#read((connection) =>
      connection.all(sql, tenant ?? null, limit).map((row) => ({
        given: JSON.parse(String(row["given"])) as GivenReading,
        reason: row["reason"] as SetAsideRow["reason"],
        message: String(row["message"]),
        recordedMs: Number(row["recorded_ms"]),
      })),
    );
  }

  alarms(filter: AlarmFilter) {
    return this.#read((connection) => readAlarms(connection, filter));
  }

  balances() {
    return this.#read((connection) =>
      connection.all("SELECT * FROM balance ORDER BY month, identity, dimension").map(balanceOfRow),
    );
  }

  summary() {
    return this.#read((connection) => summaryOf(connection, Date.now()));
  }

  audited(afterId: string, limit: number) {
    return this.#read((connection) => auditedEntries(connection, afterId, limit));
  }

  totals() {
    return this.#read((connection) => totalsOf(connection));
  }

  #read<T>(read: (connection: Connection) => T): Promise<T> {
    const connection = this.#connection;
    return connection.snapshot(() => read(connection));
  }
}

/** An outbox in a file; `:memory:` for one that ends with the process. Needs Node 24 or newer. */
export function sqliteStore(path: string): OutboxStore {
  return new SqliteStore(path);
}

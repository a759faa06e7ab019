/**
 * An outbox in the seller's own PostgreSQL, 14 or newer, in a schema of its own. Always by the primary. Nothing outlives its
 * transaction (no session locks, no LISTEN, no SET, no named statements), so that it works through a pooler, too.
 */
import type { GivenReading } from "../../domain/reading.ts";
import { newStoreRow } from "../../store/new-store-row.ts";
import { OutboxError } from "../../store/outbox-error.ts";
import type { StoreRow } from "../../store/rows.ts";
import type {
  AlarmFilter,
  BindingFilter,
  EntryFilter,
  OutboxStore,
  Queryable,
  ReadingFilter,
  RecordAnswer,
  SetAsideFilter,
  Statement,
  StoreTransaction,
  WaitingFilter,
} from "../../store/store.ts";
import { balanceOfRow, readingOfRow, type Row } from "../columns.ts";
import { foldAlarms, readAlarms } from "./alarms.ts";
import { Connection, type PostgresPool } from "./connection.ts";
import { readAttempts, readBindings, readEntries, readMeters, readStoreRow, readWaiting } from "./queries.ts";
import { answersOf, recordStatement } from "./recording.ts";
import { auditedEntries, countEntries, countReadings, totalsOf, type ReadingCounts } from "./reports.ts";
import { checkVersion, schemaName } from "./schema/migrate.ts";
import { postgresTransaction } from "./transaction.ts";

export interface PostgresStoreOptions {
  /** The seller's own pool, of `pg`; the store never ends it. */
  readonly pool: PostgresPool;
  /** `usage_outbox` by default. */
  readonly schema?: string;
}

/** What counting may take of the time: a count that took long is used again for a while. */
const COUNTING_SHARE = 0.01;
const SHORT_MS = 50;

class PostgresStore implements OutboxStore {
  readonly #connection: Connection;
  #counted: { readonly counts: ReadingCounts; readonly untilMs: number } | undefined;

  constructor({ pool, schema }: PostgresStoreOptions) {
    this.#connection = new Connection(pool, schemaName(schema));
  }

  async open(name: string | undefined, nowMs: number): Promise<StoreRow> {
    const { ask, schema } = this.#connection;
    const [version] = await ask("SELECT version, oldest_program FROM @.schema_version");
    checkVersion(schema, Number(version?.["version"] ?? 0), Number(version?.["oldest_program"] ?? 0));
    const known = (await ask("SELECT name FROM @.store"))[0]?.["name"];
    if (known === undefined) {
      if (name === undefined)
        throw new OutboxError("schema", `The outbox in the schema ${schema} is new: it needs a name.`);
      await this.#take(name, nowMs);
    }
    const row = await readStoreRow(ask);
    if (name !== undefined && row.name !== name) {
      const expected = `${JSON.stringify(row.name)}, and this program's is ${JSON.stringify(name)}`;
      throw new OutboxError(
        "other-store",
        `The outbox in the schema ${schema} is another store: its name is ${expected}.`,
      );
    }
    return row;
  }

  #take(name: string, nowMs: number): Promise<void> {
    const row = newStoreRow(nowMs);
    return this.#connection.transact(async (ask) => {
      await ask(
        "INSERT INTO @.store (one, name, row, dedupe_days) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING",
        name,
        JSON.stringify(row),
        row.settings.dedupeDays,
      );
      await ask("INSERT INTO @.pace VALUES (1, $1) ON CONFLICT DO NOTHING", nowMs);
    });
  }

  /** The pool is the seller's. */
  async close(): Promise<void> {}

  async record(given: readonly GivenReading[], machineMs: number): Promise<readonly RecordAnswer[]> {
    const { text, values } = recordStatement(this.#connection.schema, given, machineMs);
    return answersOf(given, await this.#connection.ask(text, ...values));
  }

  async within(transaction: Queryable, given: readonly GivenReading[]): Promise<readonly RecordAnswer[]> {
    const { text, values } = this.statementFor(given);
    const { rows } = await transaction.query(text, [...values]);
    return answersOf(given, rows as readonly Row[]);
  }

  statementFor(given: readonly GivenReading[]): Statement {
    return recordStatement(this.#connection.schema, given);
  }

  transact<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#connection.transact((ask) => work(postgresTransaction(ask, () => Date.now())));
  }

  /** The timeline changes when a standby takes over, and when a backup is restored to a point in time. */
  async incarnation(): Promise<string | undefined> {
    const rows = await this.#connection.askIfItCan(
      `SELECT system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS history
       FROM pg_control_system()`,
    );
    return rows === undefined ? undefined : String(rows[0]?.["history"]);
  }

  /** By the database's clock, which is one for all senders. */
  async takeSlots(slots: number, perSecond: number): Promise<number> {
    // A turn that lies far ahead was taken by a clock that has been set back since.
    const [row] = await this.#connection.ask(
      `WITH clock AS MATERIALIZED (SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now)
       UPDATE @.pace SET next_ms = greatest(least(next_ms, clock.now + 60000), clock.now) + $1::float8 FROM clock
       RETURNING next_ms - $1::float8 - clock.now AS wait`,
      (slots * 1000) / perSecond,
    );
    return Math.max(0, Number(row?.["wait"]));
  }

  storeRow() {
    return readStoreRow(this.#connection.ask);
  }

  meters() {
    return readMeters(this.#connection.ask);
  }

  bindings(filter?: BindingFilter) {
    return readBindings(this.#connection.ask, filter);
  }

  waiting(filter: WaitingFilter) {
    return readWaiting(this.#connection.ask, filter);
  }

  entries(filter: EntryFilter) {
    return readEntries(this.#connection.ask, filter);
  }

  attemptsOf(entryIds: readonly string[]) {
    return readAttempts(this.#connection.ask, entryIds);
  }

  async readingsOf({ tenant, meter, hourMs, limit }: ReadingFilter) {
    // What waits, and what does not, by an index each.
    const of = "FROM @.reading WHERE tenant = $1 AND meter = $2 AND hour_ms = $3";
    const rows = await this.#connection.ask(
      `SELECT *, quantity::text AS quantity ${of} ORDER BY at_ms, reading_id LIMIT $4`,
      tenant,
      meter,
      hourMs,
      limit,
    );
    return rows.map(readingOfRow);
  }

  async setAside({ tenant, limit }: SetAsideFilter) {
    const rows = await this.#connection.ask(
      "SELECT * FROM @.set_aside WHERE $1::text IS NULL OR tenant = $1 ORDER BY set_aside_id DESC LIMIT $2",
      tenant ?? null,
      limit,
    );
    return rows.map((row) => ({
      given: JSON.parse(String(row["given"])) as GivenReading,
      reason: row["reason"] as Exclude<RecordAnswer, { readonly answer: "recorded" | "known" }>["reason"],
      message: String(row["message"]),
      recordedMs: Number(row["recorded_ms"]),
    }));
  }

  async alarms(filter: AlarmFilter) {
    await this.#connection.transact(foldAlarms);
    return readAlarms(this.#connection.ask, filter);
  }

  async balances() {
    const rows = await this.#connection.ask("SELECT * FROM @.balance ORDER BY month, identity, dimension");
    return rows.map(balanceOfRow);
  }

  async summary() {
    return { ...(await this.#counts()), ...(await countEntries(this.#connection.ask)) };
  }

  async #counts(): Promise<ReadingCounts> {
    const nowMs = Date.now();
    if (this.#counted !== undefined && nowMs < this.#counted.untilMs) return this.#counted.counts;
    const counts = await countReadings(this.#connection.ask, nowMs);
    const tookMs = Date.now() - nowMs;
    this.#counted = { counts, untilMs: tookMs < SHORT_MS ? 0 : nowMs + tookMs / COUNTING_SHARE };
    return counts;
  }

  audited(afterId: string, limit: number) {
    return auditedEntries(this.#connection.ask, afterId, limit);
  }

  totals() {
    return totalsOf(this.#connection.ask);
  }
}

/** An outbox in a database whose schema `migratePostgres` has made. */
export function postgresStore(
  options: PostgresStoreOptions,
): OutboxStore & Required<Pick<OutboxStore, "within" | "statementFor">> {
  return new PostgresStore(options);
}

/** The file of an outbox: one connection, prepared statements, and one piece of work at a time. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { OutboxError } from "../../store/outbox-error.ts";
import type { Row } from "../columns.ts";
import { checkFile, prepareSchema } from "./schema.ts";

/** Another process writes for milliseconds; one that is stopped in the midst of it is waited for this long. */
const BUSY_MS = 10_000;
/** How long SQLite itself waits, and this process with it. */
const BLOCKED_MS = 5;

/** Asked for only here: to import this package on a Node that lacks it is no mistake. */
function databaseClass(path: string): typeof DatabaseSync {
  // Its type says that it is always there.
  const sqlite: typeof import("node:sqlite") | undefined = process.getBuiltinModule("node:sqlite");
  if (sqlite !== undefined) return sqlite.DatabaseSync;
  throw new OutboxError(
    "store",
    `The outbox ${path} is a file, which needs node:sqlite; this is Node ${process.version}, without it. Use Node 24 or newer, or a store in PostgreSQL.`,
  );
}

export class Connection {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    try {
      this.#db = new (databaseClass(path))(path, { timeout: BUSY_MS });
      // Before anything is changed in it: it may be another program's.
      checkFile(this.#db, path);
      // FULL: a commit that was answered for is on the medium, whatever happens to the machine.
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
      prepareSchema(this.#db);
      this.#db.exec(`PRAGMA busy_timeout = ${BLOCKED_MS}`);
    } catch (error) {
      throw troubleOf(error, path);
    }
  }

  close(): Promise<void> {
    return this.alone(() => {
      this.#statements.clear();
      this.#db.close();
    });
  }

  /** Runs work when all that was asked for before has ended. */
  alone<T>(work: () => T | Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** One transaction, durable when this resolves; rolled back when the work throws. */
  transact<T>(work: () => T | Promise<T>): Promise<T> {
    return this.alone(async () => {
      try {
        await this.#begin();
        const result = await work();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw troubleOf(error, this.#path);
      }
    });
  }

  /** Reads by several statements, as all was at one moment, whatever other processes write. */
  snapshot<T>(read: () => T): Promise<T> {
    return this.alone(() => {
      this.#db.exec("BEGIN");
      try {
        return read();
      } finally {
        if (this.#db.isTransaction) this.#db.exec("COMMIT");
      }
    });
  }

  /** Waits for other writers without holding up the rest of this process. */
  async #begin(): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += 2 * BLOCKED_MS) {
      try {
        this.#db.exec("BEGIN IMMEDIATE");
        return;
      } catch (error) {
        if (!isBusy(error) || waitedMs >= BUSY_MS) throw error;
        await new Promise((resume) => setTimeout(resume, BLOCKED_MS));
      }
    }
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#prepared(sql).all(...values));
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#prepared(sql).get(...values));
  }

  /** Answers how many rows were changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#prepared(sql).run(...values).changes));
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw troubleOf(error, this.#path);
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}

/** Trouble with the file in words that say what to do; anything else as it is. */
function troubleOf(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error;
  const code = Number(error.errcode) & 0xff;
  const told = (what: string): OutboxError => new OutboxError("store", `The outbox ${path} ${what}.`, error);
  switch (code) {
    case 13:
      return told("cannot be written: the disk is full. Nothing was kept; make space, and it goes on");
    case 5:
      return told("is locked by another process");
    case 8:
      return told("cannot be written: the file is read-only");
    case 10:
      return told(`cannot be read or written: ${error.message}`);
    case 11:
      return told("is damaged. Restore a backup, and say `restored`");
    case 14:
      return told("cannot be opened: is its folder there, and may this program write to it");
    case 26:
      return new OutboxError("other-store", `${path} is no SQLite database.`, error);
    default:
      return error;
  }
}

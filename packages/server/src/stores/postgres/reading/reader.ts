/** What is read beside the groups: listings, single entries, and whether another node has changed what all go by. */
import type { Pool, PoolClient } from "pg";
import type { FoundPage } from "../../../ledger/engine.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import type { MeteringRecordQuery } from "../../../ledger/ledger.ts";
import type { Driver } from "../driver.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isUuid, type EntryRow } from "../rows.ts";
import { isSameState, type SharedState } from "../shared-state.ts";
import { readState, readStateId } from "../state-rows.ts";
import { HalfSeenError, errorOf, troubleOf } from "../trouble.ts";
import type { Queryable } from "./record-pointers.ts";
import { beginAtOneMoment } from "./one-moment.ts";
import { listRecords } from "./record-query.ts";

const CONNECTIONS_MAX = 3;
/** How often what is seen bit by bit is looked at again. */
const LOOKS_MAX = 20;
const PAUSE_MS = 25;

/** How the ledger lies, and how a moment passes. */
interface ReaderOptions {
  readonly isSpread: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

export class Reader {
  readonly #pool: Pool;
  readonly #state: SharedState;
  readonly #options: ReaderOptions;
  #following = false;
  #unavailable: string | undefined;

  constructor(driver: Driver, state: SharedState, options: ReaderOptions) {
    this.#options = options;
    this.#pool = driver.pool("reader", CONNECTIONS_MAX);
    this.#state = state;
  }

  /** For statements by themselves. */
  get db(): Queryable {
    return this.#pool;
  }

  /** That the database could not be asked the last time, if so; shown to anybody, so it does not say where it is. */
  get unavailable(): string | undefined {
    return this.#unavailable;
  }

  /** Takes over what other nodes have changed since, and notes whether the database is there. */
  async follow(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    try {
      const id = await readStateId(this.#pool);
      // An older one is what was read before this node went on, or a database that was set back: the next group finds out.
      if (id.version >= this.#state.id.version && !isSameState(id, this.#state.id)) await this.#adopt();
      this.#unavailable = undefined;
    } catch (error) {
      this.#unavailable = "the database cannot be reached";
      throw errorOf(error, "The database cannot be reached");
    } finally {
      this.#following = false;
    }
  }

  /** Where a group has gone on meanwhile, what was read is older than what is held, and left. */
  async #adopt(): Promise<void> {
    const kept = await this.atOneMoment((db) => readState(db, this.#state.id));
    if (kept.version >= this.#state.id.version) this.#state.adopt(kept);
  }

  listRecords(query: MeteringRecordQuery): Promise<FoundPage> {
    const { isSpread, sleep } = this.#options;
    if (!isSpread) return this.atOneMoment((db) => listRecords(db, query, false));
    return this.#orTrouble(async () => {
      for (let looks = 1; ; looks += 1) {
        try {
          return await this.atOneMoment((db) => listRecords(db, query, true));
        } catch (error) {
          if (!(error instanceof HalfSeenError) || looks === LOOKS_MAX) throw error;
          await sleep(PAUSE_MS);
        }
      }
    });
  }

  async entryByRequestId(requestId: string): Promise<EncodedEntry | undefined> {
    if (!isUuid(requestId)) return undefined;
    const text = `SELECT ${ENTRY_COLUMNS} FROM countinghouse.entry WHERE request_id = $1`;
    const { rows } = await this.again((db) =>
      db.query<EntryRow>({ name: "entry-by-request-id", text, values: [requestId] }),
    );
    return rows[0] === undefined ? undefined : encodedEntryOf(rows[0]);
  }

  /** Runs it unless another connection holds the lock, which is held meanwhile; undefined where one does. */
  holding<T>(lock: readonly [number, number], run: () => Promise<T>): Promise<T | undefined> {
    return this.#orTrouble(async () => {
      const client = await this.#pool.connect();
      let held = false;
      try {
        const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS held", [
          ...lock,
        ]);
        held = rows[0]?.held === true;
        return held ? await run() : undefined;
      } finally {
        // The lock ends with the connection.
        client.release(held);
      }
    });
  }

  /** One transaction, of one snapshot, while nobody else holds the lock. What fails has not been done. */
  exclusively<T>(lock: readonly [number, number], run: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#orTrouble(async () => {
      const client = await this.#pool.connect();
      let isDone = false;
      try {
        // Before the transaction: what it sees is as new as what was committed under the lock.
        await client.query("SELECT pg_advisory_lock($1, $2)", [...lock]);
        await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
        const result = await run(client);
        await client.query("COMMIT");
        await client.query("SELECT pg_advisory_unlock($1, $2)", [...lock]);
        isDone = true;
        return result;
      } finally {
        // The lock, and what was not committed, end with the connection.
        client.release(!isDone);
      }
    });
  }

  /** All that is read is of one snapshot; of several machines, each has its own. */
  atOneMoment<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#within((client) => beginAtOneMoment(client, false), read);
  }

  /** Of one snapshot on all machines, for which commits are held up a moment. */
  atOneMomentEverywhere<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#within((client) => beginAtOneMoment(client, this.#options.isSpread), read);
  }

  #within<T>(begin: (client: PoolClient) => Promise<void>, read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.again(async () => {
      const client = await this.#pool.connect();
      let failed: unknown;
      try {
        await begin(client);
        const result = await read(client);
        await client.query("COMMIT");
        return result;
      } catch (error) {
        failed = error;
        throw error;
      } finally {
        // A connection that something failed on is not used again.
        client.release(failed !== undefined);
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /**
   * For a statement by itself. Reading twice does no harm: a connection that was lost while nobody used it is not to be noticed
   * by callers.
   */
  again<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#orTrouble(() =>
      read(this.#pool).catch((error: unknown) => {
        if (errorOf(error, "") === error || troubleOf(error) !== "lost") throw error;
        return read(this.#pool);
      }),
    );
  }

  async #orTrouble<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw errorOf(error, "The ledger could not be read");
    }
  }
}

/** Reads beside the groups: listings, single entries, and whether another node has changed catalogue or clock. */
import type { Pool, PoolClient } from "pg";
import type { FoundPage } from "../../../ledger/engine.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import type { MeteringRecordQuery } from "../../../ledger/ledger.ts";
import type { Driver } from "../driver.ts";
import { ENTRY_COLUMNS, encodedEntryOf, isUuid, type EntryRow } from "../rows.ts";
import { isSameState, type SharedState } from "../shared-state.ts";
import { readState, readStateId } from "../state-rows.ts";
import { HalfSeenError, errorOf, isGivenUp, troubleOf } from "../trouble.ts";
import type { Queryable } from "./record-pointers.ts";
import { beginAtOneMoment } from "./one-moment.ts";
import { listRecords } from "./record-query.ts";

const CONNECTIONS_MAX = 3;
/** Listings must not delay what the node does every second or so: it has a connection of its own. */
const WATCHING_CONNECTIONS = 1;
/** How often a reading is repeated that saw only a part of a commit on several machines. */
const LOOKS_MAX = 20;
const PAUSE_MS = 25;

/** Whether the ledger lies on several machines, and how to wait between two readings. */
interface ReaderOptions {
  readonly isSpread: boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

export class Reader {
  readonly #pool: Pool;
  readonly #watching: Pool;
  readonly #state: SharedState;
  readonly #options: ReaderOptions;
  #following = false;
  #unavailable: string | undefined;

  constructor(driver: Driver, state: SharedState, options: ReaderOptions) {
    this.#options = options;
    this.#pool = driver.pool("reader", CONNECTIONS_MAX);
    this.#watching = driver.pool("reader", WATCHING_CONNECTIONS);
    this.#state = state;
  }

  /** For short single statements that the node repeats all the time. They do not wait for listings. */
  get watching(): Queryable {
    return this.#watching;
  }

  /** Says that the last try to ask the database failed. Everybody may see the text, so it does not name the address. */
  get unavailable(): string | undefined {
    return this.#unavailable;
  }

  /** Adopts what other nodes have changed, and notes whether the database can be reached. */
  async follow(): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    try {
      const id = await readStateId(this.#watching);
      // A lower version was read before this node went on, or the database was set back; the next group finds out which.
      if (id.version >= this.#state.id.version && !isSameState(id, this.#state.id)) await this.#adopt();
      this.#unavailable = undefined;
    } catch (error) {
      this.#unavailable = "the database cannot be reached";
      throw errorOf(error, "The database cannot be reached");
    } finally {
      this.#following = false;
    }
  }

  /** Where a group of this node has gone on meanwhile, the state that was read is older, and is not adopted. */
  async #adopt(): Promise<void> {
    const kept = await this.#orTrouble(() => within(this.#watching, beginHere, (db) => readState(db, this.#state.id)));
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

  /** Runs a function while holding the lock; where another connection holds it, answers undefined and does not run it. */
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
        // `true` closes the connection, and the lock ends with it.
        client.release(held);
      }
    });
  }

  /**
   * One transaction, of one snapshot, while nobody else holds the lock. What fails has not been done. Answers undefined, and runs
   * nothing, where somebody else holds the lock for as long as a statement may take.
   */
  exclusively<T>(lock: readonly [number, number], run: (db: Queryable) => Promise<T>): Promise<T | undefined> {
    return this.#orTrouble(async () => {
      const client = await this.#pool.connect();
      let isDone = false;
      try {
        // Before the transaction: what it sees is as new as what was committed under the lock.
        const isHeld = await client.query("SELECT pg_advisory_lock($1, $2)", [...lock]).then(
          () => true,
          (error: unknown) => {
            if (isGivenUp(error)) return false;
            throw error;
          },
        );
        if (!isHeld) return undefined;
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

  /** Reads everything in one snapshot; on several machines, each machine has a snapshot of its own. */
  atOneMoment<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#within(beginHere, read);
  }

  /** Reads everything in one snapshot that is the same on all machines; commits wait while it is taken. */
  atOneMomentEverywhere<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#within((client) => beginAtOneMoment(client, this.#options.isSpread), read);
  }

  #within<T>(begin: (client: PoolClient) => Promise<void>, read: (db: Queryable) => Promise<T>): Promise<T> {
    return this.again(() => within(this.#pool, begin, read));
  }

  async close(): Promise<void> {
    await this.#watching.end();
    await this.#pool.end();
  }

  /**
   * For a single statement, or for one transaction that only reads. Where an idle connection was lost, callers should not
   * notice: the function runs a second time, which does no harm.
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

/** On several machines, each machine has a snapshot of its own. */
function beginHere(client: PoolClient): Promise<void> {
  return beginAtOneMoment(client, false);
}

async function within<T>(
  pool: Pool,
  begin: (client: PoolClient) => Promise<void>,
  read: (db: Queryable) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
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
    // A connection on which something failed is not used again.
    client.release(failed !== undefined);
  }
}

/** The seller's own pool, as the store uses it: single statements, and transactions that a stopped process cannot hold open. */
import { OutboxError } from "../../store/outbox-error.ts";
import type { Queryable } from "../../store/store.ts";
import type { Row } from "../columns.ts";
import { inSchema } from "./schema/steps.ts";
import { mayBeDoneAgain, troubleOf } from "./trouble.ts";

/** What is used of the pool of `pg`. */
export interface PostgresPool extends Queryable {
  connect(): Promise<PostgresClient>;
}

export interface PostgresClient extends Queryable {
  release(broken?: boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** A connection of one's own. One that breaks tells whoever listens, and ends the process where nobody does. */
export async function borrowed(
  pool: PostgresPool,
): Promise<{ readonly client: PostgresClient; readonly giveBack: (broken: boolean) => void }> {
  const client = await pool.connect();
  client.on("error", toldByStatements);
  return {
    client,
    giveBack: (broken) => {
      client.removeListener("error", toldByStatements);
      client.release(broken);
    },
  };
}

function toldByStatements(): void {}

/** Whatever runs statements: the pool, each in a transaction of its own, or one transaction. `@.` stands for the schema. */
export type Ask = (sql: string, ...values: readonly unknown[]) => Promise<readonly Row[]>;

/** How often work is done over that was in somebody's way. */
const TRIES = 20;

/**
 * All of it ends with the transaction, so that a pooler may give the connection to anybody then. By the indexes only: the rows that
 * wait lie at the end of a table that is mostly of those that do not, which its statistics say too late. What is committed is on
 * the disk. A stopped process holds up the others for a minute at most.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '20s'; SET LOCAL idle_in_transaction_session_timeout = '60s';
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off;
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

export class Connection {
  readonly #pool: PostgresPool;
  readonly schema: string;
  readonly #texts = new Map<string, string>();

  constructor(pool: PostgresPool, schema: string) {
    this.#pool = pool;
    this.schema = schema;
  }

  text(sql: string): string {
    let text = this.#texts.get(sql);
    if (text === undefined) {
      text = inSchema(sql, this.schema);
      this.#texts.set(sql, text);
    }
    return text;
  }

  /** One statement, which is its own transaction: done over where it was in somebody's way. */
  readonly ask: Ask = async (sql, ...values) => {
    const text = this.text(sql);
    return this.#again(async () => (await this.#pool.query(text, [...values])).rows as readonly Row[]);
  };

  /** One transaction, durable when this resolves; rolled back when the work throws. */
  transact<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#again(async () => {
      const { client, giveBack } = await borrowed(this.#pool);
      let ended = false;
      try {
        await client.query(BEGIN, []);
        const result = await work(
          async (sql, ...values) => (await client.query(this.text(sql), [...values])).rows as readonly Row[],
        );
        await client.query("COMMIT", []);
        ended = true;
        return result;
      } finally {
        if (!ended) ended = await rolledBack(client);
        giveBack(!ended);
      }
    });
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!mayBeDoneAgain(error) || tries === TRIES) throw troubleOf(error, this.schema);
      }
    }
  }

  /** What the database answers; undefined where it says that it cannot. */
  async askIfItCan(sql: string): Promise<readonly Row[] | undefined> {
    try {
      return (await this.#pool.query(this.text(sql), [])).rows as readonly Row[];
    } catch (error) {
      const trouble = troubleOf(error, this.schema);
      if (trouble instanceof OutboxError && !trouble.message.includes("lacks a right")) throw trouble;
      return undefined;
    }
  }
}

/** Whether the connection is as it was before. */
async function rolledBack(client: PostgresClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK", []);
    return true;
  } catch {
    return false;
  }
}

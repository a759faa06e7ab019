/**
 * The driver is an optional dependency: it is loaded when a configuration names PostgreSQL, and an error names it where it is
 * missing. This file also opens connections as the ledger needs them: bounded in time, whatever the network does.
 */
import type { Client, ClientConfig, Pool } from "pg";

/** The purpose of a connection; the database shows it as the application's name. */
type Purpose = "lane" | "reader" | "maintenance";

/** The purposes of connections that only a running server has. */
export const SERVING: readonly Purpose[] = ["lane", "reader"];

export interface Driver {
  client(purpose: Purpose, over?: ClientConfig): Client;
  pool(purpose: Purpose, connectionsMax: number): Pool;
}

export function applicationName(purpose: Purpose): string {
  return `countinghouse ${purpose}`;
}

class DriverMissingError extends Error {
  constructor() {
    super("--store postgres://… needs the package pg, which is not installed: npm install pg@8");
    this.name = "DriverMissingError";
  }
}

/** PostgreSQL gives a statement up after this time; waiting for locks counts. */
const STATEMENT_MS = 5_000;
/** PostgreSQL ends a transaction that its node has left idle for this time, so that its locks are released. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** A database that has not answered after this time counts as lost. */
const ANSWER_MS = 8_000;
const CONNECT_MS = 3_000;

/**
 * Every look-up has an index. Without these settings, PostgreSQL would keep a plan that it made while a table was small, and
 * read the whole table at every commit until the table is analysed or the connection ends. `jit` is off because such a plan
 * then counts as costly, and compiling it takes longer than any look-up.
 */
export const INDEXES_ONLY =
  "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

export async function loadDriver(url: string): Promise<Driver> {
  const { default: pg } = await import("pg").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") throw new DriverMissingError();
    throw error;
  });
  const configOf = (purpose: Purpose): ClientConfig => ({
    connectionString: url,
    application_name: applicationName(purpose),
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  });
  return {
    client: (purpose, over) => {
      const client = new pg.Client({ ...configOf(purpose), ...over });
      // A lost connection is reported by the query that fails; without a listener, the event would end the process.
      client.on("error", () => undefined);
      return client;
    },
    pool: (purpose, connectionsMax) => {
      const pool = new pg.Pool({
        ...configOf(purpose),
        max: connectionsMax,
        // Runs before any other statement of a connection; where it fails, the connection counts as failed.
        verify: (client, done) => client.query(INDEXES_ONLY, (error) => done(error ?? undefined)),
      });
      pool.on("error", () => undefined);
      pool.on("connect", (client) => client.on("error", () => undefined));
      return pool;
    },
  };
}

/** Closes a connection that may be lost already. */
export function letGo(client: Client): void {
  void client.end().catch(() => undefined);
}

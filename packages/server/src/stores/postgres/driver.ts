/**
 * The driver, which is an optional dependency: loaded when a configuration names PostgreSQL, and missed by its name. And
 * connections as the ledger needs them: bounded in time, whatever the network does.
 */
import type { Client, ClientConfig, Pool } from "pg";

/** What a connection is for; the database shows it. */
type Purpose = "lane" | "reader" | "maintenance";

/** Those that a server has for as long as it runs. */
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

/** The server gives a statement up, waits for locks included. */
const STATEMENT_MS = 5_000;
/** A transaction that its node has forgotten about holds no lock for longer. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** A server that does not answer at all counts as lost. */
const ANSWER_MS = 8_000;
const CONNECT_MS = 3_000;

/**
 * Whatever is looked up has an index. A plan that was made while a table was small, and kept, would otherwise read all of it
 * at every commit, until somebody analyses the table or the connection ends. A plan that is counted as dear for that reason
 * is not to be compiled: that takes longer than any look-up.
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
      // Whoever uses it is told by what it awaits; without a listener, the process would end.
      client.on("error", () => undefined);
      return client;
    },
    pool: (purpose, connectionsMax) => {
      const pool = new pg.Pool({
        ...configOf(purpose),
        max: connectionsMax,
        // Before anything else is asked of a connection; where it fails, so does that.
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

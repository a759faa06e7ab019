/** Opens the ledger in a database: brings its schema up to date, and reads the state that all nodes share. */
import type { EpochMs } from "@countinghouse/protocol";
import type { Client } from "pg";
import type { Loaded } from "../../ledger/engine.ts";
import type { OnProgress } from "../../ledger/work-progress.ts";
import { clockDifference, type ClockDifference } from "./clock-difference.ts";
import { isSpread, refuseWorker } from "./distribution.ts";
import { INDEXES_ONLY, letGo, loadDriver, type Driver } from "./driver.ts";
import { NewerSchemaError, SCHEMA_VERSION, migrate, schemaVersion, refuseWhileConnected } from "./migrations.ts";
import { PostgresLedger, type PostgresLedgerOptions } from "./postgres-ledger.ts";
import type { KeptState } from "./shared-state.ts";
import { readState } from "./state-rows.ts";
import { mayConnectLater } from "./trouble.ts";

interface PostgresStore {
  readonly loaded: Loaded;
  /** The difference from this machine's system clock. */
  readonly clockDifference: ClockDifference;
  open(options: PostgresLedgerOptions): PostgresLedger;
}

/** The database cannot be used as it is. The message names no part of the address, which may hold a password. */
class DatabaseError extends Error {
  constructor(cause: unknown) {
    super(`The database cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "DatabaseError";
  }
}

/** How long to wait for a database that is started together with its nodes. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 250;
const VERSION_MIN = 140_000;

export interface Waiting extends Pick<PostgresLedgerOptions, "monotonicMs" | "sleep"> {
  /** Ends maintenance: PostgreSQL gives up the statement that is under way, and undoes its transaction. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

interface Times extends Waiting {
  readonly wallMs: () => EpochMs;
}

/**
 * `alone`: refuses while servers are connected. `asItIs`: requires a schema of this version, and does not migrate. Throws
 * DriverMissingError, DatabaseError, NewerSchemaError, UnfinishedCopyError or ServersConnectedError.
 */
export async function openPostgres(
  url: string,
  times: Times,
  { alone = false, asItIs = false }: { readonly alone?: boolean; readonly asItIs?: boolean } = {},
): Promise<PostgresStore> {
  const driver = await loadDriver(url);
  const { kept, difference } = await maintain(driver, times, async (client) => {
    await (asItIs ? refuseOtherVersion(client) : migrate(client, times.sleep));
    if (alone) await refuseWhileConnected(client);
    return {
      kept: { ...(await readKept(client)), isSpread: await isSpread(client) },
      difference: await clockDifference(client, times.wallMs),
    };
  });
  return { loaded: kept, clockDifference: difference, open: (options) => new PostgresLedger(driver, kept, options) };
}

/** Throws DatabaseError where there is no ledger of this version, NewerSchemaError where the ledger is of a newer one. */
export async function refuseOtherVersion(client: Client): Promise<void> {
  const version = await schemaVersion(client);
  if (version === 0) throw new DatabaseError("There is no ledger in it.");
  if (version > SCHEMA_VERSION) throw new NewerSchemaError(version);
  if (version === SCHEMA_VERSION) return;
  throw new DatabaseError(
    `Its schema has version ${version}, not ${SCHEMA_VERSION}: a server of this version, or store migrate, brings it there.`,
  );
}

/** Runs a function over a connection whose statements have no time limit. */
export async function maintain<T>(driver: Driver, waiting: Waiting, run: (client: Client) => Promise<T>): Promise<T> {
  const client = await connected(driver, waiting);
  const end = await endsAtSignal(driver, client, waiting.signal);
  try {
    waiting.signal?.throwIfAborted();
    await refuseOldServer(client);
    await refuseWorker(client);
    await client.query(INDEXES_ONLY);
    return await run(client);
  } finally {
    waiting.signal?.removeEventListener("abort", end);
    letGo(client);
  }
}

/** A statement is not given up when its connection is closed, and a lock that it waits for would be taken later. */
async function endsAtSignal(driver: Driver, client: Client, signal: AbortSignal | undefined): Promise<() => void> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const end = (): void => {
    const other = driver.client("maintenance");
    const ask = async (): Promise<void> => {
      await other.connect();
      await other.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
    };
    // A database that cannot be reached has lost the other connection as well.
    void ask()
      .catch(() => letGo(client))
      .finally(() => letGo(other));
  };
  signal?.addEventListener("abort", end, { once: true });
  return end;
}

async function connected(driver: Driver, { monotonicMs, sleep, signal }: Waiting): Promise<Client> {
  const untilMs = monotonicMs() + PATIENCE_MS;
  for (;;) {
    // A migration, and waiting for another node's migration, may take any time.
    const client = driver.client("maintenance", { statement_timeout: 0, query_timeout: 0 });
    try {
      await client.connect();
      return client;
    } catch (error) {
      letGo(client);
      signal?.throwIfAborted();
      if (!mayConnectLater(error) || monotonicMs() >= untilMs) throw new DatabaseError(error);
    }
    await sleep(PAUSE_MS);
  }
}

async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
  if (Number(rows[0]?.version) < VERSION_MIN) throw new DatabaseError("PostgreSQL 14 or newer is needed.");
}

async function readKept(client: Client): Promise<KeptState & { readonly newestAtMs: EpochMs | undefined }> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const state = await readState(client);
  const { rows } = await client.query<{ newest: string | null }>(
    "SELECT max(newest_at_ms) AS newest FROM countinghouse.lane",
  );
  await client.query("COMMIT");
  const newest = rows[0]?.newest ?? undefined;
  return { ...state, newestAtMs: newest === undefined ? undefined : Number(newest) };
}

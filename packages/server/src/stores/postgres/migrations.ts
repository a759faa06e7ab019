/**
 * Numbered migrations. Nodes that start together take turns. Older nodes go on running meanwhile, so a migration only adds; a
 * migration that does more is refused while any server is connected. A database whose number is higher than this server knows
 * is refused and not changed.
 */
import { readFileSync } from "node:fs";
import type { Client } from "pg";
import type { OnProgress } from "../../ledger/work-progress.ts";
import { SERVING, applicationName } from "./driver.ts";
import { MIGRATION_LOCK, laneLock } from "./locks.ts";
import { fillRecords } from "./migrations/0007-records-for-sums.ts";
import { noteCompleteness } from "./migrations/0008-sums.ts";
import { moveResources } from "./resources/move-resources.ts";

/** In their order. A released migration is never edited; new ones are added. */
const MIGRATIONS: readonly Migration[] = [
  { file: "0001-ledger.sql" },
  { file: "0002-leases.sql" },
  { file: "0003-keys-as-numbers.sql", alone: true },
  { file: "0004-state-changes.sql" },
  { file: "0005-one-version-writes.sql", alone: true },
  { file: "0006-resources.sql", alone: true, fill: moveResources },
  { file: "0007-records-for-sums.sql", alone: true, fill: fillRecords },
  { file: "0008-sums.sql", alone: true, fill: noteCompleteness },
];

interface Migration {
  readonly file: string;
  /** Whether older servers could not work with the migrated schema. */
  readonly alone?: boolean;
  /** Does what SQL alone cannot do, in the same transaction. */
  readonly fill?: (client: Client, onProgress: OnProgress) => Promise<void>;
}

export const SCHEMA_VERSION: number = MIGRATIONS.length;

export class NewerSchemaError extends Error {
  constructor(found: number) {
    super(
      `The ledger has schema version ${found}; this server knows versions up to ${SCHEMA_VERSION}. It was written by a newer server: use that one, or a later one.`,
    );
    this.name = "NewerSchemaError";
  }
}

class ServersConnectedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ServersConnectedError";
  }
}

/**
 * How long a migration waits for a table. Statements of older nodes queue behind the waiting migration, so it gives way before
 * they time out, and tries again.
 */
const LOCK_WAITED_MS = 1_000;
const LOCK_TRIES_MAX = 60;
const LOCK_NOT_AVAILABLE = "55P03";

/** Answers the version that it found; 0 where there was no ledger. The connection's statements must have no time limit. */
export async function migrate(
  client: Client,
  sleep: (ms: number) => Promise<void>,
  onProgress: OnProgress = () => undefined,
): Promise<number> {
  await client.query("SELECT pg_advisory_lock($1, $2)", [...MIGRATION_LOCK]);
  try {
    const found = await schemaVersion(client);
    if (found > SCHEMA_VERSION) throw new NewerSchemaError(found);
    if (found > 0 && MIGRATIONS.slice(found).some(({ alone }) => alone)) await refuseServers(client, found);
    for (let version = found + 1; version <= SCHEMA_VERSION; version += 1) {
      onProgress({ doing: "migrating the schema", done: version - 1, of: SCHEMA_VERSION, unit: "steps" });
      for (let tries = 1; !(await step(client, version, tries < LOCK_TRIES_MAX, onProgress)); tries += 1)
        await sleep(LOCK_WAITED_MS);
    }
    return found;
  } finally {
    await client.query("SELECT pg_advisory_unlock($1, $2)", [...MIGRATION_LOCK]);
  }
}

/** Counts servers' connections: by application name, which another role may not see, and by the locks of leased lanes. */
const CONNECTED = `SELECT count(DISTINCT pid) AS count FROM (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = ANY ($1)
    UNION ALL
    SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
      AND classid::bigint = $2 AND objid::bigint BETWEEN 1 AND 2147483647 AND objsubid = 2
  ) connected`;

/** A server that starts meanwhile waits for its turn to migrate, and then finds the newer schema. */
async function refuseServers(client: Client, found: number): Promise<void> {
  const count = await serverConnections(client);
  if (count > 0) {
    throw new ServersConnectedError(
      `Servers that know the ledger's schema up to version ${found} only are connected to it (${count} connections), and could not go on with what comes after. Nothing was changed: stop all of them, then start this one.`,
    );
  }
}

/** Throws ServersConnectedError. */
export async function refuseWhileConnected(client: Client): Promise<void> {
  const connections = await serverConnections(client);
  if (connections === 0) return;
  throw new ServersConnectedError(
    `Servers are connected to the ledger (${connections} connections). Nothing was changed: stop all of them first.`,
  );
}

async function serverConnections(client: Client): Promise<number> {
  const [lockClass] = laneLock(1);
  const { rows } = await client.query<{ count: string }>(CONNECTED, [SERVING.map(applicationName), lockClass]);
  return Number(rows[0]?.count);
}

/** Answers false where a table could not be locked in time; then the step may be tried again. */
async function step(client: Client, version: number, mayWait: boolean, onProgress: OnProgress): Promise<boolean> {
  const { file, fill } = MIGRATIONS[version - 1] as Migration;
  const text = readFileSync(new URL(`./migrations/${file}`, import.meta.url), "utf8");
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_WAITED_MS}`);
    await client.query(text);
    await fill?.(client, onProgress);
    await client.query("CREATE TABLE IF NOT EXISTS countinghouse.schema_version (version integer PRIMARY KEY)");
    await client.query("INSERT INTO countinghouse.schema_version VALUES ($1)", [version]);
    await client.query("COMMIT");
    return true;
  } catch (error) {
    await client.query("ROLLBACK");
    if (mayWait && (error as { readonly code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/** Answers 0 where there is no ledger. */
export async function schemaVersion(client: Client): Promise<number> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('countinghouse.schema_version') IS NOT NULL AS there",
  );
  if (tables[0]?.there !== true) return 0;
  const { rows } = await client.query<{ version: number | null }>(
    "SELECT max(version) AS version FROM countinghouse.schema_version",
  );
  return rows[0]?.version ?? 0;
}

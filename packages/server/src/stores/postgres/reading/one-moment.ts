/** Begins a transaction that reads everything as of one moment, on one machine or several. */
import type { Client, PoolClient } from "pg";
import { STATE_LOCK } from "../locks.ts";

export async function beginAtOneMoment(client: Client | PoolClient, isSpread: boolean): Promise<void> {
  if (isSpread) await beginOnAllMachines(client);
  else await client.query(BEGIN);
}

const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** Makes the coordinator end transactions that a machine prepared and nobody finished; otherwise it does so only later. */
const RECOVER = `SELECT CASE WHEN has_function_privilege('recover_prepared_transactions()', 'EXECUTE')
  THEN recover_prepared_transactions() END`;

/**
 * Each machine takes a snapshot of its own. So the state's lock keeps all groups out while they do. One connection to each
 * machine takes the snapshot, and reads everything after that.
 */
async function beginOnAllMachines(client: Client | PoolClient): Promise<void> {
  await client.query(RECOVER);
  await client.query("SELECT pg_advisory_lock($1, $2)", [...STATE_LOCK]);
  try {
    await client.query(BEGIN);
    await client.query("SET LOCAL citus.max_adaptive_executor_pool_size = 1");
    await client.query("SELECT min(lane) FROM countinghouse.entry");
  } finally {
    await client.query("SELECT pg_advisory_unlock($1, $2)", [...STATE_LOCK]);
  }
}

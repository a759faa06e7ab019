/** Begins a transaction in which all that is read is of one moment, on however many machines it lies. */
import type { Client, PoolClient } from "pg";
import { STATE_LOCK } from "../locks.ts";

export async function beginAtOneMoment(client: Client | PoolClient, isSpread: boolean): Promise<void> {
  if (isSpread) await beginOnAllMachines(client);
  else await client.query(BEGIN);
}

const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** What a machine prepared and never heard the end of; the coordinator ends it by itself after a while, or when it is asked. */
const RECOVER = `SELECT CASE WHEN has_function_privilege('recover_prepared_transactions()', 'EXECUTE')
  THEN recover_prepared_transactions() END`;

/**
 * Each machine takes a moment of its own. So no group may be under way while they do, over one connection each, which is used for
 * all that is read later.
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

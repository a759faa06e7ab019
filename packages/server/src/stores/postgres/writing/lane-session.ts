/**
 * A connection that writes, and the lane that it leases: a chain of its own, whose head every transaction reads and writes. The
 * lease is an advisory lock, so it ends with the connection; then another connection may lease the lane.
 */
import type { Client, QueryResult } from "pg";
import { CHAIN_START } from "../../../ledger/chain.ts";
import { INDEXES_ONLY, letGo, type Driver } from "../driver.ts";
import { STATE_LOCK, laneLock } from "../locks.ts";

export interface LaneSession {
  readonly client: Client;
  readonly lane: number;
}

export async function openLaneSession(driver: Driver): Promise<LaneSession> {
  // The statements of a transaction are sent without waiting for each other, where none needs another's result.
  const client = driver.client("lane", { pipeline: true });
  try {
    await client.connect();
    await client.query(INDEXES_ONLY);
    // A commit must be durable before its answer, whatever the database's own settings say.
    await client.query(
      `SELECT set_config('synchronous_commit', 'on', false)
       WHERE current_setting('synchronous_commit') IN ('off', 'local')`,
    );
    return { client, lane: await leaseLane(client) };
  } catch (error) {
    letGo(client);
    throw error;
  }
}

/** Leases the first lane that no connection leases, or makes a new one. */
async function leaseLane(client: Client): Promise<number> {
  const { rows } = await client.query<{ number: number }>(
    "SELECT number FROM countinghouse.lane WHERE number > 0 ORDER BY number",
  );
  for (const { number } of rows) if (await isLeased(client, number)) return number;
  for (let number = (rows.at(-1)?.number ?? 0) + 1; ; number += 1) {
    if (!(await isLeased(client, number))) continue;
    await client.query(
      `INSERT INTO countinghouse.lane (number, seq, link, base_seq, base_link) VALUES ($1, 0, $2, 0, $2)
       ON CONFLICT DO NOTHING`,
      [number, Buffer.from(CHAIN_START)],
    );
    return number;
  }
}

async function isLeased(client: Client, lane: number): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS held", [
    ...laneLock(lane),
  ]);
  return rows[0]?.held === true;
}

/** 64 KiB of the database's log. A full disk rarely has that much room left, so a probe on it fails. */
const PROBE_BYTES = 65_536;

/**
 * Takes the locks that every group takes, the lane's row included, and writes to the log; no row changes. On several machines
 * only the coordinator is asked; a machine that is away shows in the products that lie on it.
 */
export async function probeCommit({ client, lane }: LaneSession, isSpread: boolean): Promise<void> {
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock_shared($1, $2)", [...STATE_LOCK]);
  if (!isSpread) {
    await client.query("LOCK TABLE countinghouse.entry, countinghouse.metering_record IN ROW EXCLUSIVE MODE");
  }
  await client.query("UPDATE countinghouse.lane SET seq = seq WHERE number = $1", [lane]);
  await client.query("SELECT pg_logical_emit_message(true, 'countinghouse', repeat(' ', $1))", [PROBE_BYTES]);
  await client.query("COMMIT");
}

/** The transaction is committed, and somebody ended its wait for the synchronous standby: the standby may not have it. */
export class StandbyNotAwaitedError extends Error {
  constructor() {
    super("The commit was made, and its wait for the synchronous standby was cancelled.");
    this.name = "StandbyNotAwaitedError";
  }
}

/**
 * Commits. Rejects with StandbyNotAwaitedError where an operator cancelled the wait for the standby (`pg_cancel_backend`):
 * PostgreSQL then answers as if all were well, with a warning before the answer. The warning's text depends on the database's
 * language, so the function that raised it is what it is known by.
 */
export async function commit(client: Client): Promise<QueryResult> {
  let wasCancelled = false;
  const onNotice = ({ routine }: { readonly routine: string | undefined }): void => {
    wasCancelled ||= routine === "SyncRepWaitForLSN";
  };
  client.on("notice", onNotice);
  try {
    const answer = await client.query("COMMIT");
    if (wasCancelled) throw new StandbyNotAwaitedError();
    return answer;
  } finally {
    client.off("notice", onNotice);
  }
}

/** The newest entry of a lane. */
export interface Head {
  readonly seq: number;
  readonly link: Uint8Array;
}

/**
 * Whether the transaction that would have brought a lane to this head, and whose commit was never answered, was committed;
 * undefined while that is not known. The transaction locked the lane's row. Once this function gets that lock, the transaction
 * has ended, and the row says how. The rows that it wrote on other machines may not be visible yet.
 *
 * The row alone does not say that a synchronous standby has the commit: PostgreSQL shows a commit whose connection was ended while
 * it waited for the standby. So this transaction commits as well. Its commit follows in the log, and waits for the standby.
 */
export async function wasCommitted(client: Client, lane: number, head: Head): Promise<boolean | undefined> {
  await client.query("BEGIN");
  const { rows } = await client.query<{ seq: string; link: Buffer }>(
    "SELECT seq, link FROM countinghouse.lane WHERE number = $1 FOR UPDATE",
    [lane],
  );
  await commit(client);
  const [row] = rows;
  if (row === undefined || Number(row.seq) < head.seq) return false;
  if (Number(row.seq) === head.seq) return row.link.equals(head.link);
  // Another connection leases the lane by now and has gone on. The chain's entry at this place answers, once it is visible.
  const { rows: entries } = await client.query<{ link: Buffer }>(
    "SELECT link FROM countinghouse.entry WHERE lane = $1 AND seq = $2",
    [lane, head.seq],
  );
  return entries[0]?.link.equals(head.link);
}

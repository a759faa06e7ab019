/**
 * Compares a node's clock with the database's. Entry times come from the nodes' clocks, and no entry may be older than the
 * newest one. So one node whose clock runs ahead would keep all other nodes from starting; that node must stop writing instead.
 */
import { iso, type EpochMs } from "@countinghouse/protocol";
import type { Queryable } from "./reading/record-pointers.ts";

/** How far apart the two clocks may be. */
export const CLOCKS_APART_MAX_MS = 5_000;

export interface ClockDifference {
  readonly nodeMs: EpochMs;
  readonly databaseMs: EpochMs;
  /** The least by which the node's clock is ahead, whatever time the question took; less than zero where it is behind. */
  readonly aheadMs: number;
}

export async function clockDifference(db: Queryable, nowMs: () => EpochMs): Promise<ClockDifference> {
  const beforeMs = nowMs();
  const { rows } = await db.query<{ at_ms: number }>(
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at_ms",
  );
  const nodeMs = nowMs();
  const databaseMs = Math.round(rows[0]?.at_ms ?? Number.NaN);
  const aheadMs = databaseMs < beforeMs ? beforeMs - databaseMs : Math.min(0, nodeMs - databaseMs);
  return { nodeMs, databaseMs, aheadMs };
}

/** Says in a sentence what is wrong with the node's clock; undefined where nothing is. */
export function clockTrouble({ nodeMs, databaseMs, aheadMs }: ClockDifference): string | undefined {
  if (Math.abs(aheadMs) <= CLOCKS_APART_MAX_MS) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  return `this server's clock says ${iso(nodeMs)} and is ${seconds} s ${direction} the database's, which says ${iso(databaseMs)}; at most ${CLOCKS_APART_MAX_MS / 1000} s are allowed`;
}

/**
 * A node's clock, held against the database's. Entry times are the nodes' own, and none may be older than the newest: one
 * node whose clock runs ahead would keep all others from starting. So the one that is wrong is to be out.
 */
import { iso, type EpochMs } from "@countinghouse/protocol";
import type { Queryable } from "./reading/record-pointers.ts";

/** How far apart the two may be. */
export const CLOCKS_APART_MAX_MS = 5_000;

export interface ClockDifference {
  readonly nodeMs: EpochMs;
  readonly databaseMs: EpochMs;
  /** How far the node's is ahead at least, whatever time the question took; less than zero where it is behind. */
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

/** What is wrong with the node's clock, as a sentence; undefined where nothing is. */
export function clockTrouble({ nodeMs, databaseMs, aheadMs }: ClockDifference): string | undefined {
  if (Math.abs(aheadMs) <= CLOCKS_APART_MAX_MS) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  return `this server's clock says ${iso(nodeMs)} and is ${seconds} s ${direction} the database's, which says ${iso(databaseMs)}; at most ${CLOCKS_APART_MAX_MS / 1000} s are allowed`;
}

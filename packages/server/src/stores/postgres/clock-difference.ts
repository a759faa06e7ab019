/**
 * Compares a node's clock with the database's. Entry times come from the nodes' clocks, and no entry may be older than the
 * newest one. So one node whose clock runs ahead would keep all other nodes from starting; that node must stop writing instead.
 */
import { iso, type EpochMs } from "@countinghouse/protocol";
import { FaultError } from "../../ledger/ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";

/** How far apart the two clocks may be. */
export const CLOCKS_APART_MAX_MS = 5_000;

export interface ClockDifference {
  readonly nodeMs: EpochMs;
  readonly databaseMs: EpochMs;
  /** The least by which the node's clock is ahead, whatever time the question took; less than zero where it is behind. */
  readonly aheadMs: number;
}

/** The database's time, in milliseconds since the epoch, as a column. */
export const DATABASE_MS = "(extract(epoch FROM clock_timestamp()) * 1000)::float8";

/** A node that writes with a clock that is wrong would date entries wrongly, and all that come after them. */
export class WrongClockError extends FaultError {
  /** What is wrong, as a sentence without its end. */
  readonly trouble: string;

  constructor(trouble: string) {
    super(`Nothing is written: ${trouble}.`, undefined);
    this.name = "WrongClockError";
    this.trouble = trouble;
  }
}

export async function clockDifference(db: Queryable, nowMs: () => EpochMs): Promise<ClockDifference> {
  const beforeMs = nowMs();
  const { rows } = await db.query<{ at_ms: number }>(`SELECT ${DATABASE_MS} AS at_ms`);
  return differenceOf(rows[0]?.at_ms ?? Number.NaN, beforeMs, nowMs());
}

/** Of what the database said between two looks at the node's clock. */
export function differenceOf(toldMs: number, beforeMs: EpochMs, nodeMs: EpochMs): ClockDifference {
  const databaseMs = Math.round(toldMs);
  const aheadMs = databaseMs < beforeMs ? beforeMs - databaseMs : Math.min(0, nodeMs - databaseMs);
  return { nodeMs, databaseMs, aheadMs };
}

/** Says in a sentence what is wrong with the node's clock; undefined where nothing is. */
export function clockTrouble(
  { nodeMs, databaseMs, aheadMs }: ClockDifference,
  apartMaxMs: number = CLOCKS_APART_MAX_MS,
): string | undefined {
  if (Math.abs(aheadMs) <= apartMaxMs) return undefined;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  return `this server's clock says ${iso(nodeMs)} and is ${seconds} s ${direction} the database's, which says ${iso(databaseMs)}; at most ${apartMaxMs / 1000} s are allowed`;
}

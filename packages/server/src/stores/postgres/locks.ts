/** The advisory locks of a ledger. They hold within one database, and end with the connection that holds them. */

/** Distinguishes our locks from other programs' locks in the same database. */
const CLASS = 1_131_375_470;

/** Held by a node that migrates the schema. */
export const MIGRATION_LOCK: readonly [number, number] = [CLASS, -1];
/** Held by the node that removes expired entries. */
export const EXPIRY_LOCK: readonly [number, number] = [CLASS, -2];
/** Held by the command that copies a ledger into this one. */
export const COPY_LOCK: readonly [number, number] = [CLASS, -3];
/** Held by whoever adds up sums, or removes them. */
export const SUMS_LOCK: readonly [number, number] = [CLASS, -4];
/**
 * Every group holds it, shared, from its beginning to its commit; a group that changes the catalogue or the clock, or removes
 * entries, holds it alone. So what a group has read of these stays true until its commit.
 */
export const STATE_LOCK: readonly [number, number] = [CLASS, 0];

/** Held by the connection that leases the lane; lanes that are leased are numbered from 1. */
export function laneLock(lane: number): readonly [number, number] {
  return [CLASS, lane];
}

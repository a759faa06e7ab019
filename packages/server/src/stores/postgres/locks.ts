/** The advisory locks of a ledger. They are of one database, and gone with the connection that holds them. */

/** Sets ours apart from those of others in the same database. */
const CLASS = 1_131_375_470;

/** Held by whoever brings the schema up to date. */
export const MIGRATION_LOCK: readonly [number, number] = [CLASS, -1];
/** Held by the node that removes what has expired. */
export const EXPIRY_LOCK: readonly [number, number] = [CLASS, -2];
/** Held by whoever copies a ledger into this one. */
export const COPY_LOCK: readonly [number, number] = [CLASS, -3];
/** Held by whoever adds up sums, or removes them. */
export const SUMS_LOCK: readonly [number, number] = [CLASS, -4];
/**
 * Shared by every group from its beginning to its commit; held alone by a group that changes the catalogue or the clock, or
 * removes entries. So what a group read of them stays true until its commit.
 */
export const STATE_LOCK: readonly [number, number] = [CLASS, 0];

/** Held by the connection that a lane is leased to; lanes that are leased are numbered from 1. */
export function laneLock(lane: number): readonly [number, number] {
  return [CLASS, lane];
}

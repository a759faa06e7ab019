/** How long a sender has an entry to itself. A lease spares calls, and nothing rests on it: every attempt sends the same bytes (O6). */

/** Longer than an attempt may take: whoever has an entry so long is stopped, or gone. */
export const LEASE_MS = 120_000;

/**
 * Whether somebody is at it, by this machine's clock. A lease that ends later than any that could be taken now is of a clock that
 * went ahead, and would hold the entry up for as long.
 */
export function isLeased(leasedUntilMs: number | undefined, machineMs: number): boolean {
  return leasedUntilMs !== undefined && leasedUntilMs > machineMs && leasedUntilMs <= machineMs + LEASE_MS;
}

/**
 * The work that removes a lane's oldest entries, with the metering records that they accepted. Its own entry says so. What they have
 * added to the sums stays.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { acceptedRecords } from "./accepted-records.ts";
import type { LaneHead } from "./chain-head.ts";
import { decodeEntry, type EncodedEntry } from "./entry-codec.ts";
import type { Call } from "./entry.ts";
import type { Work } from "./ledger.ts";
import { sumsOf } from "./sums/sum-deltas.ts";

/** How many entries one commit removes. With more, other callers would wait for the commit too long. */
export const EXPIRED_AT_ONCE = 200;

/** `entries` are all entries that the lane holds up to `through`. */
export function expiry(
  call: Call,
  beforeMs: EpochMs,
  through: LaneHead,
  entries: readonly EncodedEntry[],
): Work<undefined> {
  const decoded = entries.map(decodeEntry);
  const keys = decoded.flatMap((entry) => acceptedRecords(entry).map(({ key }) => key));
  const { usage, tallies } = sumsOf(decoded);
  const event = { kind: "entries-expired" as const, beforeMs, count: entries.length, through };
  return { call, keys: [], decide: () => ({ event, expired: { through, keys, usage, tallies }, answer: undefined }) };
}

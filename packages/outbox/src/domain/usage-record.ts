/** The body of an entry: the exact usage record, as AWS names its members. Made once, and never changed (O2). */
import {
  ALLOCATIONS_MAX,
  encoderOf,
  usageRecordShape,
  type Tag,
  type UsageAllocation,
  type UsageRecord,
} from "@countinghouse/protocol";
import { apportion, type Part, type Share } from "./apportion.ts";
import { identityOf } from "./identity.ts";
import { NO_TAGS, tagsOf, tagsText } from "./tags.ts";

/** A record is at most so long: one that fills a request by itself could never be sent. */
const BODY_LENGTH_MAX = 900 * 1024;

const recordText = encoderOf(usageRecordShape);

interface RecordFacts {
  /** See `identityText`. */
  readonly identity: string;
  readonly dimension: string;
  readonly timestampMs: number;
  readonly units: bigint;
  readonly parts: readonly Part[];
  /** What the smallest parts go under, where there are too many. Buyers see it. */
  readonly restTag: Tag;
}

/** The record as JSON text, in AWS's own names. */
export function usageRecordBody({ identity, dimension, timestampMs, units, parts, restTag }: RecordFacts): string {
  const whole: UsageRecord = { timestampMs, ...membersOf(identity), dimension, quantity: Number(units) };
  const usageAllocations = allocationsOf(units, parts, restTag);
  const record = usageAllocations.length === 0 ? whole : { ...whole, usageAllocations };
  return recordText(record);
}

function membersOf(identity: string): Partial<UsageRecord> {
  // A member that is undefined is not the same as none.
  return Object.fromEntries(Object.entries(identityOf(identity)).filter(([, value]) => value !== undefined));
}

function allocationsOf(units: bigint, parts: readonly Part[], restTag: Tag): UsageAllocation[] {
  if (parts.every(({ tags }) => tags === NO_TAGS)) return [];
  const shares = fitting(apportion(units, parts), restTag);
  const sum = shares.reduce((total, share) => total + share.units, 0n);
  if (shares.length > 0 && sum !== units) throw new TypeError(`The allocations add up to ${sum}, and not to ${units}.`);
  return shares.map(({ tags, units: part }) => {
    const list = tagsOf(tags);
    return { allocatedUsageQuantity: Number(part), ...(list.length === 0 ? {} : { tags: list }) };
  });
}

/** All shares; or, where they are too many or too long, the largest of them and one for the rest. */
function fitting(shares: readonly Share[], restTag: Tag): readonly Share[] {
  let length = 0;
  const fits = (share: Share, at: number, countMax: number): boolean => {
    // The names of the members of an allocation and of up to five tags.
    length += share.tags.length + 200;
    return at < countMax && length <= BODY_LENGTH_MAX;
  };
  if (shares.every((share, at) => fits(share, at, ALLOCATIONS_MAX))) return shares;
  length = 0;
  const rest = tagsText([restTag]);
  const largest = shares
    .filter(({ tags }) => tags !== rest)
    .toSorted((a, b) => (a.units === b.units ? 0 : a.units > b.units ? -1 : 1));
  const kept = largest.filter((share, at) => fits(share, at, ALLOCATIONS_MAX - 1));
  const keptUnits = kept.reduce((total, share) => total + share.units, 0n);
  const units = shares.reduce((total, share) => total + share.units, 0n) - keptUnits;
  return [...kept, { tags: rest, units }];
}

/** What `openOutbox` is told, made into what the store goes by; what is left out is as the store has it. */
import { epochMsOf, type Time } from "@countinghouse/client";
import { ruleSets, type RuleSetName, type Tag } from "@countinghouse/protocol";
import { holdOpenSecondsOf } from "./domain/deadline.ts";
import { meterDifference, type Meter } from "./domain/meter.ts";
import { isTag } from "./domain/tags.ts";
import { hourOf, isoOf } from "./domain/time.ts";
import { OutboxError } from "./store/outbox-error.ts";
import type { StoreSettings } from "./store/rows.ts";
import type { StoreTransaction } from "./store/store.ts";

export interface SettingsInput {
  /** Whose windows hold: `current` (24 hours), or `classic` (6 hours). */
  readonly ruleSet?: RuleSetName | undefined;
  /** How long an hour stays open after its end for readings that come later: seconds, from 300 on. By default 6 h (`classic`: 1 h). */
  readonly holdOpenSeconds?: number | undefined;
  /** The first hour that may be sent. Earlier usage belongs to whatever metered before. Cannot be changed once it is said. */
  readonly startAt?: Time | undefined;
  /** Requests a second to the service, all senders of the store together. By default AWS's quota, 10. */
  readonly requestsPerSecond?: number | undefined;
  /** How many days a reading's id is remembered after its entry has ended; by default 35. */
  readonly dedupeDays?: number | undefined;
  /** How many days entries are kept after their end; by default 400. */
  readonly keepDays?: number | undefined;
  /** What the smallest parts go under where usage is split by more than 2,500 sets of tags. Buyers see it. */
  readonly restTag?: Tag | undefined;
}

const DEDUPE_DAYS_MIN = 2;

export function settingsOf(known: StoreSettings, input: SettingsInput): StoreSettings {
  const { ruleSet = known.ruleSet, requestsPerSecond = known.requestsPerSecond, restTag = known.restTag } = input;
  if (!(ruleSet in ruleSets)) {
    throw new TypeError(`ruleSet is ${JSON.stringify(ruleSet)}; expected ${Object.keys(ruleSets).join(" or ")}.`);
  }
  if (!(requestsPerSecond > 0) || requestsPerSecond > 100_000)
    throw new TypeError(`requestsPerSecond is ${requestsPerSecond}; expected a number above 0.`);
  if (!isTag(restTag)) throw new TypeError(`restTag ${JSON.stringify(restTag)} is no tag that AWS takes.`);
  const [dedupeDays, keepDays] = [input.dedupeDays ?? known.dedupeDays, input.keepDays ?? known.keepDays];
  if (!Number.isInteger(dedupeDays) || dedupeDays < DEDUPE_DAYS_MIN) {
    throw new TypeError(`dedupeDays is ${dedupeDays}; expected a whole number from ${DEDUPE_DAYS_MIN} on.`);
  }
  if (!Number.isInteger(keepDays) || keepDays < dedupeDays) {
    throw new TypeError(`keepDays is ${keepDays}; expected a whole number, not less than dedupeDays (${dedupeDays}).`);
  }
  const isOther = ruleSet !== known.ruleSet;
  const hold = input.holdOpenSeconds ?? (isOther ? undefined : known.holdOpenSeconds);
  const holdOpenSeconds = holdOpenSecondsOf(ruleSet, hold);
  return {
    ruleSet,
    holdOpenSeconds,
    requestsPerSecond,
    startAtMs: startAtOf(known, input),
    dedupeDays,
    keepDays,
    restTag,
  };
}

function startAtOf({ startAtMs: known }: StoreSettings, { startAt }: SettingsInput): number | undefined {
  if (startAt === undefined) return known;
  const startAtMs = epochMsOf(startAt);
  if (startAtMs !== hourOf(startAtMs))
    throw new TypeError(`startAt is ${isoOf(startAtMs)}; expected the start of an hour (UTC).`);
  if (known !== undefined && known !== startAtMs) {
    throw new OutboxError(
      "changed-definition",
      `startAt is ${isoOf(startAtMs)}, and the store's is ${isoOf(known)}: it does not change.`,
    );
  }
  return startAtMs;
}

/** Adds the meters that are new; one that is known under its name, or dimension, must be the same. */
export async function addMeters(transaction: StoreTransaction, said: readonly Meter[]): Promise<void> {
  const known = await transaction.meters();
  const added: Meter[] = [];
  for (const meter of said) {
    const same = known.find(({ name }) => name === meter.name);
    const difference = same === undefined ? undefined : meterDifference(same, meter);
    if (difference !== undefined) {
      throw new OutboxError(
        "changed-definition",
        `The meter ${JSON.stringify(meter.name)} never changes: in the store and in the program, ${difference}. Give a new meter a new name.`,
      );
    }
    const rival = [...known, ...added].find(
      ({ name, productCode, dimension }) =>
        name !== meter.name && productCode === meter.productCode && dimension === meter.dimension,
    );
    if (rival !== undefined) {
      throw new OutboxError(
        "changed-definition",
        `The meters ${JSON.stringify(rival.name)} and ${JSON.stringify(meter.name)} are both for ${meter.dimension} of ${meter.productCode}: a dimension has one meter.`,
      );
    }
    if (same === undefined) added.push(meter);
  }
  if (added.length > 0) await transaction.addMeters(added);
}

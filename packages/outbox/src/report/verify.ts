/**
 * Holds a store against itself: every entry against its readings, its parts and its body, every balance against what made it.
 * What does not add up is a defect, and nothing should be sent until it is understood.
 */
import { QUANTITY_MAX, answerReaderOf, usageRecordShape, type UsageRecord } from "@countinghouse/protocol";
import { ENDED, type Attempt } from "../domain/entry-state.ts";
import { identityOf } from "../domain/identity.ts";
import { exactOf, floorDivide, quantityText, sumOf, type Exact } from "../domain/quantity.ts";
import { hourOf, monthEndOf, monthOf, wholeSecond } from "../domain/time.ts";
import { hashOf } from "../lifecycle/gather.ts";
import type { Entry } from "../store/rows.ts";
import type { AuditedEntry, OutboxStore, ReadingTotal } from "../store/store.ts";

export interface Verification {
  readonly ok: boolean;
  readonly entries: number;
  /** What does not add up, in words. */
  readonly problems: readonly string[];
  /** Readings by meter, month and where they are. */
  readonly totals: readonly ReadingTotal[];
}

const PAGE = 500;
const PROBLEMS_MAX = 100;

const readRecord = answerReaderOf<UsageRecord>(usageRecordShape);

export async function verify(store: OutboxStore): Promise<Verification> {
  const problems: string[] = [];
  const pers = new Map((await store.meters()).map(({ name, per }) => [name, exactOf(per)]));
  const balances = new Map<string, Exact>();
  const tell = ({ entryId, state }: Entry, problem: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push(`Entry ${entryId} (${state}): ${problem}.`);
  };
  let entries = 0;
  for (let after = ""; ;) {
    const page = await store.audited(after, PAGE);
    for (const audited of page) {
      after = audited.entry.entryId;
      entries += 1;
      const { entry } = audited;
      for (const problem of problemsOf(audited, pers.get(entry.meter) ?? 1n)) tell(entry, problem);
      if (entry.state === "gathering") continue;
      const key = JSON.stringify([entry.identity, entry.dimension, monthOf(entry.hourMs)]);
      balances.set(key, (balances.get(key) ?? 0n) + changeBy(entry));
    }
    for (const entry of await unproven(store, page)) tell(entry, "no attempt of it says so");
    if (page.length < PAGE) break;
  }
  for (const { identity, dimension, month, amount, credited } of await store.balances()) {
    const key = JSON.stringify([identity, dimension, month]);
    balances.set(key, (balances.get(key) ?? 0n) + sumOf(credited) - sumOf(amount));
  }
  for (const [key, difference] of balances) {
    const problem = difference === 0n ? undefined : await balanceProblem(store, key);
    if (problem !== undefined) problems.push(problem);
  }
  const totals = await store.totals();
  for (const { meter, month, fate, readings, sum } of totals) {
    if (fate === "no-entry")
      problems.push(`${readings} readings of ${meter} in ${month} (${sum}) are in entries that are not there.`);
  }
  return { ok: problems.length === 0, entries, problems, totals };
}

/** Entries whose end nothing shows (O5). Attempts are only added to, so that those read later show it, too. */
async function unproven(store: OutboxStore, page: readonly AuditedEntry[]): Promise<readonly Entry[]> {
  const attempts = Map.groupBy(
    await store.attemptsOf(page.map(({ entry }) => entry.entryId)),
    ({ entryId }) => entryId,
  );
  const found = page.filter(({ entry }) => !isShown(entry, attempts.get(entry.entryId) ?? []));
  // One that was forgotten meanwhile has taken its attempts along.
  const entryIds = found.map(({ entry }) => entry.entryId);
  return found.length === 0 ? [] : store.entries({ entryIds });
}

function isShown({ state, body, bornDoubtful }: Entry, attempts: readonly Attempt[]): boolean {
  const has = (...ends: readonly Attempt["end"][]): boolean => attempts.some(({ end }) => ends.includes(end));
  switch (state) {
    case "delivered":
      return has("accepted", "shown-kept");
    case "refused":
      return body === undefined || has("refused", "duplicate");
    case "doubtful":
      return bornDoubtful || attempts.length > 0;
    case "gathering":
    case "empty":
    case "frozen":
    case "held":
    case "expired":
    case "dissolved":
      return true;
  }
}

/** By how much an entry has changed the balance of its month. */
function changeBy({ leftOver, carriedIn, returned }: Entry): Exact {
  return sumOf(leftOver) - sumOf(carriedIn) + sumOf(returned);
}

/** Looked at once more, under the balance's lock: a sender may have closed an hour while the pages went by. */
async function balanceProblem(store: OutboxStore, key: string): Promise<string | undefined> {
  const [identity, dimension, month] = JSON.parse(key) as [string, string, string];
  const fromHourMs = Date.parse(`${month}-01T00:00:00Z`);
  const hours = { identity, dimension, fromHourMs, untilHourMs: monthEndOf(fromHourMs) };
  return store.transact(async (transaction) => {
    const { amount, credited } = await transaction.lockBalance({ identity, dimension, month });
    const entries = (await transaction.entries(hours)).filter(({ state }) => state !== "gathering");
    const made = entries.reduce((total, entry) => total + changeBy(entry), sumOf(credited));
    if (made === sumOf(amount)) return undefined;
    return `The balance of ${dimension} for ${identity} in ${month} is ${amount}, and its entries and credits make ${quantityText(made)}.`;
  });
}

function* problemsOf({ entry, counted, parts }: AuditedEntry, per: Exact): Generator<string> {
  const { readings, sum, carriedIn, leftOver, units, state, unreleased, body, endedMs, nextTryMs } = entry;
  const isApart = state === "dissolved";
  if (counted !== undefined && !isApart) {
    if (counted.readings !== readings) yield `it has ${counted.readings} readings, and says ${readings}`;
    if (state !== "gathering" && sumOf(counted.sum) !== sumOf(sum))
      yield `its readings come to ${counted.sum}, and it says ${sum}`;
  }
  if (isApart && !unreleased && counted !== undefined && counted.readings > 0)
    yield "it is dissolved, and still has readings";
  if (ENDED.has(state) !== (endedMs !== undefined) && state !== "empty")
    yield `it ${endedMs === undefined ? "says no time" : "says a time"} at which it ended`;
  if (state === "gathering" || isApart) return;
  if ((state === "empty") !== (units === 0)) yield `it has ${units} units`;
  if (state === "frozen" && nextTryMs === undefined) yield "it is to be sent, and says no time to try it";
  const ofParts = parts.reduce((total, part) => total + sumOf(part.sum), 0n);
  if (ofParts !== sumOf(sum)) yield `its parts come to ${quantityText(ofParts)}, and it says ${sum}`;
  const whole = sumOf(sum) + sumOf(carriedIn);
  const expected = whole > 0n ? floorDivide(whole, per) : 0n;
  if (expected > BigInt(QUANTITY_MAX)) {
    // How much more no column says: see `Entry.units`.
    if (units <= QUANTITY_MAX) yield `it is ${expected} units, more than a record can carry, and it says ${units}`;
    if (body !== undefined) yield `it is ${expected} units, more than a record can carry, and has a body`;
  } else if (expected !== BigInt(units))
    yield `${sum} and ${carriedIn} from before make ${expected} units, and it says ${units}`;
  else if (units > 0 && body === undefined) yield "it has no body";
  if (whole - expected * per !== sumOf(leftOver))
    yield `${leftOver} is left over, and should be ${quantityText(whole - expected * per)}`;
  yield* bodyProblems(entry);
}

function* bodyProblems(entry: Entry): Generator<string> {
  const { body, bodyHash, units, dimension } = entry;
  if (body === undefined) return;
  if (hashOf(body) !== bodyHash) {
    yield "its body is not the one that was frozen";
    return;
  }
  const record = readRecord(JSON.parse(body));
  if (record.quantity !== units || record.dimension !== dimension || !isOfKey(record, entry))
    yield "its body says something else than it does";
  const { usageAllocations } = record;
  const allocated = usageAllocations?.reduce((total, one) => total + one.allocatedUsageQuantity, 0);
  if (allocated !== undefined && allocated !== units)
    yield `its allocations come to ${allocated}, and it has ${units} units`;
}

function isOfKey(record: Partial<UsageRecord>, { identity, hourMs, latestAtMs }: Entry): boolean {
  const { customerAccountId, customerIdentifier, licenseArn } = identityOf(identity);
  return (
    record.customerAccountId === customerAccountId &&
    record.customerIdentifier === customerIdentifier &&
    record.licenseArn === licenseArn &&
    record.timestampMs === wholeSecond(latestAtMs) &&
    hourOf(latestAtMs) === hourMs
  );
}

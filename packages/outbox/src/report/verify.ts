/**
 * Holds a store against itself: every entry against its readings, its parts and its body, every balance against what made it.
 * What does not add up is a defect, and nothing should be sent until it is understood.
 */
import { QUANTITY_MAX, answerReaderOf, usageRecordShape, type UsageRecord } from "@countinghouse/protocol";
import { exactOf, floorDivide, quantityText, sumOf, type Exact } from "../domain/quantity.ts";
import { monthEndOf, monthOf } from "../domain/time.ts";
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
  let entries = 0;
  for (let after = ""; ;) {
    const page = await store.audited(after, PAGE);
    for (const audited of page) {
      after = audited.entry.entryId;
      entries += 1;
      const { entry } = audited;
      for (const problem of problemsOf(audited, pers.get(entry.meter) ?? 1n)) {
        if (problems.length < PROBLEMS_MAX) problems.push(`Entry ${entry.entryId} (${entry.state}): ${problem}.`);
      }
      if (entry.state === "gathering") continue;
      const key = JSON.stringify([entry.identity, entry.dimension, monthOf(entry.hourMs)]);
      balances.set(key, (balances.get(key) ?? 0n) + changeBy(entry));
    }
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
  return { ok: problems.length === 0, entries, problems, totals: await store.totals() };
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
  const { readings, sum, carriedIn, leftOver, units, state, unreleased, body } = entry;
  const isApart = state === "dissolved";
  if (counted !== undefined && !isApart) {
    if (counted.readings !== readings) yield `it has ${counted.readings} readings, and says ${readings}`;
    if (state !== "gathering" && sumOf(counted.sum) !== sumOf(sum))
      yield `its readings come to ${counted.sum}, and it says ${sum}`;
  }
  if (isApart && !unreleased && counted !== undefined && counted.readings > 0)
    yield "it is dissolved, and still has readings";
  if (state === "gathering" || isApart) return;
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
  if (whole - expected * per !== sumOf(leftOver))
    yield `${leftOver} is left over, and should be ${quantityText(whole - expected * per)}`;
  yield* bodyProblems(entry);
}

function* bodyProblems({ body, bodyHash, units, dimension }: Entry): Generator<string> {
  if (body === undefined) return;
  if (hashOf(body) !== bodyHash) {
    yield "its body is not the one that was frozen";
    return;
  }
  const record = readRecord(JSON.parse(body));
  if (record.quantity !== units || record.dimension !== dimension) yield "its body says something else than it does";
  const { usageAllocations } = record;
  const allocated = usageAllocations?.reduce((total, one) => total + one.allocatedUsageQuantity, 0);
  if (allocated !== undefined && allocated !== units)
    yield `its allocations come to ${allocated}, and it has ${units} units`;
}

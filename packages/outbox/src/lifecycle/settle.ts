/** Brings an entry to the state that its attempts give it, under its lock, with all that follows: balance, alarm, end. */
import { QUANTITY_MAX, type RuleSetName } from "@countinghouse/protocol";
import { ENDED, decideState, type Attempt, type EntryState, type Times } from "../domain/entry-state.ts";
import { windowEndOf } from "../domain/deadline.ts";
import { quantityText, sumOf } from "../domain/quantity.ts";
import { isoOf, monthOf } from "../domain/time.ts";
import type { AlarmKind, Entry, RaisedAlarm } from "../store/rows.ts";
import type { StoreTransaction } from "../store/store.ts";

/** What goes back to the balance when an entry surely was not kept: what it had taken from there. */
function returnedOf(state: EntryState, { carriedIn, leftOver }: Entry): bigint {
  switch (state) {
    case "refused":
    case "expired":
      return sumOf(carriedIn);
    case "dissolved":
      return sumOf(carriedIn) - sumOf(leftOver);
    case "gathering":
    case "empty":
    case "frozen":
    case "held":
    case "delivered":
    case "doubtful":
      return 0n;
  }
}

/** Saves an entry in another state, and puts its balance right. */
export async function changeState(
  transaction: StoreTransaction,
  entry: Entry,
  change: Partial<Entry> & Pick<Entry, "state">,
  machineMs: number,
): Promise<Entry> {
  const returned = returnedOf(change.state, entry);
  const difference = returned - sumOf(entry.returned);
  const endedMs = ENDED.has(change.state) ? (entry.endedMs ?? machineMs) : undefined;
  const changed: Entry = { ...entry, endedMs, ...change, returned: quantityText(returned) };
  if (difference !== 0n) {
    const balance = await transaction.lockBalance({ ...entry, month: monthOf(entry.hourMs) });
    await transaction.saveBalance({ ...balance, amount: quantityText(sumOf(balance.amount) + difference) });
  }
  // What waits for a person is looked at in every run, and does not change.
  if (!isSame(entry, changed)) await transaction.saveEntries([changed]);
  return changed;
}

function isSame(before: Entry, after: Entry): boolean {
  return (Object.keys(after) as (keyof Entry)[]).every((member) => before[member] === after[member]);
}

/**
 * Settles locked entries by all their attempts. `evidence`: something was learnt of them just now. `time`: only time has passed,
 * so that their next try stays when it was; put off at each look, it would never come.
 */
export async function settle(
  transaction: StoreTransaction,
  entries: readonly Entry[],
  times: Times,
  because: "evidence" | "time" = "evidence",
): Promise<readonly Entry[]> {
  const attempts = await transaction.attemptsOf(entries.map(({ entryId }) => entryId));
  const { ruleSet } = (await transaction.storeRow()).settings;
  const settled: Entry[] = [];
  const alarms: RaisedAlarm[] = [];
  for (const entry of entries) {
    const own = attempts.filter(({ entryId }) => entryId === entry.entryId);
    if (entry.state === "dissolved") {
      settled.push(entry);
      if (own.some(({ end }) => end === "accepted")) alarms.push(afterAll(entry));
      continue;
    }
    const facts = { ...entry, hasBody: entry.body !== undefined, windowEndMs: windowEndOf(entry.latestAtMs, ruleSet) };
    const { state, why, alone, ...next } = decideState(facts, own, times);
    const nextTryMs = because === "time" && state === entry.state ? entry.nextTryMs : next.nextTryMs;
    const kept = own.findLast(({ end }) => end === "accepted");
    const last = own.findLast(({ end }) => end !== undefined);
    const change = {
      state,
      why,
      nextTryMs,
      alone: alone || entry.alone,
      leasedUntilMs: own.some(({ end }) => end === undefined) ? entry.leasedUntilMs : undefined,
      meteringRecordId: kept?.meteringRecordId ?? last?.meteringRecordId ?? entry.meteringRecordId,
      requestId: kept?.requestId ?? last?.requestId ?? entry.requestId,
    };
    settled.push(await changeState(transaction, entry, change, times.machineMs));
    if (entry.state === "held" && state !== "held") {
      for (const kind of ["held", "overflow"] as const) await transaction.clearAlarms(kind, entry.entryId);
    }
    const isTooOld = state === "expired" && why === "TimestampOutOfBoundsException";
    const early = isTooOld && facts.windowEndMs > (times.serviceMs ?? times.machineMs);
    const hint = early ? shorterWindow(ruleSet, facts.windowEndMs) : "";
    const alarm = alarmOf(entry, state, why, last, hint);
    if (alarm !== undefined) alarms.push(alarm);
    else if (state === "delivered" && entry.state === "doubtful")
      await transaction.clearAlarms("doubtful", entry.entryId);
  }
  if (alarms.length > 0) await transaction.raiseAlarms(alarms, times.machineMs);
  return settled;
}

const ALARMS: Partial<Record<EntryState, AlarmKind>> = {
  held: "held",
  refused: "refused",
  expired: "expired",
  doubtful: "doubtful",
};

function alarmOf(
  entry: Entry,
  state: EntryState,
  why: string | undefined,
  last: Attempt | undefined,
  hint: string,
): RaisedAlarm | undefined {
  if (state === "delivered" && (entry.state === "refused" || entry.state === "expired")) return afterAll(entry);
  const kind = ALARMS[state];
  if (kind === undefined || (state === entry.state && why === entry.why)) return undefined;
  const said = last?.message === undefined ? "" : ` The service said: ${last.message}`;
  return {
    kind,
    subject: entry.entryId,
    message: `${describe(entry)} is ${state}: ${why ?? "no reason"}.${said}${hint}`,
  };
}

/** The service's windows are not those that the store was told of, and the next hours will expire, too. */
function shorterWindow(ruleSet: RuleSetName, windowEndMs: number): string {
  const now = `By this outbox's rule set (${ruleSet}) there was time until ${isoOf(windowEndMs)}.`;
  return ruleSet === "classic"
    ? ` ${now}`
    : ` ${now} If the service goes by the 6 hours of classic, as a Countinghouse does unless it is told otherwise, open the outbox with ruleSet: "classic" (\`init --rule-set classic\`), or start the service with --rules current.`;
}

function afterAll(entry: Entry): RaisedAlarm {
  const message = `${describe(entry)} was kept after all, though it was ${entry.state}.`;
  return { kind: "delivered-after-all", subject: entry.entryId, message };
}

export function describe({ entryId, units, dimension, identity, hourMs }: Entry): string {
  const many = units > QUANTITY_MAX ? `more than ${QUANTITY_MAX}` : units;
  return `Entry ${entryId} (${many} of ${dimension} for ${identity}, ${isoOf(hourMs).slice(0, 13)}h)`;
}

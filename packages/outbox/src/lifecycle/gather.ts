/**
 * Makes the readings of one key into an entry: inserted first, then filled in steps, frozen with the last one. Whoever finds an
 * entry half filled goes on with it; whoever finds one that may have been sent has come too late.
 */
import { createHash } from "node:crypto";
import { QUANTITY_MAX } from "@countinghouse/protocol";
import type { Slice } from "../domain/binding.ts";
import { mayBeKept, type Attempt } from "../domain/entry-state.ts";
import { freeze } from "../domain/freezing.ts";
import type { Meter } from "../domain/meter.ts";
import { quantityText, sumOf } from "../domain/quantity.ts";
import { monthOf } from "../domain/time.ts";
import type { Entry, RaisedAlarm } from "../store/rows.ts";
import type { StoreTransaction } from "../store/store.ts";
import type { World } from "../world.ts";
import { Nothing, type Transact } from "./one-key.ts";
import { changeState, describe } from "./settle.ts";

export const STEP_READINGS = 5_000;
/** What an entry says that is more than one record can carry: no column holds whatever its readings come to. */
const UNITS_MAX = BigInt(QUANTITY_MAX) + 1n;

export interface GatheringKey {
  readonly identity: string;
  readonly meter: Meter;
  readonly hourMs: number;
  readonly slices: readonly Slice[];
  /** Sending is over by then: see `sendingEndOf`. */
  readonly closesMs: number;
}

export interface Gathering {
  readonly transact: Transact;
  readonly world: Pick<World, "machineMs" | "uuid" | "reached" | "delay">;
}

/** `sent`: the key has an entry that may have been sent, so that these readings are late. `other`: somebody else is at it. */
type Gathered = "frozen" | "nothing" | "sent" | "other";

type Step = Gathered | "more" | "dissolved";

export async function gather(key: GatheringKey, gathering: Gathering): Promise<Gathered> {
  const { world } = gathering;
  for (;;) {
    const step = await gathering.transact((transaction) => stepOf(transaction, key, world)).catch(nothingOf);
    if (step === "frozen") world.reached("entry-frozen");
    if (step === "dissolved") {
      world.reached("entry-dissolved");
      if (!(await releaseKey(key, gathering))) return "other";
    } else if (step !== "more") return step;
    else world.reached("readings-assigned");
    // Others record meanwhile.
    await world.delay(0);
  }
}

function nothingOf(error: unknown): Step {
  if (error instanceof Nothing) return "nothing";
  throw error;
}

async function stepOf(transaction: StoreTransaction, key: GatheringKey, world: Gathering["world"]): Promise<Step> {
  const { identity, meter, hourMs, slices, closesMs } = key;
  const found = await transaction.lockEntryOf({ identity, dimension: meter.dimension, hourMs });
  let entry = found;
  if (entry === undefined) {
    const { doubtBeforeMs } = await transaction.storeRow();
    entry = newEntry(key, world.uuid(), doubtBeforeMs !== undefined && hourMs < doubtBeforeMs);
    if (!(await transaction.insertEntry(entry))) return "other";
  } else if (entry.state !== "gathering") return standing(transaction, entry, world);
  const { readings, latestAtMs } = await transaction.assignReadings(entry.entryId, slices, STEP_READINGS);
  if (found === undefined && readings === 0) throw new Nothing();
  const filled: Entry = {
    ...entry,
    readings: entry.readings + readings,
    latestAtMs: Math.max(entry.latestAtMs, latestAtMs ?? 0),
    deadlineMs: Math.min(entry.deadlineMs, closesMs),
  };
  if (readings === STEP_READINGS) {
    await transaction.saveEntries([filled]);
    return "more";
  }
  await freezeEntry(transaction, filled, meter, world.machineMs());
  return "frozen";
}

/** An entry that surely was not sent is taken apart, so that what came later goes along with it. */
async function standing(transaction: StoreTransaction, entry: Entry, world: Gathering["world"]): Promise<Step> {
  if (entry.state === "dissolved") return "dissolved";
  if (!canBeMadeAnew(entry, await transaction.attemptsOf([entry.entryId]))) return "sent";
  await dissolve(transaction, entry, "more readings came before it was sent or taken", world.machineMs());
  return "dissolved";
}

/**
 * Whether nothing stands under an entry's key, so that readings which come now go along with it. One that is held was refused
 * every time; a reading below zero that became a credit beside it would stay one when it is refused for good.
 */
export function canBeMadeAnew(entry: Entry, attempts: readonly Attempt[]): boolean {
  if (entry.state === "held") return !mayBeKept(entry, attempts);
  return attempts.length === 0 && !entry.bornDoubtful && (entry.state === "frozen" || entry.state === "empty");
}

/** Takes a locked entry apart that surely was not kept; its readings are freed afterwards, in steps. */
export async function dissolve(
  transaction: StoreTransaction,
  entry: Entry,
  why: string,
  machineMs: number,
): Promise<void> {
  await changeState(transaction, entry, { state: "dissolved", why, nextTryMs: undefined, unreleased: true }, machineMs);
  for (const kind of ["held", "refused", "overflow"] as const) await transaction.clearAlarms(kind, entry.entryId);
}

async function releaseKey({ identity, meter, hourMs }: GatheringKey, { transact, world }: Gathering): Promise<boolean> {
  const entry = await transact((transaction) =>
    transaction.lockEntryOf({ identity, dimension: meter.dimension, hourMs }),
  );
  if (entry === undefined) return true;
  if (entry.state !== "dissolved") return false;
  await release(entry.entryId, { transact, world });
  return true;
}

/** Frees the readings of a dissolved entry, in steps. */
export async function release(entryId: string, { transact, world }: Gathering): Promise<void> {
  for (let freed = STEP_READINGS; freed === STEP_READINGS;) {
    freed = await transact(async (transaction) => {
      const [entry] = await transaction.lockEntries([entryId]);
      if (entry === undefined || !entry.unreleased) return 0;
      const count = await transaction.releaseReadings(entryId, STEP_READINGS);
      if (count < STEP_READINGS) await transaction.saveEntries([{ ...entry, unreleased: false }]);
      return count;
    });
    world.reached("readings-released");
    await world.delay(0);
  }
}

function newEntry({ identity, meter, hourMs, closesMs }: GatheringKey, entryId: string, bornDoubtful: boolean): Entry {
  return {
    entryId,
    identity,
    meter: meter.name,
    productCode: meter.productCode,
    dimension: meter.dimension,
    hourMs,
    state: "gathering",
    why: undefined,
    readings: 0,
    sum: "0",
    latestAtMs: 0,
    carriedIn: "0",
    leftOver: "0",
    returned: "0",
    units: 0,
    body: undefined,
    bodyHash: undefined,
    deadlineMs: closesMs,
    bornDoubtful,
    alone: false,
    nextTryMs: undefined,
    leasedUntilMs: undefined,
    frozenMs: undefined,
    endedMs: undefined,
    meteringRecordId: undefined,
    requestId: undefined,
    unreleased: false,
  };
}

/** Freezes a locked entry that is full. */
export async function freezeEntry(
  transaction: StoreTransaction,
  entry: Entry,
  meter: Meter,
  machineMs: number,
): Promise<void> {
  const { identity, dimension, hourMs, entryId, latestAtMs, deadlineMs: closesMs } = entry;
  const { settings } = await transaction.storeRow();
  const parts = await transaction.partsOf(entryId);
  const balance = await transaction.lockBalance({ identity, dimension, month: monthOf(hourMs) });
  const { sum, units, leftOver, state, body, deadlineMs } = freeze({
    identity,
    meter,
    closesMs,
    parts: parts.map((part) => ({ tags: part.tags, sum: sumOf(part.sum) })),
    latestAtMs,
    balance: sumOf(balance.amount),
    ruleSet: settings.ruleSet,
    restTag: settings.restTag,
  });
  const frozen: Entry = {
    ...entry,
    state,
    sum: quantityText(sum),
    carriedIn: balance.amount,
    leftOver: quantityText(leftOver),
    units: Number(state === "held" ? UNITS_MAX : units),
    body,
    bodyHash: body === undefined ? undefined : hashOf(body),
    deadlineMs,
    nextTryMs: state === "frozen" ? 0 : undefined,
    why: state === "held" ? "overflow" : undefined,
    frozenMs: machineMs,
    // Until then more may come, and it is made anew.
    endedMs: state === "empty" ? deadlineMs : undefined,
  };
  await transaction.saveBalance({ ...balance, amount: quantityText(leftOver) });
  await transaction.saveEntries([frozen]);
  if (state === "held") await transaction.raiseAlarms([overflow(frozen, units)], machineMs);
}

function overflow(entry: Entry, units: bigint): RaisedAlarm {
  const message = `${describe(entry)} comes to ${units} units: more than one record can carry, and it is held. Look at its readings; correct them by readings below zero.`;
  return { kind: "overflow", subject: entry.entryId, message };
}

export function hashOf(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}

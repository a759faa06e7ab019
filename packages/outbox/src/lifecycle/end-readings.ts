/** Ends readings that will never be in an entry: late ones, and those that are nobody's. Nothing of it is silent. */
import type { Slice } from "../domain/binding.ts";
import type { Meter } from "../domain/meter.ts";
import { quantityText, sumOf } from "../domain/quantity.ts";
import { isoOf, monthOf } from "../domain/time.ts";
import type { Entry, RaisedAlarm, ReadingEnd } from "../store/rows.ts";
import type { StoreTransaction } from "../store/store.ts";
import { STEP_READINGS, canBeMadeAnew, type Gathering } from "./gather.ts";

/**
 * Late readings of a key. Those below zero take back what an entry has billed: they become a credit, which their customer is owed.
 * Where nothing was billed, or surely never will be, there is nothing to take back.
 */
export async function endLate(
  {
    identity,
    meter,
    slices,
    hourMs,
  }: { readonly identity: string; readonly meter: Meter; readonly slices: readonly Slice[]; readonly hourMs: number },
  gathering: Gathering,
): Promise<void> {
  await inSteps(gathering, async (transaction) => {
    const entry = await transaction.lockEntryOf({ identity, dimension: meter.dimension, hourMs });
    const end = entry !== undefined && (await mayBill(transaction, entry)) ? "credited" : "late";
    const { readings, sum, credited } = await transaction.endReadings(slices, end, STEP_READINGS);
    if (readings === 0) return 0;
    if (credited !== "0") {
      const key = { identity, dimension: meter.dimension, month: monthOf(hourMs) };
      const balance = await transaction.lockBalance(key);
      const add = (text: string): string => quantityText(sumOf(text) + sumOf(credited));
      await transaction.saveBalance({ ...balance, amount: add(balance.amount), credited: add(balance.credited) });
    }
    const credit = credited === "0" ? "" : `; ${credited} is credited`;
    const message = `Readings of ${meter.name} for ${identity} came after ${isoOf(hourMs).slice(0, 13)}h was closed: ${sum} is not billed${credit}.`;
    await raise(transaction, gathering, {
      kind: "late",
      subject: `${meter.name} ${identity}`,
      message,
      count: readings,
    });
    return readings;
  });
}

/** Whether an entry was accepted, or may have been, or may be still. */
async function mayBill(transaction: StoreTransaction, entry: Entry): Promise<boolean> {
  switch (entry.state) {
    case "delivered":
    case "doubtful":
      return true;
    case "frozen":
    case "held":
      return !canBeMadeAnew(entry, await transaction.attemptsOf([entry.entryId]));
    case "gathering":
    case "empty":
    case "refused":
    case "expired":
    case "dissolved":
      return false;
  }
}

/** Readings that no entry will ever take. */
export async function endUnbound(
  slices: readonly Slice[],
  end: Extract<ReadingEnd, "not-bound" | "after-end" | "discarded">,
  why: string,
  gathering: Gathering,
): Promise<void> {
  await inSteps(gathering, async (transaction) => {
    const { readings, sum } = await transaction.endReadings(slices, end, STEP_READINGS);
    if (readings === 0) return 0;
    const [slice] = slices;
    const message = `${sum} of ${slice?.meter} by tenant ${JSON.stringify(slice?.tenant)} is not billed: ${why}.`;
    await raise(transaction, gathering, {
      kind: "not-bound",
      subject: `${slice?.meter} ${slice?.tenant}`,
      message,
      count: readings,
    });
    return readings;
  });
}

async function inSteps(gathering: Gathering, step: (transaction: StoreTransaction) => Promise<number>): Promise<void> {
  for (let readings = STEP_READINGS; readings === STEP_READINGS;) {
    readings = await gathering.transact(step);
    gathering.world.reached("late-ended");
    await gathering.world.delay(0);
  }
}

async function raise(transaction: StoreTransaction, { world }: Gathering, alarm: RaisedAlarm): Promise<void> {
  await transaction.raiseAlarms([alarm], world.machineMs());
}

/** What a person decides: that a doubtful entry was kept or not, that one is taken apart. */
import { mayBeKept, type Times } from "../domain/entry-state.ts";
import { isLeased } from "../domain/lease.ts";
import { windowEndOf } from "../domain/deadline.ts";
import { isoOf } from "../domain/time.ts";
import type { Entry } from "../store/rows.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { OutboxStore, StoreTransaction } from "../store/store.ts";
import type { World } from "../world.ts";
import { dissolve, release } from "./gather.ts";
import { settle } from "./settle.ts";

export type Resolution = "delivered" | "not-kept";

/** Writes the proof beside the attempts, so that the entry's state is still a matter of evidence alone. */
export async function resolveDoubt(
  store: OutboxStore,
  entryId: string,
  resolution: Resolution,
  reason: string,
  times: Times,
  world: World,
): Promise<Entry> {
  if (reason.trim() === "") throw new OutboxError("refused", "A doubt is resolved with a reason: what shows it?");
  return store.transact(async (transaction) => {
    const entry = await locked(transaction, entryId);
    if (entry.state !== "doubtful")
      throw new OutboxError("refused", `Entry ${entryId} is ${entry.state}, not doubtful.`);
    if (resolution === "not-kept" && isLeased(entry.leasedUntilMs, times.machineMs)) {
      throw new OutboxError(
        "refused",
        `Entry ${entryId} is being sent at this moment: look again after ${isoOf(entry.leasedUntilMs ?? 0)}.`,
      );
    }
    await transaction.addAttempts([
      {
        attemptId: world.uuid(),
        entryId,
        callId: world.uuid(),
        sender: "a person",
        startedMs: times.machineMs,
        endedMs: times.machineMs,
        end: resolution === "delivered" ? "shown-kept" : "shown-not-kept",
        errorName: undefined,
        message: reason,
        meteringRecordId: undefined,
        requestId: undefined,
      },
    ]);
    const [settled] = await settle(transaction, [entry], times);
    await transaction.clearAlarms("doubtful", entryId);
    return settled ?? entry;
  });
}

/**
 * Takes an entry apart that surely was not kept, so that its readings follow the bindings of now. Not after its window has closed:
 * nothing could be sent any more, and its usage would be missing where it is counted as what it is.
 */
export async function dissolveEntry(
  store: OutboxStore,
  entryId: string,
  reason: string,
  serviceMs: number,
  world: World,
): Promise<void> {
  await store.transact(async (transaction) => {
    const { heldBack, settings } = await transaction.storeRow();
    if (heldBack !== undefined)
      throw new OutboxError("refused", `Nothing is dissolved before \`restored\` was said: ${heldBack}.`);
    const entry = await locked(transaction, entryId);
    const attempts = await transaction.attemptsOf([entryId]);
    const isOpen = ["frozen", "held", "empty", "refused"].includes(entry.state);
    if (!isOpen || mayBeKept(entry, attempts) || attempts.some(({ end }) => end === "duplicate")) {
      throw new OutboxError(
        "refused",
        `Entry ${entryId} is ${entry.state}, and not surely unkept: it cannot be dissolved.`,
      );
    }
    const windowEndMs = windowEndOf(entry.latestAtMs, settings.ruleSet);
    if (serviceMs >= windowEndMs) {
      throw new OutboxError(
        "refused",
        `The window of entry ${entryId} has closed at ${isoOf(windowEndMs)}: it ends as what it is, ${entry.state}.`,
      );
    }
    await dissolve(transaction, entry, reason, world.machineMs());
  });
  await release(entryId, { transact: store.transact.bind(store), world });
}

async function locked(transaction: StoreTransaction, entryId: string): Promise<Entry> {
  const [entry] = await transaction.lockEntries([entryId]);
  if (entry === undefined) throw new OutboxError("refused", `There is no entry ${entryId}.`);
  return entry;
}

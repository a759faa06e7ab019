/** What was set aside as `ahead` only because a clock was wrong is recorded after all: nobody has to find it. */
import { HOUR_MS } from "@countinghouse/protocol";
import { isoOf, readInstant } from "../domain/time.ts";
import type { OutboxStore } from "../store/store.ts";

const TAKEN_MAX = 5_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * By the service's time as it has just told it. A reading that was more than a day ahead by that, too, when it came, has a wrong
 * time. It stays for a person, who may have recorded it rightly under another id. What is left over is looked at in the next run.
 */
export async function releaseAhead(
  store: Pick<OutboxStore, "transact">,
  serviceMs: number,
  machineMs: number,
): Promise<void> {
  await store.transact(async (transaction) => {
    const isDue = ({ at }: { readonly at: string }, recordedMs: number): boolean => {
      const atMs = readInstant(at) ?? Infinity;
      return atMs <= serviceMs && atMs <= recordedMs + (serviceMs - machineMs) + DAY_MS;
    };
    // Whatever its zone, the day that a time says is at most the next one.
    const untilDay = isoOf(serviceMs + DAY_MS).slice(0, 10);
    const ahead = { reason: "ahead", untilDay, machineMs, limit: TAKEN_MAX } as const;
    const { taken, left } = await transaction.recordAside(ahead, isDue);
    if (taken > 0 && left === 0) await transaction.clearAlarms("set-aside", "ahead");
  });
}

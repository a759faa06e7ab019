/** What was set aside as `ahead` by a clock that was wrong, or whose time has come, is recorded after all: nobody has to find it. */
import { HOUR_MS } from "@countinghouse/protocol";
import { isoOf, readInstant } from "../domain/time.ts";
import type { OutboxStore } from "../store/store.ts";

const TAKEN_MAX = 5_000;

/** By the service's time as it has just told it. What is left over is looked at in the next run. */
export async function releaseAhead(
  store: Pick<OutboxStore, "transact">,
  serviceMs: number,
  machineMs: number,
): Promise<void> {
  await store.transact(async (transaction) => {
    const isDue = ({ at }: { readonly at: string }): boolean => (readInstant(at) ?? Infinity) <= serviceMs;
    // Whatever its zone, the day that a time says is at most the next one.
    const untilDay = isoOf(serviceMs + 24 * HOUR_MS).slice(0, 10);
    const ahead = { reason: "ahead", untilDay, machineMs, limit: TAKEN_MAX } as const;
    const { taken, left } = await transaction.recordAside(ahead, isDue);
    if (taken > 0 && left === 0) await transaction.clearAlarms("set-aside", "ahead");
  });
}

import { setTimeout as delay } from "node:timers/promises";

const WAIT_MS_MAX = 30_000;

/** Waits for something that another process does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`It did not come to pass: ${condition.toString()}`);
    await delay(10);
  }
}

/** Callers that do what callers must while servers and databases fail: they send again, to whichever server answers. */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Book } from "./book.ts";
import { Connection, meterInBook, type Workload } from "./load.ts";
import type { Random } from "./random.ts";
import type { RunningServer } from "./server.ts";

/** Waits until a server says that it is ready, or that it is not. */
export async function readiness(endpoint: string, status: 200 | 503): Promise<void> {
  await expect.poll(async () => (await fetch(`${endpoint}/readyz`)).status, { timeout: 20_000 }).toBe(status);
}

/** Sends batch after batch, each until one of the servers has answered what became of it. */
export async function callAnyOf(
  nodes: () => readonly RunningServer[],
  workload: Workload,
  book: Book,
  random: Random,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const batch = workload.batch();
    for (let status = 0; status !== 200 && !stopping.aborted;) {
      const connection = new Connection(random.pick(nodes()).endpoint);
      try {
        ({ status } = await meterInBook(connection, batch, book));
      } catch {
        // This server is gone; another one gets the batch.
      } finally {
        connection.close();
      }
      if (status !== 200) await delay(20);
    }
  }
}

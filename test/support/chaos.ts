/** Callers that do what callers must while servers and databases fail: they send again, to whichever server answers. */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "./book.ts";
import { Connection, meterInBook, settle, Workload } from "./load.ts";
import { seededRandom, type Random } from "./random.ts";
import type { RunningServer } from "./server.ts";

/** Waits until a server says that it is ready, or that it is not. */
export async function readiness(endpoint: string, status: 200 | 503): Promise<void> {
  await expect.poll(async () => (await fetch(`${endpoint}/readyz`)).status, { timeout: 20_000 }).toBe(status);
}

/** Sends batch after batch, each until one of the servers has answered what became of it. */
async function callAnyOf(
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

const CALLERS = 6;

/** Callers at work, and what they are told. */
interface Callers {
  readonly random: Random;
  readonly book: Book;
  /** Resolves when each has been answered what became of its last batch, or has given it up. */
  stop(): Promise<void>;
}

/** Some callers of whichever servers there are at the time, all by one seed. */
export function startCallers(nodes: () => readonly RunningServer[], seed: string): Callers {
  const random = seededRandom(seed);
  const book = new Book();
  const workload = new Workload(random, book);
  const stopping = new AbortController();
  const calling = Array.from({ length: CALLERS }, () => callAnyOf(nodes, workload, book, random, stopping.signal));
  return {
    random,
    book,
    stop: async () => {
      stopping.abort();
      await Promise.all(calling);
    },
  };
}

/** Holds what was acknowledged against what each of the servers tells; what was sent last is settled in between. */
export async function expectKeptOnce(
  nodes: readonly RunningServer[],
  { book, random }: Pick<Callers, "book" | "random">,
): Promise<void> {
  expect(book.compare(await keptBy(nodes[0] as RunningServer))).toEqual(NO_DIFFERENCES);
  for (const { endpoint } of nodes) await settle(endpoint, random, book, 20);
  for (const node of nodes) {
    const all = await keptBy(node);
    expect(book.compare(all)).toEqual(NO_DIFFERENCES);
    expect(all.length, "every key that was sent is kept once").toBe(book.keys);
  }
}

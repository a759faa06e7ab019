/** Callers that race for the same key: the first one wins, every one is told so, and the record is kept once. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Book, keptBy, keyOf, NO_DIFFERENCES, type Answer, type Batch } from "../support/book.ts";
import { Connection, inputOf, loadServerArgs, meterInBook, usageAt } from "../support/load.ts";
import { officialClient, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const CALLERS = 32;

const folder = temporaryFolder();
const book = new Book();
let server: RunningServer;
let callers: Connection[];
let used = 0;

beforeAll(async () => {
  server = await startServer(loadServerArgs(folder.path, `${folder.path}/data`));
  callers = Array.from({ length: CALLERS }, () => new Connection(server.endpoint));
});

afterAll(async () => {
  for (const caller of callers) caller.close();
  await server.kill();
  folder.remove();
});

test("of two callers racing with one key and different quantities one succeeds, the other is told of a duplicate", async () => {
  const winners = { first: 0, second: 0 };
  for (let race = 0; race < 300; race += 1) {
    const usage = usageAt((used += 1), 1);
    const answers = await metered([[usage], [{ ...usage, quantity: 2 }]]);
    const [first, second] = answers.map(({ results: [result] }) => result);
    expect(new Set([first?.status, second?.status])).toEqual(new Set(["DuplicateRecord", "Success"]));
    expect(first?.id).toBe(second?.id);
    winners[first?.status === "Success" ? "first" : "second"] += 1;
  }
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
  process.stdout.write(`concurrency: of 300 races the first won ${winners.first}, the second ${winners.second}\n`);
});

test("many callers racing with the same usage are all told the same id, and it is kept once", async () => {
  for (let race = 0; race < 30; race += 1) {
    const usage = usageAt((used += 1));
    const answers = await metered(Array.from({ length: CALLERS }, () => [usage]));
    expect(new Set(answers.map(({ results: [result] }) => result?.id)).size).toBe(1);
    expect(new Set(answers.map(({ results: [result] }) => result?.status))).toEqual(new Set(["Success"]));
  }
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
});

test("of many callers racing with one key and as many quantities exactly one succeeds", async () => {
  for (let race = 0; race < 30; race += 1) {
    const usage = usageAt((used += 1));
    const answers = await metered(Array.from({ length: CALLERS }, (_, i) => [{ ...usage, quantity: i }]));
    expect(answers.filter(({ results: [result] }) => result?.status === "Success")).toHaveLength(1);
    expect(new Set(answers.map(({ results: [result] }) => result?.id)).size).toBe(1);
  }
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
});

test("batches that overlap, in opposite order, are told the same winner of each key", async () => {
  for (let race = 0; race < 60; race += 1) {
    const batch = Array.from({ length: 25 }, () => usageAt((used += 1), 1));
    const other = batch.toReversed().map((usage) => ({ ...usage, quantity: 2 }));
    const answers = await metered([batch, other, batch.slice(5, 15), other.slice(5, 15)]);
    const ids = new Map(batch.map((usage, i) => [keyOf(usage), answers[0]?.results[i]?.id]));
    for (const [i, usage] of other.entries()) expect(answers[1]?.results[i]?.id).toBe(ids.get(keyOf(usage)));
  }
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
});

test("the official SDK's clients race to the same end", async () => {
  const clients = [officialClient(server.endpoint), officialClient(server.endpoint)] as const;
  for (let race = 0; race < 20; race += 1) {
    const usage = usageAt((used += 1), 1);
    const sent = [[usage], [{ ...usage, quantity: 2 }]];
    const answers = await Promise.all(
      clients.map(async (client, i) => {
        const batch = sent[i] as Batch;
        book.sending(batch);
        const { ProductCode, UsageRecords } = inputOf(batch);
        const records = UsageRecords.map((record) => ({ ...record, Timestamp: new Date(record.Timestamp * 1_000) }));
        return client.send(new BatchMeterUsageCommand({ ProductCode, UsageRecords: records }));
      }),
    );
    const results = answers.map(({ Results }) => Results?.[0]);
    expect(new Set(results.map((result) => result?.Status))).toEqual(new Set(["DuplicateRecord", "Success"]));
    expect(results[0]?.MeteringRecordId).toBe(results[1]?.MeteringRecordId);
  }
  for (const client of clients) client.destroy();
});

test("requests that arrive together share commits", async () => {
  const before = await commits(server);
  for (let round = 0; round < 20; round += 1) {
    await metered(Array.from({ length: CALLERS }, () => [usageAt((used += 1))]));
  }
  const after = await commits(server);
  const works = after.works - before.works;
  expect(works).toBe(20 * CALLERS);
  expect(after.count - before.count).toBeLessThan(works / 2);
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
  process.stdout.write(`concurrency: ${works} requests in ${after.count - before.count} commits\n`);
});

/** Sends each batch on a connection of its own, all at once. */
function metered(batches: readonly Batch[]): Promise<Answer[]> {
  return Promise.all(batches.map((batch, i) => meterInBook(callers[i] as Connection, batch, book)));
}

async function commits({ endpoint }: RunningServer): Promise<{ count: number; works: number }> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  return { count: value("countinghouse_commit_works_count"), works: value("countinghouse_commit_works_sum") };
}

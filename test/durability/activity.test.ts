/**
 * Reading along while the server is killed again and again, and by who does not read: what the ledger holds in the end was told, and
 * what was told is held.
 */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { operatorClient } from "../../packages/server/src/operator/client/index.ts";
import { EventSource } from "../support/event-source.ts";
import { seededRandom } from "../support/random.ts";
import { DEMO, officialClient, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const ROUNDS = 6;
const folder = temporaryFolder();
let server: RunningServer | undefined;
afterEach(async () => {
  await server?.kill();
  folder.remove();
});

/** The request ids of all entries, oldest first. */
async function entriesOf(of: RunningServer): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  do {
    const { body } = await of.operator("GET", `/audit-events?order=oldest&limit=1000${cursor}`);
    const page = body as { readonly items: readonly { readonly requestID: string }[]; readonly nextCursor?: string };
    ids.push(...page.items.map(({ requestID }) => requestID));
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  return ids;
}

test("whoever follows over kill -9 and restarts was told of every entry, and of none that is not there", async () => {
  const random = seededRandom("activity-kill");
  const data = `sqlite:${folder.path}/data`;
  server = await startServer(["--store", data, "--operator-token", "token-of-the-operator"]);
  const { port } = new URL(server.endpoint);
  const controller = new AbortController();
  const client = operatorClient({ endpoint: server.endpoint, token: server.operatorToken });
  const told: string[] = [];
  const following = (async (): Promise<void> => {
    const options = { signal: controller.signal, retriesMax: Number.POSITIVE_INFINITY };
    for await (const event of client.events("GET /activity", options)) {
      if (event.kind === "message") told.push(event.data.requestID);
    }
  })();
  await until(async () => readers(server as RunningServer).then((count) => count === 1));
  const before = new Set(await entriesOf(server));

  for (let round = 0; round < ROUNDS; round += 1) {
    const { operatorUrl, operatorToken } = server;
    const headers = { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" };
    const body = JSON.stringify({ agreementId: "agmt-demo1" });
    const load = { isKilled: false };
    const calls = Array.from({ length: 8 }, async () => {
      while (!load.isKilled) {
        const call = fetch(`${operatorUrl}/registration-tokens`, { method: "POST", headers, body });
        await call.then((response) => response.arrayBuffer()).catch(() => undefined);
      }
    });
    await delay(random.whole(20, 400));
    await server.kill();
    load.isKilled = true;
    await Promise.all(calls);
    server = await startServer(["--store", data, "--operator-token", "token-of-the-operator", "--port", port]);
  }

  const kept = (await entriesOf(server)).filter((id) => !before.has(id));
  await until(() => kept.every((id) => told.includes(id)));
  controller.abort();
  await following;
  expect(kept.length).toBeGreaterThan(ROUNDS);
  const all = new Set([...kept, ...before]);
  expect(told.filter((id) => !all.has(id))).toEqual([]);
});

async function readers(of: RunningServer): Promise<number> {
  return ((await of.operator("GET", "/server")).body as { readonly activityReaders: number }).activityReaders;
}

/** Calls whose entries are large, so that what the system holds for a connection is soon full. */
async function meterMuch(endpoint: string, calls: number): Promise<void> {
  const client = officialClient(endpoint);
  const Tags = [1, 2, 3, 4, 5].map((n) => ({ Key: `${n}${"k".repeat(99)}`, Value: "v".repeat(256) }));
  const UsageRecords = Array.from({ length: 25 }, (_, n) => ({
    Timestamp: new Date(Date.now() - (n % 5) * 3_600_000),
    CustomerIdentifier: DEMO.customers[Math.floor(n / 5) % 2],
    Dimension: DEMO.dimensions[Math.floor(n / 10)],
    Quantity: 25,
    UsageAllocations: [{ AllocatedUsageQuantity: 25, Tags }],
  }));
  for (let call = 0; call < calls; call += 1) {
    await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  }
  client.destroy();
}

test("who does not read is ended, and who reads slowly is not: it is told what was left out", async () => {
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "1"]);
  const stalled = await EventSource.open(server, { stalled: true });
  const slow = await EventSource.open(server, { stalled: true });
  const quick = await EventSource.open(server);
  await until(async () => (await readers(server as RunningServer)) === 3);
  const metering = meterMuch(server.endpoint, 200);
  // A little at a time, over more seconds than an answer that ends would be given.
  const state = { isRead: false };
  const reading = (async (): Promise<void> => {
    while (!state.isRead) {
      slow.readSome();
      await delay(50);
    }
  })();
  await metering;
  await until(() => quick.events.length >= 200);
  expect(quick.gaps).toEqual([]);
  await until(async () => (await readers(server as RunningServer)) === 2);
  expect(stalled.isEnded || stalled.events.length === 0).toBe(true);
  state.isRead = true;
  await reading;
  slow.read();
  await until(() => slow.gaps.length > 0 || slow.requestIds.includes(quick.requestIds.at(-1) as string));
  expect(slow.isEnded).toBe(false);
  for (const { data } of slow.gaps) expect(data).toMatchObject({ from: expect.any(String) as string });
  slow.close();
  quick.close();
});

/**
 * Reading along while the server is killed again and again, and by who does not read: what the ledger holds in the end was told, and
 * what was told is held.
 */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
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
    const load = { isKilled: false, answered: 0 };
    const calls = Array.from({ length: 8 }, async () => {
      while (!load.isKilled) {
        const call = fetch(`${operatorUrl}/registration-tokens`, { method: "POST", headers, body });
        await call
          .then((response) => response.arrayBuffer())
          .then(
            () => (load.answered += 1),
            () => undefined,
          );
      }
    });
    const answered = random.whole(2, 200);
    await until(() => load.answered >= answered);
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

test("who does not read is ended, and its place is another's", async () => {
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "2"]);
  const stalled = await EventSource.open(server, { stalled: true });
  await until(async () => (await readers(server as RunningServer)) === 1);
  await meterMuch(server.endpoint, 100);
  await until(async () => (await readers(server as RunningServer)) === 0);
  stalled.close();
});

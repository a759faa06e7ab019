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
import { entriesOf } from "../support/kept-entries.ts";

const ROUNDS = 6;
const PORTIONS = 40;
const PORTION_CALLS = 10;
const folder = temporaryFolder();
let server: RunningServer | undefined;
afterEach(async () => {
  await server?.kill();
  folder.remove();
});

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
async function meterMuch(endpoint: string, calls: number): Promise<string[]> {
  const ids: string[] = [];
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
    const { $metadata } = await client.send(
      new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }),
    );
    ids.push($metadata.requestId ?? "");
  }
  client.destroy();
  return ids;
}

test("who does not read is ended, and its place is another's", async () => {
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "2"]);
  const stalled = await EventSource.open(server, { stalled: true });
  await until(async () => (await readers(server as RunningServer)) === 1);
  await meterMuch(server.endpoint, 100);
  await until(async () => (await readers(server as RunningServer)) === 0);
  stalled.close();
});

/** What has been read of a response so far; it is read byte by byte. */
class SlowReader {
  readonly #source: EventSource;
  readonly #timer: NodeJS.Timeout;

  constructor(source: EventSource) {
    this.#source = source;
    this.#timer = setInterval(() => source.readByte(), 1_000);
  }

  /** Reads the rest as it comes. */
  hurry(): EventSource {
    clearInterval(this.#timer);
    this.#source.read();
    return this.#source;
  }
}

test("who reads a byte a second is told of a gap, from which it gets what was left out; others are told all meanwhile", async () => {
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "300"]);
  const slow = new SlowReader(await EventSource.open(server, { stalled: true }));
  const fast = await EventSource.open(server);
  const made: string[] = [];
  // More than the system holds for a connection, and the server for a reader. So much at a time has room before the others.
  for (let portion = 0; portion < PORTIONS; portion += 1) {
    const ids = await meterMuch(server.endpoint, PORTION_CALLS);
    await fast.heard(ids);
    made.push(...ids);
  }
  expect(fast.gaps).toEqual([]);

  const late = slow.hurry();
  await until(() => late.gaps.length > 0);
  const [gap] = late.gaps;
  const told = new Set(late.requestIds);
  const leftOut = made.filter((id) => !told.has(id));
  expect(leftOut.length, "what waits for a reader is bounded").toBeGreaterThan(0);
  expect(gap?.data["reason"]).toMatch(/read too slowly/);
  const again = await EventSource.open(server, { lastEventId: String(gap?.data["from"]) });
  await again.heard(leftOut);
  for (const source of [late, fast, again]) source.close();
});

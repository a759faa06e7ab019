/**
 * npm run bench:outbox [-- --readings N --seconds S]: what the outbox costs over SQLite, beside its floors, in one run.
 *
 * `record` in groups of 50, beside 50 bare inserts with a unique id, both flushed at each commit; freezing N readings of one hour
 * while others are recorded; a backlog delivered to the running server at AWS's quota.
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { openOutbox, type Outbox } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { freezeDue } from "../packages/outbox/src/lifecycle/freeze-due.ts";
import { realWorld } from "../packages/outbox/src/world.ts";
import { DEMO, startServer, temporaryFolder } from "../test/support/server.ts";
import { machineOf } from "./machine.ts";

const { values } = parseArgs({
  options: {
    readings: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "12" },
    rounds: { type: "string", default: "7" },
  },
});
const GROUP = 50;
const GROUPS = 400;
const METERS = { gb: { productCode: DEMO.productCode, dimension: "gb_ingested" } } as const;
const HOUR_MS = 3_600_000;
const START = Date.parse("2026-11-10T10:00:00Z");
const folder = temporaryFolder();

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** CPU, in microseconds a reading. */
async function cpuOf(work: () => Promise<void> | void, readings: number): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / readings;
}

function bareInserts(): () => void {
  const db = new DatabaseSync(join(folder.path, "bare.db"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec(
    "CREATE TABLE reading (reading_id TEXT NOT NULL UNIQUE, tenant TEXT, meter TEXT, quantity TEXT, at_ms INTEGER, tags TEXT) STRICT",
  );
  const insert = db.prepare("INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?)");
  return () => {
    for (let group = 0; group < GROUPS; group += 1) {
      db.exec("BEGIN IMMEDIATE");
      for (let n = 0; n < GROUP; n += 1) insert.run(randomUUID(), "t-1", "gb", "1.5", START + n, "[]");
      db.exec("COMMIT");
    }
  };
}

const readingAt = (atMs: number) => ({
  readingId: randomUUID(),
  tenant: "t-1",
  meter: "gb",
  quantity: "1.5",
  at: new Date(atMs),
});

async function recording(outbox: Outbox): Promise<void> {
  for (let group = 0; group < GROUPS; group += 1) {
    await outbox.record(Array.from({ length: GROUP }, (_, n) => readingAt(START + n)));
  }
}

async function benchRecord(): Promise<void> {
  const outbox = await openOutbox({
    name: "bench",
    store: sqliteStore(join(folder.path, "record.outbox")),
    meters: METERS,
  });
  const bare = bareInserts();
  const [bareCpu, ownCpu]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    bareCpu.push(await cpuOf(bare, GROUPS * GROUP));
    ownCpu.push(await cpuOf(() => recording(outbox), GROUPS * GROUP));
  }
  await outbox.close();
  const [floor, own] = [median(bareCpu), median(ownCpu)];
  console.log(
    `record, groups of ${GROUP}: ${own.toFixed(1)} µs of CPU a reading; bare inserts ${floor.toFixed(1)} µs; ratio ${(own / floor).toFixed(2)}`,
  );
}

async function benchFreezing(): Promise<void> {
  const count = Number(values.readings);
  const server = await startServer([
    "--store",
    "memory:",
    "--rules",
    "current",
    "--clock",
    `manual:${new Date(START + 8 * HOUR_MS).toISOString()}`,
  ]);
  const client = clientOf(server.endpoint);
  const outbox = await openOutbox({
    name: "bench",
    store: sqliteStore(join(folder.path, "freeze.outbox")),
    meters: METERS,
    client,
  });
  await outbox.bind({
    tenant: "t-1",
    productCode: DEMO.productCode,
    customerIdentifier: "demoCustomer1",
    from: START - HOUR_MS,
  });
  for (let done = 0; done < count; done += 5_000) {
    await outbox.record(Array.from({ length: 5_000 }, (_, n) => readingAt(START + ((done + n) % HOUR_MS))));
  }
  const alone = await latencies(outbox, 200, () => false);
  const heapBefore = process.memoryUsage().rss;
  let isFreezing = true;
  const startedAt = performance.now();
  const freezing = outbox.deliverDue().finally(() => (isFreezing = false));
  const beside = await latencies(outbox, Number.POSITIVE_INFINITY, () => !isFreezing);
  await freezing;
  const seconds = (performance.now() - startedAt) / 1000;
  const grown = (process.memoryUsage().rss - heapBefore) / 1024 / 1024;
  console.log(
    `freezing ${count} readings of one hour: ${seconds.toFixed(1)} s, ${grown.toFixed(0)} MiB more; record of one beside it: median ${median(beside).toFixed(1)} ms, worst ${Math.max(...beside).toFixed(0)} ms (${beside.length} times); alone ${median(alone).toFixed(1)} ms, worst ${Math.max(...alone).toFixed(0)} ms`,
  );
  await outbox.close();
  await client.close();
  await server.stop();
}

async function latencies(outbox: Outbox, times: number, isOver: () => boolean): Promise<number[]> {
  const taken: number[] = [];
  while (taken.length < times && !isOver()) {
    const startedAt = performance.now();
    await outbox.record(readingAt(START + 8 * HOUR_MS));
    taken.push(performance.now() - startedAt);
    await new Promise((resume) => setTimeout(resume, 5));
  }
  return taken;
}

async function benchDelivery(): Promise<void> {
  const customers = Math.ceil((Number(values.seconds) * 250) / 20);
  const accounts = Array.from({ length: customers }, (_, n) => String(100_000_000_000 + n));
  const catalogue = join(folder.path, "catalogue.yaml");
  writeFileSync(catalogue, catalogueOf(accounts));
  const now = new Date(START + 23 * HOUR_MS).toISOString();
  const server = await startServer([
    "--store",
    "memory:",
    "--rules",
    "current",
    "--clock",
    `manual:${now}`,
    "--catalog",
    catalogue,
  ]);
  const client = clientOf(server.endpoint);
  const meters = { units: { productCode: "bench", dimension: "units" } };
  const store = sqliteStore(join(folder.path, "deliver.outbox"));
  const outbox = await openOutbox({ name: "bench", store, meters, client, holdOpenSeconds: 300 });
  const tenants = accounts.map((account) => ({
    tenant: account,
    productCode: "bench",
    customerAccountId: account,
    from: START - HOUR_MS,
  }));
  await outbox.bind(tenants);
  for (let hour = 0; hour < 20; hour += 1) {
    const at = new Date(START + hour * HOUR_MS + 60_000);
    await outbox.record(
      accounts.map((tenant) => ({ readingId: randomUUID(), tenant, meter: "units", quantity: 1, at })),
    );
  }
  const closedAt = performance.now();
  const gathering = { transact: store.transact.bind(store), world: realWorld };
  await freezeDue({ reads: store, gathering, serviceMs: START + 23 * HOUR_MS });
  const closing = (performance.now() - closedAt) / 1000;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const { calls, settled } = await outbox.deliverDue();
  const took = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const records = settled["delivered"] ?? 0;
  const rate = `${(records / took).toFixed(1)} records a second, ${(records / took / 250).toFixed(3)} of the quota`;
  console.log(
    `delivery: ${records} records in ${calls} calls and ${took.toFixed(1)} s: ${rate}; closing them took ${closing.toFixed(1)} s before; ${((user + system) / records).toFixed(0)} µs of CPU a record`,
  );
  await outbox.close();
  await client.close();
  await server.stop();
}

function catalogueOf(accounts: readonly string[]): string {
  const user = `{ name: metering, accessKeyId: ${DEMO.accessKeyId}, secretAccessKey: ${DEMO.secretAccessKey} }`;
  return [
    "accounts:",
    `  - { id: "111122223333", users: [${user}] }`,
    ...accounts.map((account) => `  - { id: "${account}" }`),
    "products:",
    '  - { productCode: bench, title: Bench, seller: "111122223333", type: saas, pricing: usage, fulfilmentUrl: "http://127.0.0.1:3000/", dimensions: [{ name: units, description: Units, unit: Unit, price: "0.01" }] }',
    "agreements:",
    ...accounts.map(
      (account) =>
        `  - { agreementId: agmt-${account}, productCode: bench, customerAccountId: "${account}", startsAt: "2020-01-01T00:00:00Z" }`,
    ),
    "",
  ].join("\n");
}

function clientOf(endpoint: string): MarketplaceMeteringClient {
  const { accessKeyId, secretAccessKey } = DEMO;
  return new MarketplaceMeteringClient({
    region: "us-east-1",
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
  });
}

console.log(JSON.stringify(machineOf(folder.path)));
try {
  await benchRecord();
  await benchDelivery();
  await benchFreezing();
} finally {
  folder.remove();
}

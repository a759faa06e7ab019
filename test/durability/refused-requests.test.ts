/** Whoever has a key, and is refused as often as he likes, does not fill the disk. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand, MeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { entitlementService } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { decodeEntry } from "../../packages/server/src/ledger/entry-codec.ts";
import { REFUSED_BYTES_A_MINUTE } from "../../packages/server/src/operations/refusal-budget.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { sessionOf } from "../support/resource-session.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type RunningServer } from "../support/server.ts";
import { BUYER, ROLE, startWorkload, type WorkloadServer } from "../support/workload.ts";

/** A key of the demo's seller that may resolve tokens, and nothing else. */
const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
const allocations = Array.from({ length: 2_000 }, (_, i) => ({
  AllocatedUsageQuantity: i,
  Tags: [{ Key: `key-${i}`, Value: "v".repeat(256) }],
}));
const large = (productCode: string): object => ({
  ProductCode: productCode,
  Timestamp: Math.floor(Date.now() / 1_000),
  UsageDimension: "gb_ingested",
  UsageQuantity: 3,
  UsageAllocations: allocations,
});

test("a large request that is refused is kept with its beginning, its size and a digest", async () => {
  const folder = newFolder();
  const server = await start(["--store", `sqlite:${folder}`]);
  const before = bytesIn(folder);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      send(server.endpoint, signed(wireRequest(server.endpoint, "MeterUsage", large(DEMO.productCode)), READ_ONLY)),
    ),
  );
  expect(answers.map((answer) => jsonOf(answer)["__type"])).toEqual(answers.map(() => "AccessDeniedException"));
  const { body } = await server.operator("GET", "/audit-events?eventName=MeterUsage");
  const [event] = (body as { items: { requestParameters: object; additionalEventData: object }[] }).items;
  expect(event).toMatchObject({
    errorCode: "AccessDeniedException",
    requestParameters: { productCode: DEMO.productCode, usageDimension: "gb_ingested", usageQuantity: 3 },
    additionalEventData: {
      clippedRequest: { bytes: expect.any(Number), sha256: expect.any(String), items: { usageAllocations: 2_000 } },
    },
  });
  expect(JSON.stringify(event).length).toBeLessThan(12_000);
  expect((bytesIn(folder) - before) / answers.length).toBeLessThan(40_000);
});

test("a large filter of a reading call is kept the same way, and found by its product", async () => {
  const server = await start(["--store", "memory:"]);
  const input = { ProductCode: DEMO.productCode, Filter: { CUSTOMER_IDENTIFIER: Array(50_000).fill("nobody at all") } };
  const request = wireRequest(server.endpoint, "GetEntitlements", input, entitlementService);
  expect((await send(server.endpoint, signed(request))).status).toBe(200);
  const { body } = await server.operator("GET", "/audit-events?eventName=GetEntitlements");
  const [event] = (body as { items: object[] }).items;
  expect(event).toMatchObject({ requestParameters: { productCode: DEMO.productCode } });
  expect(JSON.stringify(event).length).toBeLessThan(12_000);
});

test("of an account's refusals so much is kept in a minute, and the rest is counted; its usage is taken all the same", async () => {
  const folder = newFolder();
  const server = await start(["--store", `sqlite:${folder}`]);
  const request = (): Promise<unknown> =>
    send(server.endpoint, signed(wireRequest(server.endpoint, "MeterUsage", large("x".repeat(25))), READ_ONLY));
  let refused = 0;
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 40 }, request));
    refused += 40;
  }
  expect(await meterNow(server)).toBe("Success");
  const spared = await metric(
    server,
    'countinghouse_calls_not_kept_total{operation="MeterUsage",code="AccessDeniedException"}',
  );
  expect(spared).toBeGreaterThan(100);
  expect(await server.stop()).toBe(0);

  const engine = openSqliteEngine(folder);
  onTestFinished(() => engine.close());
  const { items } = await engine.entries({ order: "oldest", limit: 1_000 });
  const entries = items.map(decodeEntry);
  const kept = items.filter((_, i) => entries[i]?.event.kind === "call-refused");
  expect(kept.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(2 * REFUSED_BYTES_A_MINUTE + 400_000);
  const counted = entries.flatMap(({ event }) => (event.kind === "calls-not-kept" ? event.counts : []));
  expect(counted.every(({ code }) => code === "AccessDeniedException")).toBe(true);
  expect(kept.length + counted.reduce((sum, { count }) => sum + count, 0)).toBe(refused);
});

/** Makes a dry run of a large request, on an instance of a buyer; answers the id that it was told. */
async function dryRunner(server: WorkloadServer): Promise<() => Promise<string | undefined>> {
  const dimensions = [{ name: "gb_ingested", unit: "GB" }];
  expect((await server.operator("PATCH", "/products/ami-product", { dimensions })).status).toBe(200);
  const instance = await sessionOf(server, {
    platform: "ec2",
    externalId: "i-00000000000000001",
    accountId: BUYER,
    roleName: ROLE,
  });
  const client = instance.client();
  onTestFinished(() => client.destroy());
  const command = new MeterUsageCommand({
    ProductCode: "ami-product",
    Timestamp: new Date(),
    UsageDimension: "gb_ingested",
    UsageQuantity: allocations.reduce((sum, { AllocatedUsageQuantity: quantity }) => sum + quantity, 0),
    UsageAllocations: allocations,
    DryRun: true,
  });
  return async () => (await client.send(command)).MeteringRecordId;
}

test("a large dry run that succeeds is kept the same way", async () => {
  const server = await startWorkload();
  const dryRun = await dryRunner(server);
  expect(await dryRun()).toBe("DryRunOperation");
  const { body } = await server.operator("GET", "/audit-events?eventName=MeterUsage");
  const [event] = (body as { items: object[] }).items;
  expect(event).toMatchObject({
    requestParameters: { productCode: "ami-product", usageDimension: "gb_ingested", dryRun: true },
    responseElements: { meteringRecordId: "DryRunOperation" },
    additionalEventData: {
      resourceId: expect.any(String),
      clippedRequest: { bytes: expect.any(Number), sha256: expect.any(String), items: { usageAllocations: 2_000 } },
    },
  });
  expect(JSON.stringify(event).length).toBeLessThan(12_000);
});

test("where the disk has no room left but for usage, usage and changes are kept, and everything else is counted", async () => {
  let free = 10 * 1_048_576;
  const timers: (() => void)[] = [];
  const folder = newFolder();
  const server = await startWorkload({
    store: `sqlite:${folder}`,
    freeSpaceMinMib: "8",
    world: {
      freeBytes: () => free,
      every: (ms, run) => {
        if (ms === 5_000) timers.push(run);
        return () => undefined;
      },
    },
  });
  const refuse = async (): Promise<void> => {
    const answer = await send(server.endpoint, signed(wireRequest(server.endpoint, "MeterUsage", large("nothing"))));
    expect(jsonOf(answer)["__type"]).toBe("CustomerNotEntitledException");
  };
  const dryRun = await dryRunner(server);
  const keptRefusals = async (): Promise<number> => {
    const { body } = await server.operator("GET", "/audit-events?eventName=MeterUsage");
    return (body as { items: unknown[] }).items.length;
  };
  const ready = async (): Promise<string> => (await fetch(`${server.endpoint}/readyz`)).text();

  await refuse();
  expect([await keptRefusals(), await ready()]).toEqual([1, "ready\n"]);
  free = 7 * 1_048_576;
  timers.forEach((run) => run());
  await refuse();
  expect(await dryRun()).toBe("DryRunOperation");
  expect(await keptRefusals()).toBe(1);
  expect(await ready()).toMatch(/^ready\nthe disk has 7 MiB left, less than the 8 MiB of --free-space-min-mib/);
  const added = await server.operator("POST", "/accounts", { id: "999988887777", title: "Kept", users: [] });
  expect(added.status).toBe(201);
  free = 9 * 1_048_576;
  timers.forEach((run) => run());
  await refuse();
  expect([await keptRefusals(), await ready()]).toEqual([2, "ready\n"]);
});

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

async function metric({ endpoint }: RunningServer, name: string): Promise<number> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

async function meterNow({ endpoint }: RunningServer): Promise<string | undefined> {
  const client = officialClient(endpoint);
  const record = { Timestamp: new Date(), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 3 };
  try {
    const input = { ProductCode: DEMO.productCode, UsageRecords: [record] };
    const { Results } = await client.send(new BatchMeterUsageCommand(input));
    return Results?.[0]?.Status;
  } finally {
    client.destroy();
  }
}

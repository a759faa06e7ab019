/** Sums and the activity of a ledger that lies on several machines, asked of two servers. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished } from "vitest";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { EventSource } from "../support/event-source.ts";
import { entriesOf } from "../support/kept-entries.ts";
import { callOperator } from "../support/operator-call.ts";
import { newSpreadDatabase, testOfCitus } from "../support/postgres/citus.ts";
import { nodeArgs } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type RunningServer } from "../support/server.ts";

const test = testOfCitus();
const CALLS = 30;

/** Each call has usage of another hour; answers how many units were accepted. */
async function meterAll({ endpoint }: RunningServer): Promise<number> {
  const client = officialClient(endpoint);
  let units = 0;
  for (let call = 0; call < CALLS; call += 1) {
    const UsageRecords = DEMO.dimensions.slice(0, 2).map((Dimension, i) => ({
      Timestamp: new Date(Date.now() - (call % 5) * 3_600_000),
      CustomerIdentifier: DEMO.customers[Math.floor(call / 5) % 2],
      Dimension,
      Quantity: call + i + 1,
    }));
    const { Results = [] } = await client.send(
      new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }),
    );
    for (const { Status, UsageRecord } of Results) if (Status === "Success") units += UsageRecord?.Quantity ?? 0;
  }
  client.destroy();
  return units;
}

const iso = (ms: number): string => new Date(ms).toISOString();

async function unitsAt(server: RunningServer): Promise<number> {
  const range = `from=${iso(Date.now() - 86_400_000)}&to=${iso(Date.now() + 3_600_000)}`;
  const { status, json, text } = await callOperator(server, "GET", `/usage?${range}&groupBy=hour,customer,dimension`);
  expect(status, text).toBe(200);
  return (json as { items: { units: string }[] }).items.reduce((sum, { units }) => sum + Number(units), 0);
}

test("two servers add up alike what is accepted, tell each other's calls, and a reader of one that is killed goes on at the other", async () => {
  const database = await newSpreadDatabase();
  onTestFinished(() => database.remove());
  const args = [...nodeArgs(database.url, newFolder()), "--lab"];
  const one = await start(args);
  const other = await start(args);
  const reader = await EventSource.open(one);
  const before = new Set(await entriesOf(one));
  const units = await meterAll(other);
  expect(units).toBeGreaterThan(0);
  expect([await unitsAt(one), await unitsAt(other)]).toEqual([units, units]);

  const first = (await entriesOf(other)).filter((id) => !before.has(id));
  await reader.heard(first);
  await one.kill();
  await meterAll(other);
  const resumed = await EventSource.open(other, { lastEventId: reader.lastId ?? "" });
  const all = (await entriesOf(other)).filter((id) => !before.has(id));
  expect(all.length).toBeGreaterThan(first.length);
  const told = new Set(first);
  await resumed.heard(all.filter((id) => !told.has(id)));
  expect([...reader.gaps, ...resumed.gaps]).toEqual([]);
  resumed.close();
  expect((await verifyAt(database.url, realWorld)).disagreement).toBeUndefined();
});

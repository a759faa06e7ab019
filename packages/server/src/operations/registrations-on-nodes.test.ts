/** Resources register at several nodes of one ledger at once, while the test keeps others from changing the catalogue. */
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../test/support/postgres/database.ts";
import { HOURLY_CONTAINER, METERED_CONTAINER, resource } from "../../testing/container-market.ts";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { EVERYTHING, allResources } from "../../testing/contract/works.ts";
import { openAt } from "../../testing/postgres-ledger.ts";
import { meter, openMarket, register, sent } from "../../testing/resource-calls.ts";
import { addResource } from "../control-plane/observe.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { loadDriver } from "../stores/postgres/driver.ts";
import { STATE_LOCK } from "../stores/postgres/locks.ts";
import { callOf } from "../../testing/control-plane.ts";

const test = testOfPostgres();
const TASKS = Array.from({ length: 30 }, (_, i) => resource("ecs", { resourceId: `ecs-${i}`, startedAtMs: START_MS }));

async function nodesOf(database: TestDatabase): Promise<readonly [Ledger, Ledger]> {
  const open = async (): Promise<Ledger> => {
    const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
    onTestFinished(() => ledger.close());
    return ledger;
  };
  return [await open(), await open()];
}

/** Until the answered function is called, no group can hold the state's lock alone. */
async function holdState(url: string): Promise<() => Promise<void>> {
  const driver = await loadDriver(url);
  const client = driver.client("maintenance");
  await client.connect();
  await client.query("SELECT pg_advisory_lock_shared($1, $2)", [...STATE_LOCK]);
  return () => client.end();
}

/** The resource whose metering began with this entry. */
const firstOf = ({ event }: LedgerEntry): string[] =>
  event.kind === "usage-registered" && event.first ? [event.resourceId] : [];

test("each is registered once, whichever nodes are asked, however often, and none waits for the lock of the state", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const nodes = await nodesOf(database);
  await openMarket(nodes[0], ...TASKS);
  await expect.poll(() => nodes[1].catalogue.product(HOURLY_CONTAINER)).toBeDefined();
  const letGo = await holdState(database.url);
  const version = await database.query("SELECT version FROM countinghouse.state");

  const calls = TASKS.flatMap((task) => [...nodes, ...nodes].map((node) => register(node, task)));
  const metered = TASKS.flatMap((task) => nodes.map((node) => meter(node, task, sent())));
  for (const answer of await Promise.all(calls)) expect(answer).toContain(HOURLY_CONTAINER);
  const records = await Promise.all(metered);
  expect(new Set(records).size, "each hour is metered once, too").toBe(TASKS.length);
  const told = { platform: "ecs", accountId: resource("ecs").accountId, region: "us-east-1" } as const;
  const taskArn = `arn:aws:ecs:us-east-1:${told.accountId}:task/both`;
  await Promise.all(
    nodes.map((node) => addResource(node, callOf("CreateResource"), { ...told, externalId: taskArn }, {})),
  );
  expect(await database.query("SELECT version FROM countinghouse.state")).toEqual(version);
  await letGo();

  for (const node of nodes) {
    const kept = (await allResources(node)).filter(({ registrations }) => registrations.length > 0);
    expect(kept.map(({ resourceId }) => resourceId)).toEqual(TASKS.map(({ resourceId }) => resourceId).toSorted());
    expect(kept.every(({ registrations }) => registrations.length === 1)).toBe(true);
    const { items } = await node.events({ order: "oldest", limit: 1_000, operations: ["RegisterUsage"] });
    expect(items).toHaveLength(calls.length);
    expect(new Set(items.flatMap(firstOf))).toEqual(new Set(TASKS.map(({ resourceId }) => resourceId)));
    expect(items.flatMap(firstOf)).toHaveLength(TASKS.length);
  }
  const { items } = await nodes[0].meteringRecords({ ...EVERYTHING, limit: 100 });
  expect(items.map(({ productCode }) => productCode)).toEqual(TASKS.map(() => METERED_CONTAINER));
});

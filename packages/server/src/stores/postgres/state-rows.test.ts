/** A node that adopts other nodes' changes one by one reaches the same state as a node that reads everything. */
import * as fc from "fast-check";
import type { Client } from "pg";
import { beforeEach, expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { Catalogue, type CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import type { ClockPosition, StagedGroup } from "../../ledger/engine.ts";
import { accountChange } from "../../../testing/contract/works.ts";
import { realWorld } from "../../world.ts";
import { loadDriver } from "./driver.ts";
import { migrate } from "./migrations.ts";
import { SharedState, type KeptState } from "./shared-state.ts";
import { readState, writeState } from "./state-rows.ts";

const test = testOfPostgres();

let database: TestDatabase;
let client: Client;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
  client = (await loadDriver(database.url)).client("lane");
  await client.connect();
  onTestFinished(() => client.end());
  await migrate(client, realWorld.sleep);
});

interface Node {
  readonly state: SharedState;
  readonly stoodAt: () => ClockPosition | undefined;
}

async function startNode(): Promise<Node> {
  let stood: ClockPosition | undefined;
  const kept = await readState(client);
  const state = new SharedState(kept, {
    mode: "manual",
    nowMs: () => 0,
    positionAt: () => undefined,
    standAt: (position) => (stood = position),
  });
  return { state, stoodAt: () => stood };
}

function group(over: Partial<StagedGroup>): StagedGroup {
  return { reset: false, entries: [], catalogue: [], resources: [], clock: undefined, ...over };
}

async function write(over: Partial<StagedGroup>): Promise<void> {
  if (over.reset === true) await client.query("DELETE FROM countinghouse.catalogue");
  await writeState(client, group(over));
}

/** Reads what has changed, and adopts it. */
async function follow({ state }: Node): Promise<KeptState> {
  const kept = await readState(client, state.id);
  expect(state.adopt(kept)).toBe(true);
  return kept;
}

function seenIn(catalogue: Catalogue): string[] {
  return catalogue
    .list("account")
    .map((account) => JSON.stringify(account))
    .toSorted();
}

const removed = (id: string): CatalogueChange => ({ kind: "account", id, value: undefined });

test("only what has changed is read, what was removed included, and the clock", async () => {
  await write({ catalogue: ["a", "b", "c"].map((id) => accountChange(id)) });
  const node = await startNode();
  await write({ catalogue: [accountChange("b", { title: "new" })] });
  await write({ catalogue: [removed("c"), accountChange("d")] });
  await write({ clock: { mode: "manual", atMs: 7 } });
  const { since, catalogue } = await follow(node);
  expect([since !== undefined, catalogue.map(({ id }) => id)]).toEqual([true, ["b", "c", "d"]]);
  expect(node.state.catalogue.list("account").map(({ id }) => id)).toEqual(["a", "b", "d"]);
  expect(node.stoodAt()).toEqual({ mode: "manual", atMs: 7 });
  expect((await follow(node)).catalogue).toEqual([]);
});

test("what has changed since another state than the one that is held is not taken over", async () => {
  await write({ catalogue: [accountChange("a")] });
  const node = await startNode();
  const before = node.state.id;
  await write({ catalogue: [accountChange("b")] });
  await follow(node);
  expect(node.state.adopt(await readState(client, before))).toBe(false);
  expect(node.state.catalogue.list("account").map(({ id }) => id)).toEqual(["a", "b"]);
});

type Step =
  | { readonly kind: "put" | "remove"; readonly ids: readonly string[] }
  | { readonly kind: "many" | "reset" | "older-server" | "backup" | "set-back" | "clock" }
  | { readonly kind: "follow"; readonly node: number };

const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("put" as const, "remove" as const), ids }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("follow" as const), node: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("reset", "older-server", "backup", "set-back", "clock", "many") }),
  },
);

test("whatever happens, and however late they look, all nodes come to the same state", async () => {
  await client.query("CREATE SCHEMA backup");
  for (const table of TABLES) await client.query(`CREATE TABLE backup.${table} (LIKE countinghouse.${table})`);
  await copyTables("countinghouse", "backup");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await write({ reset: true });
      await copyTables("countinghouse", "backup");
      const nodes = [await startNode(), await startNode(), await startNode()];
      let written = 0;
      for (const each of steps) {
        written += 1;
        await take(each, nodes, `${written}`);
      }
      const whole = seenIn(new Catalogue((await readState(client)).catalogue));
      for (const node of nodes) {
        await follow(node);
        expect(seenIn(node.state.catalogue)).toEqual(whole);
      }
    }),
    { numRuns: 80 },
  );
});

const TABLES = ["state", "state_change", "catalogue"];

async function copyTables(from: string, to: string): Promise<void> {
  for (const table of TABLES) {
    await client.query(`DELETE FROM ${to}.${table}; INSERT INTO ${to}.${table} SELECT * FROM ${from}.${table}`);
  }
}

async function take(each: Step, nodes: readonly Node[], title: string): Promise<void> {
  switch (each.kind) {
    case "put":
      return write({ catalogue: each.ids.map((id) => accountChange(id, { title })) });
    case "remove":
      return write({ catalogue: each.ids.map(removed) });
    case "many":
      return write({ catalogue: Array.from({ length: 1_001 }, (_, i) => accountChange(`m${i}`, { title })) });
    case "reset":
      return write({ reset: true, catalogue: [accountChange("a", { title })] });
    case "clock":
      return write({ clock: { mode: "manual", atMs: Number(title) } });
    case "older-server":
      // This new version does not say what it changed.
      await client.query("UPDATE countinghouse.state SET version = version + 1");
      await client.query(
        `INSERT INTO countinghouse.catalogue (kind, id, value) VALUES ('account', 'a', $1)
         ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value`,
        [JSON.stringify(accountChange("a", { title }).value)],
      );
      return undefined;
    case "backup":
      await copyTables("countinghouse", "backup");
      return undefined;
    case "set-back":
      // From the restored state, the nodes write something else under the same version.
      await copyTables("backup", "countinghouse");
      return write({ catalogue: [accountChange("b", { title })] });
    case "follow":
      await follow(nodes[each.node] as Node);
      return undefined;
  }
}

/**
 * Reading along over PostgreSQL while the server that is read from is killed, again and again: readers go on at another one, from the
 * id that they have. What the ledger holds in the end was told to each of them, and what was told is held.
 */
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { EventSource } from "../support/event-source.ts";
import { nodeArgs, newDatabase, testOfPostgres, type TestDatabase } from "../support/postgres/database.ts";
import { seededRandom } from "../support/random.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { entriesOf } from "../support/kept-entries.ts";

const test = testOfPostgres();
const NODES = 3;
const READERS = 4;
const KILLS = 4;

const folder = temporaryFolder();
let nodes: RunningServer[] = [];
let database: TestDatabase | undefined;
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  await database?.remove();
  folder.remove();
});

interface Told {
  readonly ids: Set<string>;
  lastId: string | undefined;
  source: EventSource | undefined;
}

/** Takes over what a reader was told by the server that it read from. */
function takeOver(told: Told): void {
  for (const id of told.source?.requestIds ?? []) told.ids.add(id);
  told.lastId = told.source?.lastId ?? told.lastId;
}

test("whoever reads from a server that is killed goes on at another one, and misses nothing", async () => {
  database = await newDatabase();
  const args = [...nodeArgs(database.url, join(folder.path)), "--lab"];
  nodes = await Promise.all(Array.from({ length: NODES }, () => startServer(args)));
  const [first] = nodes as [RunningServer, ...RunningServer[]];
  const random = seededRandom("activity-nodes");
  const readers: Told[] = Array.from({ length: READERS }, () => ({
    ids: new Set(),
    lastId: undefined,
    source: undefined,
  }));
  for (const reader of readers) reader.source = await EventSource.open(first);
  const before = new Set(await entriesOf(first));

  const load = { isOver: false, answered: 0 };
  const calls = Array.from({ length: 4 }, async (_, caller) => {
    for (let call = caller; !load.isOver; call += 1) {
      const node = nodes[call % NODES] as RunningServer;
      const answer = await node
        .operator("POST", "/registration-tokens", { agreementId: "agmt-demo1" })
        .catch(() => undefined);
      if (answer?.status === 201) load.answered += 1;
    }
  });
  for (let kill = 0; kill < KILLS; kill += 1) {
    const read = kill % NODES;
    const answered = load.answered + random.whole(5, 40);
    await until(() => load.answered >= answered);
    await nodes[read]?.kill();
    await until(() => readers.every(({ source }) => source?.isEnded === true));
    // While nobody reads, more is kept.
    const later = load.answered + random.whole(5, 20);
    await until(() => load.answered >= later);
    const other = nodes[(kill + 1) % NODES] as RunningServer;
    for (const reader of readers) {
      takeOver(reader);
      const { lastId } = reader;
      reader.source = await EventSource.open(other, lastId === undefined ? {} : { lastEventId: lastId });
      expect(reader.source.status).toBe(200);
    }
    nodes[read] = await startServer(args);
  }
  load.isOver = true;
  await Promise.all(calls);

  const kept = (await entriesOf(nodes[0] as RunningServer)).filter((id) => !before.has(id));
  expect(kept.length).toBeGreaterThan(KILLS * 10);
  const all = new Set([...kept, ...before]);
  for (const reader of readers) {
    await until(() => {
      takeOver(reader);
      return kept.every((id) => reader.ids.has(id));
    });
    expect(reader.source?.gaps).toEqual([]);
    expect([...reader.ids].filter((id) => !all.has(id))).toEqual([]);
  }
});

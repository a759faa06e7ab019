/** The activity over every store: whoever reads along, comes late, comes back, or is too slow misses nothing that it is not told of. */
import { afterEach, describe, expect, test } from "vitest";
import { meter, newCall, sent } from "../../../testing/contract/works.ts";
import type { LedgerUnderTest } from "../../../testing/contract/ledger-under-test.ts";
import { EVERY_STORE, ledgerInMemory } from "../../../testing/every-store.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import { seededRandom } from "../../../../../test/support/random.ts";
import { newDatabase, testOfPostgres } from "../../../../../test/support/postgres/database.ts";
import { EMBEDDED_LANE } from "../../ledger/chain-head.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { realWorld } from "../../world.ts";
import { ActivityFeed } from "./activity-feed.ts";
import type { ActivityReader } from "./activity-reader.ts";
import { parseEventId } from "./event-ids.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function feedOver(ledger: Ledger, lookMs = 5): ActivityFeed {
  const { every, schedule } = realWorld;
  const feed = new ActivityFeed({
    ledger,
    lookMs,
    every,
    schedule,
    onTrouble: (error) => {
      throw error;
    },
  });
  closing.push(() => feed.close());
  return feed;
}

interface Told {
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads an ActivityReader as a client does. */
class Client {
  readonly told: Told[] = [];
  readonly #reader: ActivityReader;
  #rest = "";

  constructor(reader: ActivityReader) {
    this.#reader = reader;
  }

  static async open(feed: ActivityFeed, lastId?: string): Promise<Client> {
    const reader = await feed.open({}, lastId === undefined ? undefined : parseEventId(lastId));
    if (reader === undefined) throw new Error("There are too many readers.");
    return new Client(reader);
  }

  get ids(): string[] {
    return this.told.filter(({ kind }) => kind === "message").map(({ data }) => String(data["requestID"]));
  }

  get gaps(): Told[] {
    return this.told.filter(({ kind }) => kind === "gap");
  }

  get lastId(): string | undefined {
    return this.told.findLast(({ id }) => id !== undefined)?.id;
  }

  /** Reads until it was told of all of these. */
  async hear(requestIds: readonly string[]): Promise<void> {
    const missing = new Set(requestIds);
    for (const id of this.ids) missing.delete(id);
    while (missing.size > 0) {
      const before = this.told.length;
      await this.step();
      for (const { data } of this.told.slice(before)) missing.delete(String(data["requestID"]));
    }
  }

  /** Reads as fast as there is something, for as long as the reader goes on. */
  async readOn(): Promise<void> {
    for (;;) await this.step();
  }

  async step(): Promise<void> {
    const bytes = await this.#reader.next();
    if (bytes === undefined) throw new Error("The reader has ended.");
    const blocks = (this.#rest + Buffer.from(bytes).toString()).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) continue;
      const kind = /^event: (.*)$/m.exec(block)?.[1] ?? "message";
      this.told.push({ id: /^id: (.*)$/m.exec(block)?.[1], kind, data: JSON.parse(data) as Told["data"] });
    }
  }

  end(): void {
    this.#reader.end();
  }
}

let made = 0;

/** Keeps a call about one of several products, so that several lanes are written; answers its id. */
async function keep(ledger: Ledger): Promise<string> {
  made += 1;
  const work = meter([sent({ dimension: `d${made}` }, { offering: String(made % 5).repeat(25) })]);
  await ledger.transact(work);
  return work.call.requestId;
}

async function keepMany(ledger: Ledger, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 50) {
    ids.push(...(await Promise.all(Array.from({ length: Math.min(50, count - n) }, () => keep(ledger)))));
  }
  return ids;
}

describe.each(EVERY_STORE)("%s", (store, fresh) => {
  async function opened(): Promise<LedgerUnderTest> {
    const ledger = await fresh();
    closing.push(() => ledger.remove());
    return ledger;
  }

  test("readers who come and go at random miss nothing that was kept since their first look", async () => {
    const random = seededRandom("activity");
    const { ledger } = await opened();
    await keepMany(ledger, 20);
    const feed = feedOver(ledger);
    const kept: string[] = [];
    const heard = new Set<string>();
    let client = await Client.open(feed);
    for (let round = 0; round < 12; round += 1) {
      const ids = await keepMany(ledger, random.whole(1, 60));
      kept.push(...ids);
      // Up to any of them: who waits for more than there is would wait for the next comment.
      await client.hear([ids[random.whole(0, ids.length - 1)] as string]);
      for (const id of client.ids) heard.add(id);
      expect(client.gaps).toEqual([]);
      if (random.whole(0, 2) > 0) continue;
      const { lastId } = client;
      client.end();
      // Some come back at once, some after more was kept.
      if (random.whole(0, 1) === 0) kept.push(...(await keepMany(ledger, random.whole(1, 90))));
      client = await Client.open(feed, lastId);
    }
    await client.hear(kept.filter((id) => !heard.has(id)));
    for (const id of client.ids) heard.add(id);
    expect(kept.filter((id) => !heard.has(id))).toEqual([]);
    client.end();
  });

  test("who is too slow is told from which id to which, goes on from now, and gets the rest from there", async () => {
    const { ledger } = await opened();
    const feed = feedOver(ledger);
    const [slow, quick] = [await Client.open(feed), await Client.open(feed)];
    const reading = quick.readOn().catch(() => undefined);
    const kept = await keepMany(ledger, 1_200);
    const { length } = kept;
    await expect.poll(() => quick.ids.length, { timeout: 30_000 }).toBe(length);
    expect(quick.gaps).toEqual([]);
    while (slow.gaps.length === 0) await slow.step();
    const [gap] = slow.gaps as [Told];
    const before = slow.ids;
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(kept.length);
    expect(gap.data).toMatchObject({ from: slow.lastId, to: quick.lastId });
    quick.end();
    await reading;
    // In the order in which all were told.
    expect(quick.ids.slice(0, before.length)).toEqual(before);
    const after = await keepMany(ledger, 3);
    await slow.hear(after);
    expect(new Set(slow.ids)).toEqual(new Set([...before, ...after]));
    const again = await Client.open(feed, gap.data["from"] as string);
    await again.hear([...kept.filter((id) => !before.includes(id)), ...after]);
    expect(again.gaps).toEqual([]);
    for (const client of [slow, again]) client.end();
  });

  test("without readers the ledger is asked nothing", async () => {
    const { ledger } = await opened();
    let asked = 0;
    const counted = new Proxy(ledger, {
      get: (target, member) => {
        if (member === "chainHeads" || member === "chainEntries") asked += 1;
        const value = Reflect.get(target, member, target) as unknown;
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const feed = feedOver(counted);
    const client = await Client.open(feed);
    await client.hear([await keep(ledger)]);
    client.end();
    await new Promise((resume) => setImmediate(resume));
    const before = asked;
    await keepMany(ledger, 100);
    expect(asked).toBe(before);
    expect(feed.readers).toBe(0);
  });

  test("a reset is told, and what is kept after it, though the chain has come as far again", async () => {
    const { ledger } = await opened();
    const feed = feedOver(ledger, 60_000);
    const before = await keepMany(ledger, 3);
    const client = await Client.open(feed);
    await ledger.reset(newCall(), () => []);
    const after = await keepMany(ledger, 40);
    // The next look is made by hand, so that all of it lies between two looks.
    await feed.look();
    await feed.look();
    await client.hear(after);
    // In PostgreSQL the chains go on over a reset, so that nothing of what is there is missed.
    expect(client.gaps).toHaveLength(store === "in PostgreSQL" ? 0 : 1);
    expect(client.ids).not.toContain(before[0]);
    client.end();
  });
});

testOfPostgres()(
  "in PostgreSQL, of two nodes: what the other keeps is told, and who comes back to the other misses nothing",
  async () => {
    const database = await newDatabase();
    closing.push(() => database.remove());
    const nodes = [await openAt(database.url, {}, { lanes: 2 }), await openAt(database.url, {}, { lanes: 2 })] as const;
    for (const { ledger } of nodes) closing.push(() => ledger.close());
    const feeds = nodes.map(({ ledger }) => feedOver(ledger)) as [ActivityFeed, ActivityFeed];
    const random = seededRandom("activity of two nodes");
    const kept: string[] = [];
    const heard = new Set<string>();
    let client = await Client.open(feeds[0]);
    for (let round = 0; round < 20; round += 1) {
      const ids = await Promise.all(nodes.map(({ ledger }) => keepMany(ledger, random.whole(1, 40))));
      kept.push(...ids.flat());
      await client.step();
      for (const id of client.ids) heard.add(id);
      const { lastId } = client;
      if (lastId === undefined || random.whole(0, 2) > 0) continue;
      client.end();
      client = await Client.open(feeds[random.whole(0, 1)] as ActivityFeed, lastId);
    }
    await client.hear(kept.filter((id) => !heard.has(id)));
    for (const id of client.ids) heard.add(id);
    expect(kept.filter((id) => !heard.has(id))).toEqual([]);
    expect(client.gaps).toEqual([]);
  },
);

test("for a reader that comes back to large entries, and reads no further, few of them are held", async () => {
  const store = await ledgerInMemory();
  closing.push(() => store.remove());
  const first = await keep(store.ledger);
  for (let n = 0; n < 20; n += 1) {
    const records = Array.from({ length: 1_000 }, (_, i) => sent({ dimension: `large ${n} ${i}` }));
    await store.ledger.transact(meter(records));
  }
  let rows = 0;
  const counted = new Proxy(store.ledger, {
    get: (target, member) => {
      const value = Reflect.get(target, member, target) as unknown;
      if (typeof value !== "function") return value;
      if (member !== "chainEntries") return value.bind(target) as unknown;
      return async (...asked: Parameters<Ledger["chainEntries"]>): ReturnType<Ledger["chainEntries"]> => {
        const found = await target.chainEntries(...asked);
        rows += found.length;
        return found;
      };
    },
  });
  const feed = feedOver(counted, 60_000);
  const entry = await store.ledger.entry(first);
  const reader = await feed.open({}, parseEventId(`${entry?.atMs}/${first}/${EMBEDDED_LANE}:1`));
  const before = rows;
  expect((await reader?.next())?.length).toBeGreaterThan(10_000);
  expect(rows - before).toBeLessThanOrEqual(2);
  reader?.end();
});

test("a reader that has more entries before it than are told at once goes on from now, and is told", async () => {
  const store = await ledgerInMemory();
  closing.push(() => store.remove());
  const feed = feedOver(store.ledger, 60_000);
  const client = await Client.open(feed);
  const kept = await keepMany(store.ledger, 8_300);
  await feed.look();
  while (client.gaps.length === 0) await client.step();
  const [gap] = client.gaps as [Told];
  expect(client.ids).toEqual([]);
  expect(gap.data["to"]).toContain(kept.at(-1));
  const [after] = await keepMany(store.ledger, 1);
  await feed.look();
  await client.hear([after as string]);
  expect(client.ids).toEqual([after]);
});

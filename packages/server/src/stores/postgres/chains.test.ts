/** The chains of several nodes: how verification finds changes made in the database itself, and what expiry leaves. */
import { describe, expect, onTestFinished, beforeEach } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { START_MS } from "../../../testing/contract/ledger-under-test.ts";
import { keptIds, look, meter, moveClockTo, newCall, sent } from "../../../testing/contract/works.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { KnownLaneHead } from "../../ledger/verification.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";

const test = testOfPostgres();

const DAY_MS = 86_400_000;

let database: TestDatabase;
let nodes: readonly [Ledger, Ledger];
beforeEach(async () => {
  database = await newDatabase();
  nodes = [await node(), await node()];
  onTestFinished(async () => {
    await Promise.all(nodes.map((ledger) => ledger.close()));
    await database.remove();
  });
});

async function node(): Promise<Ledger> {
  return (await openAt(database.url, { wallMs: () => START_MS }, { lanes: 2 })).ledger;
}

/** Each node writes this many entries on a lane of its own; answers the heads that are known then. */
async function write(prefix: string, each = 3): Promise<KnownLaneHead[]> {
  for (let i = 0; i < each; i += 1) {
    await nodes[0].transact(meter([sent({ dimension: `${prefix} ${i} one` })]));
    await nodes[1].transact(meter([sent({ dimension: `${prefix} ${i} other` })]));
  }
  return (await nodes[0].chainHeads()).map((head) => ({ ...head, source: "the test" }));
}

async function disagreement(known: readonly KnownLaneHead[] = []): Promise<string | undefined> {
  const found = await Promise.all(nodes.map((ledger) => ledger.verifyChains(known)));
  expect(found[0]).toEqual(found[1]);
  return found[0]?.disagreement;
}

describe("somebody who is at the database is found:", () => {
  test.each<readonly [string, string, RegExp]>([
    ["an entry that is changed", "UPDATE entry SET body = body || ' ' WHERE seq = 2 AND lane = 2", /^Lane 2: Entry 2 /],
    ["one that is taken out", "DELETE FROM entry WHERE seq = 2 AND lane = 1", /^Lane 1: Entry 2 is missing/],
    ["an end that is cut off", "DELETE FROM entry WHERE seq = 3 AND lane = 1", /^Lane 1: The ledger ends at entry 2/],
    ["one put into another lane", "UPDATE entry SET lane = 1, seq = 4 WHERE seq = 3 AND lane = 2", /^Lane 1: Entry 4 /],
    ["one put into no lane", "UPDATE entry SET lane = 9 WHERE seq = 3 AND lane = 2", /^Lane 2: The ledger ends at/],
    [
      "one that is found under another account",
      "UPDATE entry SET account = '1' WHERE lane = 1",
      /^Lane 1: Entry 1 is found/,
    ],
    [
      "a lane that is taken away",
      "DELETE FROM entry WHERE lane = 2; DELETE FROM lane WHERE number = 2",
      /^There is no lane 2/,
    ],
    ["an entry of a lane that there is not", "DELETE FROM lane WHERE number = 2", /^There is no lane 2/],
  ])("%s", async (_what, sql, expected) => {
    const known = await write("a");
    expect(await disagreement(known)).toBeUndefined();
    await database.query(`SET search_path = countinghouse; ${sql}`);
    expect(await disagreement(known)).toMatch(expected);
  });

  test("entries that are in no lane, where nothing else is known", async () => {
    await write("a");
    await database.query("DELETE FROM countinghouse.lane WHERE number = 2");
    expect(await disagreement()).toBe("There are entries of lane 2, and there is no such lane.");
  });
});

test("a text that PostgreSQL cannot hold is found under another, and that is no disagreement", async () => {
  await nodes[0].transact(look(() => undefined, { ...newCall(), principal: "a\0b\uD800" }));
  expect(await disagreement()).toBeUndefined();
});

test("more entries than one page are followed", async () => {
  await Promise.all(Array.from({ length: 450 }, () => nodes[0].transact(look(() => undefined))));
  expect(await nodes[1].verifyChains([])).toMatchObject({ entries: 450, disagreement: undefined });
});

test("what any node has noted stays true over a reset by another", async () => {
  const known = await write("a");
  await nodes[1].reset(newCall(), () => []);
  expect(await disagreement(known)).toBeUndefined();
  expect(await nodes[0].keptSince()).toBeUndefined();
  const later = await write("b");
  expect(await disagreement([...known, ...later])).toBeUndefined();
});

describe("what is older than it is to be kept", () => {
  test("goes, with its records, in every lane; it is said, and the chains stay whole", async () => {
    const old = await write("old", 130);
    await nodes[0].transact(moveClockTo(START_MS + DAY_MS));
    const recent = await write("recent", 2);
    const ids = await keptIds(nodes[0]);
    expect(await nodes[0].keptSince()).toBeUndefined();

    expect(await nodes[1].expire(newCall, START_MS + DAY_MS)).toBe(261);
    expect(await keptIds(nodes[0])).toHaveLength(4);
    expect(ids).toEqual(expect.arrayContaining(await keptIds(nodes[0])));
    expect(await nodes[0].keptSince()).toBe(START_MS + DAY_MS);
    expect(await disagreement([...old, ...recent])).toBeUndefined();
    const { items } = await nodes[0].events({ operations: ["BatchMeterUsage"], order: "newest", limit: 10 });
    const said = items.flatMap(({ event }) => (event.kind === "entries-expired" ? [event] : []));
    expect(said.reduce((sum, { count }) => sum + count, 0)).toBe(261);
    expect(new Set(said.map(({ through }) => through.lane))).toEqual(new Set(["1", "2"]));

    expect(await nodes[1].expire(newCall, START_MS + DAY_MS)).toBe(0);
    await database.query(
      "UPDATE countinghouse.entry SET seq = 1 WHERE lane = 2 AND request_id = (SELECT max(request_id::text)::uuid FROM countinghouse.entry WHERE lane = 2)",
    );
    expect(await disagreement()).toMatch(/^Lane 2: Entry \d+ is missing/);
    await database.query("UPDATE countinghouse.lane SET base_seq = base_seq - 1 WHERE number = 1");
    expect(await disagreement()).toMatch(/^Lane 1: Entry \d+ is missing/);
  });

  test("goes once, whoever asks for it at the same time; and metering goes on", async () => {
    await write("old", 130);
    await nodes[0].transact(moveClockTo(START_MS + DAY_MS));
    const [one, other, recent] = await Promise.all([
      nodes[0].expire(newCall, START_MS + DAY_MS),
      nodes[1].expire(newCall, START_MS + DAY_MS),
      write("recent", 20),
    ]);
    // Where the second expiry began after the first had ended, it found nothing left to remove.
    expect(one + other).toBe(261);
    expect(await keptIds(nodes[0])).toHaveLength(40);
    expect(await disagreement(recent)).toBeUndefined();
  });

  test("does not go from under a group that has read it", async () => {
    await write("old");
    await nodes[0].transact(moveClockTo(START_MS + DAY_MS));
    const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const beforeCommit = (): Promise<void> => {
      reached.resolve();
      return held.promise;
    };
    const { ledger } = await openAt(database.url, { wallMs: () => START_MS, beforeCommit }, { lanes: 1 });
    onTestFinished(() => ledger.close());
    const asked = ledger.transact({ ...look(({ kept }) => kept), keys: [sent({ dimension: "old 0 one" }).key] });
    await reached.promise;
    const removed = nodes[1].expire(newCall, START_MS + DAY_MS);
    const waiting = `SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
      WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`;
    await expect.poll(() => database.query(waiting)).toHaveLength(1);
    held.resolve();
    expect(await asked).toEqual([expect.objectContaining({ meteringRecordId: expect.any(String) as string })]);
    expect(await removed).toBe(7);
  });

  test("can be sent again after: its key is free", async () => {
    const again = sent({ dimension: "again" });
    await nodes[0].transact(meter([again]));
    await nodes[0].transact(moveClockTo(START_MS + DAY_MS));
    await nodes[1].expire(newCall, START_MS + DAY_MS);
    expect(await nodes[0].transact(meter([again]))).toMatchObject([{ kept: undefined }]);
  });
});

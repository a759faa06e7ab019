/** What becomes of a commit whose connection is lost, and of two nodes that race. */
import { HOUR_MS } from "@countinghouse/protocol";
import { beforeEach, describe, expect, onTestFinished } from "vitest";
import { CuttingProxy, type Cut } from "../../../../../../test/support/postgres/cutting-proxy.ts";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../../test/support/postgres/database.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import {
  accountChange,
  keptIds,
  look,
  meter,
  moveClockTo,
  newCall,
  put,
  sent,
} from "../../../../testing/contract/works.ts";
import { FaultError } from "../../../ledger/ledger.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";
import type { PostgresLedger } from "../postgres-ledger.ts";
import type { ServiceClock } from "../../../clock.ts";

const test = testOfPostgres();

let database: TestDatabase;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
});

interface Node {
  readonly ledger: PostgresLedger;
  readonly clock: ServiceClock;
}

async function node(url = database.url, lanes = 4): Promise<Node> {
  const opened = await openAt(url, { wallMs: () => START_MS }, { lanes });
  onTestFinished(() => opened.ledger.close());
  return opened;
}

/** A node whose connection the test can cut at a commit. */
async function cutNode(): Promise<Node & { readonly proxy: CuttingProxy }> {
  const { proxy, url } = await CuttingProxy.before(database.url);
  onTestFinished(() => proxy.close());
  return { ...(await node(url, 1)), proxy };
}

describe("a connection that is lost at the commit", () => {
  test.each<Cut>(["before", "after"])(
    "%s PostgreSQL has made it: the ledger is asked, and the caller is told what is so (Rule K4)",
    async (cut) => {
      const { ledger, proxy } = await cutNode();
      const call = newCall();
      proxy.cutNextCommit(cut);
      const [metered] = await ledger.transact(meter([sent()], call));
      expect(proxy.cuts).toBe(1);
      expect(metered?.kept).toBeUndefined();
      expect(await keptIds(ledger)).toEqual([metered?.id]);
      expect(await ledger.entry(call.requestId)).toMatchObject({ call });
      const [again] = await ledger.transact(meter([sent()]));
      expect(again?.id).toBe(metered?.id);
    },
  );

  test.each([true, false])(
    "and whose lane another node has been leased and has gone on with: the chain says what became of it (committed: %s)",
    async (isCommitted) => {
      const { ledger, proxy } = await cutNode();
      await ledger.transact(meter([sent({ dimension: "first" })]));
      const other = await node(database.url, 4);
      // The other node leases the lane as soon as it is free, and writes to it before the first node asks.
      proxy.holdNextConnection();
      proxy.cutNextCommit(isCommitted ? "after" : "before");
      const answered = ledger.transact(meter([sent()]));
      await expect.poll(() => proxy.cuts).toBe(1);
      await expect
        .poll(async () => {
          await other.ledger.transact(meter([sent({ dimension: `${Math.random()}` })]));
          const [lane] = await database.query("SELECT seq FROM countinghouse.lane WHERE number = 1");
          return Number(lane?.["seq"]);
        })
        .toBeGreaterThan(isCommitted ? 2 : 1);
      proxy.letConnect();
      const [metered] = await answered;
      const [again] = await other.ledger.transact(meter([sent()]));
      expect(again).toMatchObject({ id: metered?.id, kept: {} });
      expect(await ledger.verifyChains([])).toMatchObject({ disagreement: undefined });
      expect(ledger.defect).toBeUndefined();
    },
  );

  test.each<Cut>(["before", "after"])("%s a change of the catalogue: it is there once, and seen", async (cut) => {
    const { ledger, clock, proxy } = await cutNode();
    proxy.cutNextCommit(cut);
    await ledger.transact(put([accountChange("444455556666")]));
    expect(ledger.catalogue.account("444455556666")).toBeDefined();
    proxy.cutNextCommit(cut);
    await ledger.transact(moveClockTo(START_MS + HOUR_MS));
    expect(clock.nowMs()).toBe(START_MS + HOUR_MS);
    expect(proxy.cuts).toBe(2);
    expect(await database.query("SELECT version FROM countinghouse.state")).toEqual([{ version: "3" }]);
  });

  test("for good: its caller is told of a fault in bounded time, and what is sent again is kept once", async () => {
    const { ledger, proxy } = await cutNode();
    const other = await node();
    proxy.cutNextCommit("for good");
    await expect(ledger.transact(meter([sent()]))).rejects.toThrow(FaultError);
    await expect.poll(() => ledger.unavailable).toBeDefined();
    const [again] = await other.ledger.transact(meter([sent()]));
    expect(again?.kept?.meteringRecordId).toBe(again?.id);
    expect(await keptIds(other.ledger)).toEqual([again?.id]);
  });
});

test("a group that another of its product overtakes is decided again, and finds what that one kept (Rule K4)", async () => {
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let commits = 0;
  const beforeCommit = (): Promise<void> => {
    commits += 1;
    if (commits > 1) return Promise.resolve();
    reached.resolve();
    return held.promise;
  };
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS, beforeCommit });
  onTestFinished(() => ledger.close());
  const batch = Array.from({ length: 10 }, (_, i) => sent({ dimension: `${i}` }));
  const overtaken = ledger.transact(meter(batch.toReversed()));
  await reached.promise;
  // Enough works for a second group to be begun beside the first.
  const answers = await Promise.all(Array.from({ length: 40 }, () => ledger.transact(meter(batch))));
  held.resolve();
  const again = await overtaken;
  expect(again.every(({ kept }) => kept !== undefined)).toBe(true);
  const winners = [...answers, again.toReversed()].map((answer) => JSON.stringify(answer.map(({ id }) => id)));
  expect(new Set(winners).size).toBe(1);
  expect(await keptIds(ledger)).toHaveLength(10);
  expect(await ledger.verifyChains([])).toMatchObject({ entries: 41, disagreement: undefined });
});

describe("two nodes", () => {
  test("racing with the same keys, in any order, are told the same winner of each (Rule K4)", async () => {
    const nodes = [await node(), await node()];
    for (let race = 0; race < 20; race += 1) {
      const batch = Array.from({ length: 10 }, (_, i) => sent({ dimension: `${race} ${i}` }));
      const answers = await Promise.all(
        nodes.flatMap(({ ledger }) => [ledger.transact(meter(batch)), ledger.transact(meter(batch.toReversed()))]),
      );
      const winners = answers.map((answer, i) => (i % 2 === 0 ? answer : answer.toReversed()).map(({ id }) => id));
      expect(new Set(winners.map((ids) => JSON.stringify(ids))).size).toBe(1);
      expect(answers.flat().filter(({ kept }) => kept === undefined)).toHaveLength(10);
    }
    expect(await keptIds((nodes[0] as Node).ledger)).toHaveLength(200);
  });

  test("see what the other kept, also in a group of new records that looks at one and accepts nothing for it", async () => {
    const [one, other] = [await node(), await node()];
    const known = sent();
    const [kept] = await one.ledger.transact(meter([known]));
    const answers = await Promise.all([
      other.ledger.transact(meter([sent({ dimension: "new" })])),
      other.ledger.transact({ ...look(({ kept: [found] }) => found?.meteringRecordId), keys: [known.key] }),
    ]);
    expect(answers).toEqual([[expect.objectContaining({ kept: undefined })], kept?.id]);
  });

  test("decide by the newest catalogue and clock, whoever changed them", async () => {
    const [one, other] = [await node(), await node()];
    const see = (): Promise<unknown> =>
      other.ledger.transact(look(({ catalogue, nowMs }) => [catalogue.account("444455556666")?.title, nowMs]));
    for (let change = 1; change <= 10; change += 1) {
      const title = `changed ${change} times`;
      await one.ledger.transact(put([accountChange("444455556666", { title })]));
      await one.ledger.transact(moveClockTo(START_MS + change));
      expect(await see()).toEqual([title, START_MS + change]);
    }
  });

  test("learn what the other changed without being asked anything", async () => {
    const [one, other] = [await node(), await node()];
    await one.ledger.transact(put([accountChange("444455556666")]));
    await expect.poll(() => other.ledger.catalogue.account("444455556666")).toBeDefined();
    await one.ledger.reset(newCall(), () => []);
    await expect.poll(() => other.ledger.catalogue.account("444455556666")).toBeUndefined();
  });

  test("change the catalogue at the same time: no change is lost", async () => {
    const nodes = [await node(), await node()];
    const ids = Array.from({ length: 20 }, (_, i) => `${100_000_000_000 + i}`);
    await Promise.all(ids.map((id, i) => (nodes[i % 2] as Node).ledger.transact(put([accountChange(id)]))));
    const third = await node();
    expect(third.ledger.catalogue.list("account")).toHaveLength(20);
  });
});

test("a text that PostgreSQL cannot hold is looked up, searched for and refused without a fault", async () => {
  const { ledger } = await node();
  const call = { ...newCall(), principal: "a\0b\uD800" };
  expect(await ledger.transact(look(() => "seen", call))).toBe("seen");
  expect(await ledger.entry(call.requestId)).toMatchObject({ call });
  const { items } = await ledger.events({ principals: [call.principal], order: "newest", limit: 10 });
  expect(items).toHaveLength(1);
  const odd = sent({ dimension: "g\0b" });
  expect(await ledger.transact({ ...look(({ kept }) => kept), keys: [odd.key] })).toEqual([undefined]);
  const page = await ledger.meteringRecords({ fromHour: 0, toHour: 1, dimension: "\uD800", limit: 10 });
  expect(page.items).toEqual([]);
});

test("a database that was set back is believed, not the node's memory of it", async () => {
  const { ledger } = await node();
  await ledger.transact(put([accountChange("444455556666")]));
  await database.query("DELETE FROM countinghouse.catalogue; UPDATE countinghouse.state SET version = version - 1");
  expect(await ledger.transact(look(({ catalogue }) => catalogue.account("444455556666")))).toBeUndefined();
});

test("a lane is leased again once its connection has gone, so that chains do not multiply", async () => {
  for (let start = 0; start < 3; start += 1) {
    const { ledger } = await openAt(database.url, { wallMs: () => START_MS });
    await ledger.transact(meter([sent({ dimension: `${start}` })]));
    await ledger.close();
  }
  expect(await database.query("SELECT number, seq FROM countinghouse.lane")).toEqual([{ number: 1, seq: "3" }]);
});

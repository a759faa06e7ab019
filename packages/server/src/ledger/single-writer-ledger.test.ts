import { ruleSets } from "@countinghouse/protocol";
import { expect, test, vi } from "vitest";
import { manualClock } from "../clock.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import {
  EVERYTHING,
  accountChange,
  keptIds,
  look,
  meter,
  meterBlindly,
  newCall,
  put,
  sent,
  type Metered,
} from "../../testing/contract/works.ts";
import type { MeteringRecordKey } from "../domain/metering/metering-record.ts";
import type { Engine, Found, FoundPage, RecordPointer, StagedGroup } from "./engine.ts";
import { DefectError, FaultError, type MeteringRecordQuery } from "./ledger.ts";
import { SingleWriterLedger, type SingleWriterOptions } from "./single-writer-ledger.ts";

const SETTINGS: SingleWriterOptions = {
  clock: manualClock(START_MS),
  ruleSet: ruleSets.classic,
  queuedMax: 10,
  groupMax: 10,
  schedule: setImmediate,
  monotonicMs: () => performance.now(),
};

function ledgerOver(engine: Engine, over: Partial<SingleWriterOptions> = {}): SingleWriterLedger {
  return new SingleWriterLedger(engine, engine.load(), { ...SETTINGS, ...over });
}

test("commits once for all that has arrived, and tells of each group that was committed, not of one that failed", async () => {
  const seen: unknown[] = [];
  let failing = false;
  const engine = new MemoryEngine();
  let scheduled = 0;
  const ledger = ledgerOver(engine, {
    schedule: (run) => {
      scheduled += 1;
      setImmediate(run);
    },
    aroundCommit: async (commit) => {
      seen.push("commit");
      if (failing) throw new Error("disk full");
      await commit();
    },
    onCommitted: (group) => seen.push(group),
  });
  const arrived = [
    ledger.transact(meter(["a", "b"].map((dimension) => sent({ dimension })))),
    ledger.transact(meter(["b", "c"].map((dimension) => sent({ dimension })))),
    ledger.transact(look(() => undefined)),
  ];
  expect([scheduled, seen]).toEqual([1, []]);
  await Promise.all(arrived);
  expect(seen).toEqual(["commit", { works: 3, records: 3 }]);

  failing = true;
  const failed = ledger.transact(look(() => undefined));
  await expect(failed).rejects.toThrow("disk full");
  expect(seen.slice(2)).toEqual(["commit"]);
});

/** A store that has lost its entries but still has their records. */
class Forgetful extends MemoryEngine {
  override async list(query: MeteringRecordQuery): Promise<FoundPage> {
    return { ...(await super.list(query)), entries: new Map() };
  }
}

test("a reader who finds that the ledger contradicts itself stops all writing, too", async () => {
  const engine = new Forgetful();
  const ledger = ledgerOver(engine);
  await ledger.transact(meter([sent()]));
  await expect(ledger.meteringRecords(EVERYTHING)).rejects.toThrow(DefectError);
  await expect(ledger.transact(look(() => undefined))).rejects.toBe(ledger.defect);
});

/** A store that finds by itself that it cannot write any more. */
class Ending extends MemoryEngine {
  end: (defect: DefectError) => void = () => {};
  commits = 0;

  override commit(group: StagedGroup): Promise<void> {
    this.commits += 1;
    return super.commit(group);
  }

  override async find(keys: readonly MeteringRecordKey[]): Promise<Found<RecordPointer | undefined>> {
    const found = await super.find(keys);
    this.whileFinding();
    return found;
  }

  whileFinding = (): void => {};

  override onDefect(listener: (defect: DefectError) => void): void {
    this.end = listener;
  }
}

test.each([
  ["while work gathers", false],
  ["while work is looked up", true],
])("a defect that shows itself %s stops all writing, that work's included", async (_when, finding) => {
  const engine = new Ending();
  const ledger = ledgerOver(engine);
  const defect = new DefectError("ended");
  const waiting = ledger.transact(look(() => undefined));
  if (finding) engine.whileFinding = () => engine.end(defect);
  else engine.end(defect);
  await expect(waiting).rejects.toBe(defect);
  expect([ledger.defect, engine.commits]).toEqual([defect, 0]);
  await expect(ledger.transact(look(() => undefined))).rejects.toBe(defect);
  await ledger.close();
});

/** A store in which the test lets each commit succeed or fail. */
class Gated extends MemoryEngine {
  readonly commits: { readonly let: () => void; readonly fail: (error: Error) => void }[] = [];
  end: (defect: DefectError) => void = () => {};

  override async commit(group: StagedGroup): Promise<void> {
    await new Promise<void>((resolve, reject) => this.commits.push({ let: resolve, fail: reject }));
    await super.commit(group);
  }

  override onDefect(listener: (defect: DefectError) => void): void {
    this.end = listener;
  }
}

/** Two callers with the same key: the first caller's group is being written, the second one's has been decided. */
async function twoGroups(): Promise<{
  readonly engine: Gated;
  readonly ledger: SingleWriterLedger;
  readonly first: Promise<Metered[]>;
  readonly second: Promise<Metered[]>;
}> {
  const engine = new Gated();
  const ledger = ledgerOver(engine);
  const first = ledger.transact(meter([sent()]));
  await vi.waitUntil(() => engine.commits.length === 1);
  let decisions = 0;
  const again = meter([sent(), sent({ dimension: "other" })]);
  const second = ledger.transact({
    ...again,
    decide: (facts) => {
      decisions += 1;
      return again.decide(facts);
    },
  });
  await vi.waitUntil(() => decisions === 1);
  return { engine, ledger, first, second };
}

test("while a group is written the next is decided, and knows what that one accepted", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  expect([engine.commits.length, ledger.queued]).toEqual([1, 2]);
  engine.commits[0]?.let();
  const [kept] = await first;
  await vi.waitUntil(() => engine.commits.length === 2);
  engine.commits[1]?.let();
  const [replay, other] = await second;
  expect([replay?.id, replay?.kept?.meteringRecordId, other?.kept]).toEqual([kept?.id, kept?.id, undefined]);
  expect(await keptIds(ledger)).toEqual([kept?.id, other?.id]);
  expect(ledger.queued).toBe(0);
});

test("where a group fails, what was decided with it in mind is decided again", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  engine.commits[0]?.fail(new Error("disk full"));
  await expect(first).rejects.toThrow("disk full");
  await vi.waitUntil(() => engine.commits.length === 2);
  engine.commits[1]?.let();
  const metered = await second;
  expect(metered.map(({ kept }) => kept)).toEqual([undefined, undefined]);
  expect(await keptIds(ledger)).toEqual(metered.map(({ id }) => id));
});

test("closing waits for the group that is written, and for the one that gathers", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  const closed = ledger.close();
  engine.commits[0]?.let();
  await vi.waitUntil(() => engine.commits.length === 2);
  engine.commits[1]?.let();
  await closed;
  expect([await first, await second].flat()).toHaveLength(3);
});

test("a defect that shows itself while a group is written takes the one with it that gathers", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  const defect = new DefectError("ended");
  const closed = ledger.close();
  engine.end(defect);
  await expect(second).rejects.toBe(defect);
  engine.commits[0]?.fail(defect);
  await expect(first).rejects.toBe(defect);
  await closed;
  expect(engine.commits).toHaveLength(1);
});

test("a change of the catalogue is committed before anything after it is decided", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  const change = ledger.transact(put([accountChange("111122223333")]));
  const seen = ledger.transact(look(({ catalogue }) => catalogue.account("111122223333")?.id));
  // Gives the ledger time to take the work in.
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (let i = 0; i < 3; i += 1) {
    await vi.waitUntil(() => engine.commits.length === i + 1);
    engine.commits[i]?.let();
  }
  await Promise.all([first, second, change]);
  expect(await seen).toBe("111122223333");
});

test("what has to wait for a change of the catalogue is not looked up meanwhile", async () => {
  const { engine, ledger, first, second } = await twoGroups();
  const change = ledger.transact(put([accountChange("111122223333")]));
  await vi.waitUntil(() => ledger.queued === 3);
  let lookUps = 0;
  const find = engine.find.bind(engine);
  engine.find = (keys) => {
    lookUps += 1;
    return find(keys);
  };
  const waiting = ledger.transact(look(({ catalogue }) => catalogue.account("111122223333")?.id));
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  // At most one look-up for the change itself, and one for the work that came with it.
  const before = lookUps;
  expect(before).toBeLessThanOrEqual(2);
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
  expect(lookUps).toBe(before);
  for (let i = 0; i < 3; i += 1) {
    await vi.waitUntil(() => engine.commits.length === i + 1);
    engine.commits[i]?.let();
  }
  await Promise.all([first, second, change]);
  expect(await waiting).toBe("111122223333");
});

/** A store whose disk is full for as long as the test says so. It counts the commits that were tried. */
class Full extends MemoryEngine {
  isFull = false;
  probes = 0;
  held: Promise<void> | undefined;

  override async commit(group: StagedGroup): Promise<void> {
    if (this.isFull) throw new FaultError("no space left", undefined);
    await super.commit(group);
  }

  override async probe(): Promise<void> {
    this.probes += 1;
    await this.held;
    if (this.isFull) throw new FaultError("no space left", undefined);
  }
}

test("a ledger that could commit nothing for seconds is unavailable, until a commit is made, be it by a probe", async () => {
  const at = { ms: 0 };
  const engine = new Full();
  const ledger = ledgerOver(engine, { monotonicMs: () => at.ms });
  await ledger.transact(look(() => true));
  at.ms += 60_000;
  await ledger.probe();
  expect([ledger.unavailable, engine.probes], "nothing is tried while all is well").toEqual([undefined, 0]);

  engine.isFull = true;
  await expect(ledger.transact(look(() => true))).rejects.toThrow(FaultError);
  at.ms += 4_999;
  await ledger.probe();
  expect([ledger.unavailable, engine.probes]).toEqual([undefined, 1]);
  at.ms += 1;
  expect(ledger.unavailable).toBe("nothing could be committed for 5 seconds. no space left");
  await ledger.probe();
  expect(engine.probes, "not more than one a second").toBe(1);

  engine.isFull = false;
  at.ms += 1_000;
  const { entries } = await ledger.verifyChains([]);
  await ledger.probe();
  expect([ledger.unavailable, engine.probes]).toEqual([undefined, 2]);
  expect(await ledger.verifyChains([])).toMatchObject({ entries });
});

test("work that comes while a probe is under way is written after it, and closing waits for both", async () => {
  const at = { ms: 0 };
  const engine = new Full();
  const ledger = ledgerOver(engine, { monotonicMs: () => at.ms });
  engine.isFull = true;
  await expect(ledger.transact(look(() => true))).rejects.toThrow(FaultError);
  engine.isFull = false;
  at.ms += 6_000;
  const probe = Promise.withResolvers<void>();
  engine.held = probe.promise;
  const probed = ledger.probe();
  const done: string[] = [];
  const works = [ledger.transact(meter([sent()])), ledger.transact(look(() => true))];
  const closed = Promise.all([
    ...works.map((work) => work.then(() => done.push("work"))),
    ledger.close().then(() => done.push("closed")),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(done).toEqual([]);
  probe.resolve();
  await Promise.all([probed, closed]);
  expect(done).toEqual(["work", "work", "closed"]);
});

const inTrouble = async (): Promise<{ engine: Full; ledger: SingleWriterLedger }> => {
  const at = { ms: 0 };
  const engine = new Full();
  const ledger = ledgerOver(engine, { monotonicMs: () => at.ms });
  engine.isFull = true;
  await expect(ledger.transact(look(() => true))).rejects.toThrow(FaultError);
  engine.isFull = false;
  at.ms += 6_000;
  return { engine, ledger };
};

test("nothing is probed while a probe is under way, while work is queued, or when nothing may be written any more", async () => {
  const probing = await inTrouble();
  const probe = Promise.withResolvers<void>();
  probing.engine.held = probe.promise;
  const probes = [probing.ledger.probe(), probing.ledger.probe()];
  probe.resolve();
  await Promise.all(probes);
  expect(probing.engine.probes).toBe(1);

  const busy = await inTrouble();
  const work = busy.ledger.transact(look(() => true));
  await busy.ledger.probe();
  expect(busy.engine.probes).toBe(0);
  await work;

  const closed = await inTrouble();
  await closed.ledger.close();
  await closed.ledger.probe();
  expect(closed.engine.probes).toBe(0);

  const stopped = await inTrouble();
  await expect(
    stopped.ledger.transact({
      ...meter([sent(), sent()]),
      decide: (facts) => meterBlindly([sent(), sent()]).decide(facts),
    }),
  ).rejects.toThrow(DefectError);
  await stopped.ledger.probe();
  expect(stopped.engine.probes).toBe(0);
});

test("work is queued while it is looked up, too", async () => {
  const engine = new Ending();
  const ledger = ledgerOver(engine);
  const queued: number[] = [];
  engine.whileFinding = () => queued.push(ledger.queued);
  await Promise.all([ledger.transact(meter([sent()])), ledger.transact(look(() => true))]);
  expect([...queued, ledger.queued]).toEqual([2, 0]);
});

test("a clock behind the newest entry decides where that was accepted; entries never go back", async () => {
  for (const [acceptNewestAhead, nowMs] of [
    [true, START_MS],
    [false, START_MS + 5_000],
  ] as const) {
    const engine = new MemoryEngine();
    const loaded = { ...engine.load(), newestAtMs: START_MS + 5_000 };
    const ledger = new SingleWriterLedger(engine, loaded, { ...SETTINGS, acceptNewestAhead });
    const call = newCall();
    expect(await ledger.transact(look((facts) => facts.nowMs, call))).toBe(nowMs);
    expect((await ledger.entry(call.requestId))?.atMs).toBe(START_MS + 5_000);
  }
});

test("a decision that throws is no standstill", async () => {
  const at = { ms: 0 };
  const ledger = ledgerOver(new MemoryEngine(), { monotonicMs: () => at.ms });
  const wrong = look(() => {
    throw new Error("a mistake of ours");
  });
  await expect(ledger.transact(wrong)).rejects.toThrow("a mistake of ours");
  await new Promise(setImmediate);
  at.ms += 60_000;
  expect(ledger.unavailable).toBeUndefined();
});

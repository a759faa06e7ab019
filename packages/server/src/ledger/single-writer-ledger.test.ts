import { ruleSets } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import { manualClock } from "../clock.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { START_MS } from "./contract/ledger-under-test.ts";
import { EVERYTHING, look, meter, sent } from "./contract/works.ts";
import type { MeteringRecordKey } from "../domain/metering-record.ts";
import type { Found, FoundPage, RecordPointer, StagedGroup } from "./engine.ts";
import { DefectError, type MeteringRecordQuery } from "./ledger.ts";
import { SingleWriterLedger } from "./single-writer-ledger.ts";

test("commits once for all that has arrived, and tells of each group that was committed, not of one that failed", async () => {
  const seen: unknown[] = [];
  let failing = false;
  const engine = new MemoryEngine();
  let scheduled = 0;
  const ledger = new SingleWriterLedger(engine, engine.load(), {
    clock: manualClock(START_MS),
    ruleSet: ruleSets.classic,
    queuedMax: 10,
    groupMax: 10,
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

/** A store that has lost its entries, while their records are there. */
class Forgetful extends MemoryEngine {
  override async list(query: MeteringRecordQuery): Promise<FoundPage> {
    return { ...(await super.list(query)), entries: new Map() };
  }
}

test("a reader who finds that the ledger contradicts itself stops all writing, too", async () => {
  const engine = new Forgetful();
  const ledger = new SingleWriterLedger(engine, engine.load(), {
    clock: manualClock(START_MS),
    ruleSet: ruleSets.classic,
    queuedMax: 10,
    groupMax: 10,
    schedule: setImmediate,
  });
  await ledger.transact(meter([sent()]));
  await expect(ledger.meteringRecords(EVERYTHING)).rejects.toThrow(DefectError);
  await expect(ledger.transact(look(() => undefined))).rejects.toBe(ledger.defect);
});

/** A store that finds out by itself that it can write no more. */
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
  const ledger = new SingleWriterLedger(engine, engine.load(), {
    clock: manualClock(START_MS),
    ruleSet: ruleSets.classic,
    queuedMax: 10,
    groupMax: 10,
    schedule: setImmediate,
  });
  const defect = new DefectError("ended");
  const waiting = ledger.transact(look(() => undefined));
  if (finding) engine.whileFinding = () => engine.end(defect);
  else engine.end(defect);
  await expect(waiting).rejects.toBe(defect);
  expect([ledger.defect, engine.commits]).toEqual([defect, 0]);
  await expect(ledger.transact(look(() => undefined))).rejects.toBe(defect);
  await ledger.close();
});

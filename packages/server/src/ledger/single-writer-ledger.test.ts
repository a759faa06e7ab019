import { ruleSets } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import { manualClock } from "../clock.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { START_MS } from "./contract/ledger-under-test.ts";
import { EVERYTHING, look, meter, sent } from "./contract/works.ts";
import { DefectError } from "./ledger.ts";
import { SingleWriterLedger } from "./single-writer-ledger.ts";

test("commits once for all that has arrived, and tells of each group that was committed, not of one that failed", async () => {
  const seen: unknown[] = [];
  let failing = false;
  const engine = new MemoryEngine();
  const scheduled: (() => void)[] = [];
  const ledger = new SingleWriterLedger(engine, engine.load(), {
    clock: manualClock(START_MS),
    ruleSet: ruleSets.classic,
    queuedMax: 10,
    groupMax: 10,
    schedule: (run) => scheduled.push(run),
    aroundCommit: (commit) => {
      seen.push("commit");
      if (failing) throw new Error("disk full");
      commit();
    },
    onCommitted: (group) => seen.push(group),
  });
  const arrived = [
    ledger.transact(meter(["a", "b"].map((dimension) => sent({ dimension })))),
    ledger.transact(meter(["b", "c"].map((dimension) => sent({ dimension })))),
    ledger.transact(look(() => undefined)),
  ];
  expect([scheduled.length, seen]).toEqual([1, []]);
  scheduled.shift()?.();
  await Promise.all(arrived);
  expect(seen).toEqual(["commit", { works: 3, records: 3 }]);

  failing = true;
  const failed = ledger.transact(look(() => undefined));
  scheduled.shift()?.();
  await expect(failed).rejects.toThrow("disk full");
  expect(seen.slice(2)).toEqual(["commit"]);
});

/** A store that has lost its entries, while their records are there. */
class Forgetful extends MemoryEngine {
  override entry(): undefined {
    return undefined;
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

/** What a single-writer ledger holds in memory of what it has committed. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { manualClock } from "../clock.ts";
import { DEFAULTS, START_MS } from "../../testing/contract/ledger-under-test.ts";
import { meter, sent } from "../../testing/contract/works.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { SingleWriterLedger } from "./single-writer-ledger.ts";

const GROUPS = 20;
/** The newest group, the one that gathers, and one that a promise may still hold. */
const IN_USE = 3;

test("groups that are durable do not stay in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const engine = new MemoryEngine();
  const ledger = new SingleWriterLedger(engine, engine.load(), { clock: manualClock(START_MS), ...DEFAULTS });
  const works: WeakRef<object>[] = [];
  for (let i = 0; i < GROUPS; i += 1) {
    const work = meter([sent({ dimension: `gb${i}` })]);
    works.push(new WeakRef(work));
    await ledger.transact(work);
  }
  // Some of what is garbage is let go of only when the event loop has turned.
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise(setImmediate);
    collectGarbage();
  }
  const kept = works.flatMap((work, i) => (work.deref() === undefined ? [] : [i]));
  expect(kept.filter((i) => i < GROUPS - IN_USE)).toEqual([]);
  await ledger.close();
});

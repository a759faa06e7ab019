/** A single-writer ledger removes old entries, over a store that holds some. */
import { expect, test } from "vitest";
import { manualClock } from "../clock.ts";
import { DEFAULTS, START_MS } from "../../testing/contract/ledger-under-test.ts";
import { newCall } from "../../testing/contract/works.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import type { StagedGroup } from "./engine.ts";
import { encodeEntry, type EncodedEntry } from "./entry-codec.ts";
import { SingleWriterLedger } from "./single-writer-ledger.ts";

function ledgerOver(engine: MemoryEngine): SingleWriterLedger {
  return new SingleWriterLedger(engine, engine.load(), { clock: manualClock(START_MS), ...DEFAULTS });
}

/** A store that answers old entries, a few at a time. */
class Aging extends MemoryEngine {
  readonly old: EncodedEntry[][] = [];
  whileReading = (): Promise<void> => Promise.resolve();

  override async entriesBefore(): Promise<undefined> {
    const [entries] = this.old;
    await this.whileReading();
    // The memory engine's type says that it never has old entries; the port allows them.
    return (entries && { entries, through: { seq: entries.length, link: "00" } }) as undefined;
  }

  override async commit(group: StagedGroup): Promise<void> {
    if (group.expired !== undefined || group.reset) this.old.shift();
    await super.commit({ ...group, expired: undefined });
  }
}

function aging(): Aging {
  const engine = new Aging();
  const entries = [1, 2, 3].map((atMs) =>
    encodeEntry({ atMs, call: newCall(), event: { kind: "catalogue-changed", changes: [] } }),
  );
  engine.old.push(entries.slice(0, 2), entries.slice(2));
  return engine;
}

test("what is old is removed a few at a time, each time with an entry that says so", async () => {
  const ledger = ledgerOver(aging());
  expect(await ledger.expire(newCall, START_MS)).toBe(3);
  const { items } = await ledger.events({ order: "oldest", limit: 10 });
  expect(items.map(({ event }) => event.kind === "entries-expired" && event.count)).toEqual([2, 1]);
});

test("what was read of the old while the ledger was emptied is not removed by it; what is there then is", async () => {
  const engine = aging();
  const ledger = ledgerOver(engine);
  let isEmptied = false;
  engine.whileReading = async () => {
    if (isEmptied) return;
    isEmptied = true;
    await ledger.reset(newCall(), () => []);
  };
  expect(await ledger.expire(newCall, START_MS)).toBe(1);
});

test("what two remove at once is removed once", async () => {
  const ledger = ledgerOver(aging());
  const removed = await Promise.all([1, 2].map(() => ledger.expire(newCall, START_MS)));
  expect((removed[0] as number) + (removed[1] as number)).toBe(3);
});

import { describe, expect, test } from "vitest";
import type { MeteringRecordKey } from "../../domain/metering/metering-record.ts";
import { ledgerOver } from "../../../testing/contract/ledger-under-test.ts";
import { newCall, sent } from "../../../testing/contract/works.ts";
import { ledgerContract } from "../../../testing/contract/ledger-contract.ts";
import type { MeteringRecordQuery } from "../../ledger/ledger.ts";
import { stagedEntry } from "../../ledger/staged-entry.ts";
import { MemoryEngine } from "./memory-engine.ts";

ledgerContract("in memory", (setup) => {
  const engine = new MemoryEngine();
  return ledgerOver(
    () => engine,
    () => {},
    setup,
  );
});

describe("a listing of many records", () => {
  const RECORDS = 100_000;
  const PAGE = 1_000;
  const HOURS = 24;

  let reads = 0;

  /** A key that counts how often its members are read. */
  function watched(key: MeteringRecordKey): MeteringRecordKey {
    return new Proxy(key, {
      get: (target, name) => {
        reads += 1;
        return Reflect.get(target, name) as unknown;
      },
    });
  }

  async function filled(): Promise<MemoryEngine> {
    const engine = new MemoryEngine();
    const records = Array.from({ length: RECORDS }, (_, i) => {
      const { key } = sent({ dimension: i % (RECORDS / 2) === 0 ? "rare" : `d${i}` });
      return { position: i, quantity: 1, key: watched({ ...key, hour: i % HOURS, discriminator: String(i) }) };
    });
    const entry = stagedEntry({ atMs: 1, call: newCall(), event: { kind: "ledger-reset" } }, records);
    await engine.commit({ reset: false, entries: [entry], catalogue: [], resources: [], clock: undefined });
    return engine;
  }

  interface Listed {
    readonly positions: readonly number[];
    readonly pages: number;
    /** The reads of the page for which most members were read. */
    readonly readsMax: number;
  }

  async function listed(engine: MemoryEngine, over: Partial<MeteringRecordQuery>): Promise<Listed> {
    const positions: number[] = [];
    let pages = 0;
    let readsMax = 0;
    let cursor: string | undefined;
    do {
      reads = 0;
      const page = await engine.list({ fromHour: 0, toHour: HOURS, limit: PAGE, cursor, ...over });
      readsMax = Math.max(readsMax, reads);
      positions.push(...page.pointers.map(({ position }) => position));
      pages += 1;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return { positions, pages, readsMax };
  }

  test("looks at each record once, whatever the number of pages: nothing is sorted for a page", async () => {
    const engine = await filled();
    const { positions, pages, readsMax } = await listed(engine, {});
    expect(pages).toBe(RECORDS / PAGE);
    expect(new Set(positions).size).toBe(RECORDS);
    const hours = positions.map((position) => position % HOURS);
    expect(hours).toEqual(hours.toSorted((a, b) => a - b));
    // Three members are needed (offering, customer, dimension); the fourth read is slack.
    expect(readsMax).toBeLessThanOrEqual(PAGE * 4);
  });

  test("that finds little comes in short pages, so that no page looks at everything", async () => {
    const engine = await filled();
    const { positions, pages, readsMax } = await listed(engine, { dimension: "rare" });
    expect(positions.toSorted((a, b) => a - b)).toEqual([0, RECORDS / 2]);
    expect(pages).toBeGreaterThan(1);
    expect(readsMax).toBeLessThanOrEqual((RECORDS / pages) * 4);
  });

  test("shows what is accepted meanwhile into hours that are still to come, and nothing twice", async () => {
    const engine = await filled();
    const first = await engine.list({ fromHour: 3, toHour: 5, limit: 10 });
    const late = [2, 3, 5, 6].map((hour, position) => ({
      position,
      quantity: 1,
      key: { ...sent({ dimension: "late" }).key, hour },
    }));
    const entry = stagedEntry({ atMs: 2, call: newCall(), event: { kind: "ledger-reset" } }, late);
    await engine.commit({ reset: false, entries: [entry], catalogue: [], resources: [], clock: undefined });
    const rest = await listed(engine, { fromHour: 3, toHour: 5, cursor: first.nextCursor, limit: RECORDS });
    expect(rest.positions.length + first.pointers.length).toBe(3 * Math.ceil(RECORDS / HOURS) + 2);
  });
});

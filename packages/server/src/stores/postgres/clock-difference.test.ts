/** A node whose clock goes wrong while it runs writes nothing until the clock is right again. */
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test as anyTest } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../../test/support/postgres/database.ts";
import { accountChange, put } from "../../../testing/contract/works.ts";
import { FaultError } from "../../ledger/ledger.ts";
import { CLOCKS_APART_MAX_MS, clockDifference, clockTrouble } from "./clock-difference.ts";
import { openAt } from "../../../testing/postgres-ledger.ts";
import type { Queryable } from "./reading/record-pointers.ts";

const test = testOfPostgres();

describe("a node's clock while it runs", () => {
  test("that goes wrong stops the node, with a sentence, and lets it go on once it is right", async () => {
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    let wrongByMs = 0;
    let passedMs = 0;
    const timers: { readonly ms: number; readonly run: () => void }[] = [];
    const { ledger } = await openAt(
      database.url,
      { mode: "system", wallMs: () => Date.now() + wrongByMs },
      {
        monotonicMs: () => performance.now() + passedMs,
        every: (ms, run) => {
          timers.push({ ms, run });
          return () => undefined;
        },
      },
    );
    onTestFinished(() => ledger.close());
    const tick = (): void => timers.filter(({ ms }) => ms === 5_000).forEach(({ run }) => run());

    await ledger.transact(put([accountChange("111122223333")]));
    wrongByMs = 60_000;
    // The node checks its clock once a minute, so it has not noticed yet.
    tick();
    expect(ledger.unavailable).toBeUndefined();
    passedMs = 60_000;
    tick();
    await expect.poll(() => ledger.unavailable).toMatch(/is 60 s ahead of the database's/);
    const refused = ledger.transact(put([accountChange("444455556666")]));
    await expect(refused).rejects.toThrow(FaultError);
    await expect(refused).rejects.toThrow(/Nothing is written: this server's clock says/);
    wrongByMs = 0;
    tick();
    await expect.poll(() => ledger.unavailable).toBeUndefined();
    await ledger.transact(put([accountChange("444455556666")]));
    expect(ledger.catalogue.list("account").map(({ id }) => id)).toEqual(["111122223333", "444455556666"]);
  });
});

test("a clock that jumps between two looks at it dates nothing: each group holds it against the database's", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  let wrongByMs = 0;
  const { ledger } = await openAt(
    database.url,
    { mode: "system", wallMs: () => Date.now() + wrongByMs },
    // Nobody looks at it by the clock.
    { every: () => () => undefined },
  );
  onTestFinished(() => ledger.close());
  await ledger.transact(put([accountChange("111122223333")]));
  const newest = "SELECT max(newest_at_ms) AS at_ms FROM countinghouse.lane";
  const before = await database.query(newest);
  wrongByMs = Date.UTC(9999, 0) - Date.now();
  const refused = ledger.transact(put([accountChange("444455556666")]));
  await expect(refused).rejects.toThrow(FaultError);
  await expect(refused).rejects.toThrow(/Nothing is written: this server's clock says 9999-/);
  expect(ledger.unavailable).toMatch(/ahead of the database's/);
  // What came after it in time would be dated so, too, on every node.
  expect(await database.query(newest)).toEqual(before);
});

describe("how far two clocks are apart", () => {
  anyTest("counts no time that the question may have taken", async () => {
    const ms = fc.integer({ min: 0, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(ms, ms, ms, async (asked, took, database) => {
        const times = [asked, asked + took];
        const db = { query: () => Promise.resolve({ rows: [{ at_ms: database }] }) } as unknown as Queryable;
        const { aheadMs } = await clockDifference(db, () => times.shift() as number);
        const within = database >= asked && database <= asked + took;
        expect(aheadMs === 0).toBe(within);
        if (!within) expect(Math.sign(aheadMs)).toBe(database < asked ? 1 : -1);
      }),
    );
  });

  anyTest.each([
    [CLOCKS_APART_MAX_MS, false],
    [CLOCKS_APART_MAX_MS + 1, true],
    [-CLOCKS_APART_MAX_MS, false],
    [-CLOCKS_APART_MAX_MS - 1, true],
  ])("%i ms: trouble %s", (aheadMs, isTrouble) => {
    const trouble = clockTrouble({ nodeMs: 1_000_000 + aheadMs, databaseMs: 1_000_000, aheadMs });
    expect(trouble !== undefined).toBe(isTrouble);
  });
});

/** The contract, second part: faults, a full queue, a server's end, and a ledger that contradicts itself. */
import { HOUR_MS } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { DefectError, FaultError, QueueFullError } from "../../src/ledger/ledger.ts";
import { START_MS, type LedgerSetup, type LedgerUnderTest } from "./ledger-under-test.ts";
import {
  accountChange,
  keptIds,
  look,
  meter,
  meterBlindly,
  moveClockTo,
  newCall,
  put,
  sent,
  type Metered,
} from "./works.ts";

const full = (): FaultError => new FaultError("database or disk is full", undefined);

export function troublePromises(fresh: (setup?: LedgerSetup) => Promise<LedgerUnderTest>): void {
  describe("a commit that fails", () => {
    test("keeps nothing of its group, tells everyone in it, and later work goes on", async () => {
      const { ledger, failNextCommit } = await fresh();
      const [first] = (await ledger.transact(meter([sent({ dimension: "before" })]))) as [Metered];
      const calls = [newCall(), newCall()] as const;
      failNextCommit(full());
      const failed = await Promise.allSettled([
        ledger.transact(meter([sent()], calls[0])),
        ledger.transact(meter([sent({ dimension: "calls" })], calls[1])),
      ]);
      for (const outcome of failed) {
        expect(outcome).toEqual({ status: "rejected", reason: expect.any(FaultError) as Error });
      }
      for (const call of calls) expect(await ledger.entry(call.requestId)).toBeUndefined();
      expect(await keptIds(ledger)).toEqual([first.id]);
      // Sends the same calls again, as an SDK would.
      const again = await Promise.all([
        ledger.transact(meter([sent()], calls[0])),
        ledger.transact(meter([sent({ dimension: "calls" })], calls[1])),
      ]);
      expect(again.flat().map(({ kept }) => kept)).toEqual([undefined, undefined]);
      expect(await keptIds(ledger)).toHaveLength(3);
      expect(ledger.defect).toBeUndefined();
    });

    test("leaves catalogue and clock as they were, and work that waited behind it goes on", async () => {
      const { ledger, clock, failNextCommit } = await fresh();
      failNextCommit(full());
      const [changed, moved, seen] = await Promise.allSettled([
        ledger.transact(put([accountChange("444455556666")])),
        ledger.transact(moveClockTo(START_MS + HOUR_MS)),
        ledger.transact(look(() => true)),
      ]);
      expect([changed.status, moved.status, seen.status]).toEqual(["rejected", "fulfilled", "fulfilled"]);
      expect(ledger.catalogue.account("444455556666")).toBeUndefined();
      failNextCommit(full());
      await expect(ledger.transact(moveClockTo(START_MS + 2 * HOUR_MS))).rejects.toThrow(FaultError);
      expect(clock.nowMs()).toBe(START_MS + HOUR_MS);
    });

    test("leaves nothing behind that a reopening would find", async () => {
      const store = await fresh();
      store.failNextCommit(full());
      await expect(store.ledger.transact(meter([sent()]))).rejects.toThrow(FaultError);
      store.failNextCommit(full());
      await expect(store.ledger.transact(put([accountChange("444455556666")]))).rejects.toThrow(FaultError);
      await store.reopen();
      expect(await keptIds(store.ledger)).toEqual([]);
      expect(store.ledger.catalogue.list("account")).toEqual([]);
    });
  });

  test("more work than the queue holds is refused, with nothing of it taken in (Rule Q1)", async () => {
    const { ledger } = await fresh({ queuedMax: 2 });
    const calls = Array.from({ length: 4 }, newCall);
    const outcomes = await Promise.allSettled(
      calls.map((call, i) => ledger.transact(meter([sent({ dimension: `d${i}` })], call))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    for (const outcome of outcomes.slice(2)) {
      expect(outcome).toEqual({ status: "rejected", reason: expect.any(QueueFullError) as Error });
    }
    const entries = await Promise.all(calls.map((call) => ledger.entry(call.requestId)));
    expect(entries.map((entry) => entry !== undefined)).toEqual([true, true, false, false]);
    expect(await keptIds(ledger)).toHaveLength(2);
    // There is room again when the queue has been worked off.
    await ledger.transact(meter([sent({ dimension: "d3" })]));
  });

  describe("while a commit is under way", () => {
    test("its work counts against the queue, and what waits sees it kept (Rules Q1, K4)", async () => {
      const { ledger, holdNextCommit } = await fresh({ queuedMax: 3 });
      const held = holdNextCommit();
      const first = ledger.transact(meter([sent()]));
      await held.reached;
      const second = ledger.transact(meter([sent()]));
      const third = ledger.transact(meter([sent({ quantity: 2 })]));
      expect(ledger.queued).toBe(3);
      await expect(ledger.transact(meter([sent()]))).rejects.toThrow(QueueFullError);
      expect(await keptIds(ledger)).toEqual([]);
      held.letGo();
      const [[accepted], [replayed], [duplicate]] = await Promise.all([first, second, third]);
      expect(accepted?.kept).toBeUndefined();
      expect([replayed?.id, duplicate?.id]).toEqual([accepted?.id, accepted?.id]);
      expect(ledger.queued).toBe(0);
    });

    test("nothing of it is true yet: neither catalogue nor clock", async () => {
      const { ledger, clock, holdNextCommit } = await fresh();
      const seen = (): unknown => [ledger.catalogue.list("account").length, clock.nowMs()];
      const putting = holdNextCommit();
      const changed = ledger.transact(put([accountChange("444455556666")]));
      await putting.reached;
      expect(seen()).toEqual([0, START_MS]);
      putting.letGo();
      await changed;
      const moving = holdNextCommit();
      const moved = ledger.transact(moveClockTo(START_MS + HOUR_MS));
      await moving.reached;
      expect(seen()).toEqual([1, START_MS]);
      moving.letGo();
      await moved;
      expect(seen()).toEqual([1, START_MS + HOUR_MS]);
    });

    test("closing waits for it, and for what waits behind it (Rule Q1)", async () => {
      const store = await fresh();
      const held = store.holdNextCommit();
      const first = store.ledger.transact(meter([sent()]));
      await held.reached;
      const second = store.ledger.transact(meter([sent({ dimension: "calls" })]));
      const closed = store.ledger.close();
      await expect(store.ledger.transact(meter([sent()]))).rejects.toThrow(QueueFullError);
      held.letGo();
      const ids = (await Promise.all([first, second])).flat().map(({ id }) => id);
      await closed;
      await store.reopen();
      expect((await keptIds(store.ledger)).toSorted()).toEqual(ids.toSorted());
    });

    test("a reset waits its turn: what came before it is answered and forgotten, what came after it is kept", async () => {
      const { ledger, holdNextCommit } = await fresh();
      const held = holdNextCommit();
      const first = ledger.transact(meter([sent()]));
      await held.reached;
      const before = ledger.transact(meter([sent()]));
      const reset = ledger.reset(newCall(), () => []);
      const after = ledger.transact(meter([sent()]));
      held.letGo();
      const [[accepted], [replayed], , [anew]] = await Promise.all([first, before, reset, after]);
      expect(replayed?.kept?.meteringRecordId).toBe(accepted?.id);
      expect(anew?.kept).toBeUndefined();
      expect(await keptIds(ledger)).toEqual([anew?.id]);
    });

    test("work that waits goes on where it fails", async () => {
      const { ledger, failNextCommit, holdNextCommit } = await fresh();
      const held = holdNextCommit();
      const first = ledger.transact(meter([sent({ dimension: "calls" })]));
      await held.reached;
      failNextCommit(full());
      const second = ledger.transact(meter([sent()]));
      held.letGo();
      await first;
      await expect(second).rejects.toThrow(FaultError);
      const [third] = await ledger.transact(meter([sent()]));
      expect(third?.kept).toBeUndefined();
    });
  });

  test("a reset that fails leaves everything as it was", async () => {
    const store = await fresh();
    const [metered] = (await store.ledger.transact(meter([sent()]))) as [Metered];
    await store.ledger.transact(put([accountChange("444455556666")]));
    store.failNextCommit(full());
    await expect(store.ledger.reset(newCall(), () => [])).rejects.toThrow(FaultError);
    expect(store.ledger.catalogue.list("account")).toHaveLength(1);
    const [replayed, added] = await store.ledger.transact(meter([sent(), sent({ dimension: "calls" })]));
    expect(replayed?.id).toBe(metered.id);
    await store.reopen();
    expect(new Set(await keptIds(store.ledger))).toEqual(new Set([metered.id, added?.id]));
  });

  describe("closing", () => {
    test("finishes what was taken in, and takes nothing in from then on (Rule Q1)", async () => {
      const store = await fresh({ groupMax: 2 });
      const { ledger } = store;
      const waiting = Array.from({ length: 5 }, (_, i) => ledger.transact(meter([sent({ dimension: `d${i}` })])));
      const closed = ledger.close();
      await expect(ledger.transact(meter([sent()]))).rejects.toThrow(QueueFullError);
      await expect(ledger.reset(newCall(), () => [])).rejects.toThrow(QueueFullError);
      const answers = await Promise.all(waiting);
      await closed;
      await store.reopen();
      expect(new Set(await keptIds(store.ledger))).toEqual(new Set(answers.map(([metered]) => metered?.id)));
    });

    test("twice is closing once", async () => {
      const { ledger } = await fresh();
      await ledger.close();
      await expect(ledger.close()).resolves.toBeUndefined();
    });
  });

  describe("a defect stops all writing:", () => {
    test("a record that was accepted though its key is kept", async () => {
      const store = await fresh();
      const { ledger } = store;
      const [first] = (await ledger.transact(meter([sent()]))) as [Metered];
      await expect(ledger.transact(meterBlindly([sent({ quantity: 2 })]))).rejects.toThrow(DefectError);
      expect(ledger.defect).toBeInstanceOf(DefectError);
      await expect(ledger.transact(look(() => true))).rejects.toBe(ledger.defect);
      await expect(ledger.reset(newCall(), () => [])).rejects.toBe(ledger.defect);
      await store.reopen();
      expect(await keptIds(store.ledger)).toEqual([first.id]);
    });

    test("two records of one key that were accepted in one group, by one call or by two", async () => {
      for (const works of [
        [meterBlindly([sent(), sent()])],
        [meterBlindly([sent()]), meterBlindly([sent({ quantity: 2 })])],
      ]) {
        const { ledger } = await fresh();
        const outcomes = await Promise.allSettled(works.map((work) => ledger.transact(work)));
        for (const { status } of outcomes) expect(status).toBe("rejected");
        expect(ledger.defect).toBeInstanceOf(DefectError);
        expect(await keptIds(ledger)).toEqual([]);
      }
    });

    test("a second entry with the id of another one", async () => {
      const { ledger } = await fresh();
      const call = newCall();
      await ledger.transact(look(() => true, call));
      await expect(ledger.transact(look(() => true, call))).rejects.toThrow(DefectError);
    });

    test("work that waits behind it is refused with it", async () => {
      const { ledger, failNextCommit } = await fresh({ groupMax: 1 });
      failNextCommit(new DefectError("damaged"));
      const outcomes = await Promise.allSettled(
        ["a", "b", "c"].map((dimension) => ledger.transact(meter([sent({ dimension })]))),
      );
      expect(outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as unknown))).toEqual([
        ledger.defect,
        ledger.defect,
        ledger.defect,
      ]);
      expect(ledger.queued).toBe(0);
      expect(await keptIds(ledger)).toEqual([]);
    });

    test("what is kept can still be read", async () => {
      const { ledger, failNextCommit } = await fresh();
      const call = newCall();
      const [metered] = (await ledger.transact(meter([sent()], call))) as [Metered];
      failNextCommit(new DefectError("damaged"));
      await expect(ledger.transact(meter([sent()]))).rejects.toThrow("damaged");
      expect(await keptIds(ledger)).toEqual([metered.id]);
      expect(await ledger.entry(call.requestId)).toMatchObject({ call });
    });
  });
}

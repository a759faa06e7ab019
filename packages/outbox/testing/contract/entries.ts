/** Entries, attempts, balances, the pace and the store's own row. */
import { describe, expect, test } from "vitest";
import { HOUR, METERS, NOW, attempt, entry, frozen, given, hourOfTenant, type MakeStore } from "./store-under-test.ts";

export function entryPromises(fresh: MakeStore): void {
  describe("entries", () => {
    test("come back as they were saved, with all that is there and all that is not", async () => {
      const { store } = await fresh();
      const one = frozen({
        why: "CustomerNotSubscribed",
        alone: true,
        bornDoubtful: true,
        leasedUntilMs: 7,
        endedMs: 9,
        meteringRecordId: "id",
        requestId: "request",
        units: 2_147_483_647,
        carriedIn: "-1.5",
      });
      const two = entry({ hourMs: HOUR + 3_600_000 });
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.insertEntry(two);
      });
      expect(await store.entries({})).toEqual([one, two]);
      const changed = { ...two, state: "empty", body: undefined, why: "x" } as const;
      await store.transact((transaction) => transaction.saveEntries([changed]));
      expect(await store.entries({ states: ["empty"] })).toEqual([changed]);
    });

    test("an entry and a balance say sums of any size: 10^30 and less than nothing", async () => {
      const { store } = await fresh();
      const much = `1${"0".repeat(30)}`;
      const one = frozen({
        state: "held",
        why: "overflow",
        units: 2_147_483_648,
        sum: much,
        leftOver: `${much}.000000000000000001`,
        carriedIn: `-${much}`,
        returned: `-${much}.5`,
      });
      const balance = {
        identity: one.identity,
        dimension: one.dimension,
        month: "2026-11",
        amount: much,
        credited: `-${much}.5`,
      };
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.saveBalance(balance);
      });
      expect(await store.entries({})).toEqual([one]);
      await store.transact((transaction) => transaction.saveEntries([one]));
      expect(await store.entries({})).toEqual([one]);
      expect(await store.balances()).toEqual([balance]);
    });

    test("a key has one entry that lives: not two; another after it was dissolved and all its readings are free", async () => {
      const { store, another } = await fresh();
      const other = await another();
      const first = frozen();
      const insert = (value: typeof first) => (at: typeof store) =>
        at.transact((transaction) => transaction.insertEntry(value));
      const both = await Promise.all([insert(first)(store), insert(frozen())(other)]);
      expect(both.toSorted()).toEqual([false, true]);
      const [kept] = await store.entries({});
      if (kept === undefined) throw new Error("There is an entry.");
      await store.transact((transaction) =>
        transaction.saveEntries([{ ...kept, state: "dissolved", unreleased: true }]),
      );
      expect(await insert(frozen())(store)).toBe(false);
      expect(await store.transact((transaction) => transaction.lockEntryOf(kept))).toMatchObject({
        entryId: kept.entryId,
      });
      await store.transact((transaction) =>
        transaction.saveEntries([{ ...kept, state: "dissolved", unreleased: false }]),
      );
      expect(await store.transact((transaction) => transaction.lockEntryOf(kept))).toBeUndefined();
      expect(await insert(frozen())(store)).toBe(true);
      const hours = [
        frozen({ hourMs: HOUR + 3_600_000 }),
        frozen({ dimension: "seats" }),
        frozen({ identity: "other" }),
      ];
      for (const value of hours) expect(await insert(value)(store)).toBe(true);
    });

    test("O12: what is due comes by its deadline; what is leased, ended, or not yet to be tried does not", async () => {
      const { store } = await fresh();
      const hours = Array.from({ length: 10 }, (_, at) => HOUR + at * 3_600_000) as [number, ...number[]];
      const rows = [
        frozen({ hourMs: hours[0], deadlineMs: NOW + 3 }),
        frozen({ hourMs: hours[1] as number, deadlineMs: NOW + 1 }),
        frozen({ hourMs: hours[2] as number, deadlineMs: NOW + 2, state: "held", nextTryMs: NOW }),
        frozen({ hourMs: hours[3] as number, nextTryMs: NOW + 1 }),
        frozen({ hourMs: hours[4] as number, leasedUntilMs: NOW + 1 }),
        frozen({ hourMs: hours[5] as number, leasedUntilMs: NOW, deadlineMs: NOW + 4 }),
        frozen({ hourMs: hours[6] as number, state: "delivered" }),
        frozen({ hourMs: hours[7] as number, state: "held", body: undefined }),
        frozen({ hourMs: hours[8] as number, state: "doubtful", nextTryMs: undefined }),
        // By a clock that was hours ahead.
        frozen({ hourMs: hours[9] as number, leasedUntilMs: NOW + 36_000_000, deadlineMs: NOW + 5 }),
      ];
      await store.transact(async (transaction) => {
        for (const row of rows) await transaction.insertEntry(row);
      });
      const dueAt = { serviceMs: NOW, machineMs: NOW };
      const due = await store.entries({ dueAt });
      expect(due.map(({ hourMs }) => hours.indexOf(hourMs))).toEqual([1, 2, 0, 5, 9]);
      expect(await store.entries({ dueAt, limit: 2 })).toHaveLength(2);
      const over = await store.entries({ deadlineUntilMs: NOW + 3 });
      expect(over.map(({ hourMs }) => hours.indexOf(hourMs))).toEqual([1, 2, 0]);
      const third = rows[2] as (typeof rows)[number];
      expect(await store.entries({ entryIds: [third.entryId, "nobody's"] })).toEqual([third]);
      expect(await store.entries({ fromHourMs: hours[7] as number, untilHourMs: hours[8] as number })).toHaveLength(1);
      expect(await store.entries({ identity: "nobody's" })).toEqual([]);
    });

    test("O4: attempts are there before they end, in their order, and end with what came of them", async () => {
      const { store, another } = await fresh();
      const one = frozen();
      const [begun, second] = [attempt(one.entryId), attempt(one.entryId, { sender: "s-2" })];
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.addAttempts([begun]);
      });
      await store.transact((transaction) => transaction.addAttempts([second]));
      expect(await (await another()).attemptsOf([one.entryId])).toEqual([begun, second]);
      const end = {
        endedMs: NOW + 5,
        end: "refused",
        errorName: "InvalidTagException",
        message: "no",
        meteringRecordId: undefined,
        requestId: "r",
      } as const;
      await store.transact((transaction) => transaction.endAttempts([{ attemptId: second.attemptId, ...end }]));
      expect(await store.attemptsOf([one.entryId])).toEqual([begun, { ...second, ...end }]);
      expect(await store.attemptsOf(["nobody's"])).toEqual([]);
    });

    test("two transactions that lock the same entry come one after the other, and see what the first one did", async () => {
      const { store, another } = await fresh();
      const other = await another();
      const one = frozen({ units: 0 });
      await store.transact((transaction) => transaction.insertEntry(one));
      const increase = (at: typeof store) =>
        at.transact(async (transaction) => {
          const [locked] = await transaction.lockEntries([one.entryId]);
          if (locked === undefined) throw new Error("It is there.");
          await transaction.saveEntries([{ ...locked, units: locked.units + 1 }]);
        });
      await Promise.all(Array.from({ length: 20 }, (_, at) => increase(at % 2 === 0 ? store : other)));
      expect(await store.entries({})).toMatchObject([{ units: 20 }]);
    });
  });

  describe("balances", () => {
    test("begin at 0, and are kept for an identity, dimension and month", async () => {
      const { store, another } = await fresh();
      const other = await another();
      const key = { identity: "i", dimension: "d", month: "2026-11" };
      const add = (at: typeof store) =>
        at.transact(async (transaction) => {
          const balance = await transaction.lockBalance(key);
          await transaction.saveBalance({ ...balance, amount: String(Number(balance.amount) + 1), credited: "-0.5" });
        });
      await Promise.all(Array.from({ length: 10 }, (_, at) => add(at % 2 === 0 ? store : other)));
      expect(await store.balances()).toEqual([{ ...key, amount: "10", credited: "-0.5" }]);
      const december = await store.transact((transaction) => transaction.lockBalance({ ...key, month: "2026-12" }));
      expect(december).toMatchObject({ amount: "0", credited: "0" });
    });
  });

  describe("the pace", () => {
    test("O13: slots are given out once, evenly, to whoever asks", async () => {
      const { store, another } = await fresh();
      const other = await another();
      const machineMs = Date.now() + 1_000;
      const waits = [
        await store.takeSlots(20, 10, machineMs),
        await other.takeSlots(10, 10, machineMs),
        await store.takeSlots(1, 10, machineMs),
      ];
      const [first = 0, second = 0, third = 0] = waits;
      expect(second - first).toBeGreaterThan(1_500);
      expect(second - first).toBeLessThanOrEqual(2_000);
      expect(third - second).toBeGreaterThan(500);
      expect(third - second).toBeLessThanOrEqual(1_000);
    });
  });

  describe("what the store says of itself", () => {
    test("a new one takes its name; another name is refused, and none is needed later", async () => {
      const { another } = await fresh();
      const store = await another();
      expect(await store.open(undefined, NOW)).toMatchObject({ name: "contract", heldBack: undefined });
      await expect(store.open("staging", NOW)).rejects.toMatchObject({ name: "OutboxError", code: "other-store" });
      await store.transact((transaction) => transaction.saveStoreRow({ region: "us-east-1", lastRunMs: 4 }));
      await store.transact((transaction) => transaction.saveStoreRow({ lastRunMs: undefined }));
      expect(await store.storeRow()).toMatchObject({ region: "us-east-1", settings: { dedupeDays: 35 } });
      expect((await store.storeRow()).lastRunMs).toBeUndefined();
    });

    test("meters, and bindings in their order", async () => {
      const { store } = await fresh();
      expect(await store.meters()).toEqual(METERS);
      const binding = {
        tenant: "t-1",
        productCode: "prod1",
        identity: "i",
        agreementId: undefined,
        fromMs: HOUR,
        untilMs: undefined,
        endToldMs: undefined,
      };
      const ended = { ...binding, agreementId: "agmt", untilMs: HOUR + 1, endToldMs: NOW };
      await store.transact((transaction) =>
        transaction.addBindings([binding, { ...binding, tenant: "t-2" }, ended], NOW),
      );
      expect(await store.bindings({ tenant: "t-1" })).toEqual([binding, ended]);
      expect(await store.bindings()).toHaveLength(3);
      await store.transact((transaction) => transaction.addBindings([{ ...binding, identity: "j" }], NOW));
      expect(await store.bindings({ identity: "i" })).toEqual([binding, { ...binding, tenant: "t-2" }, ended]);
      expect(await store.bindings({ productCode: "prod2" })).toEqual([]);
    });

    test("a summary counts what there is", async () => {
      const { store } = await fresh();
      await store.record([given(), given(), given({ quantity: "x" }), given({ tenant: "t-2" })], NOW);
      await store.transact(async (transaction) => {
        await transaction.insertEntry(frozen({ deadlineMs: 77 }));
        await transaction.endReadings([hourOfTenant({ tenant: "t-2" })], "after-end", 5);
      });
      expect(await store.summary()).toMatchObject({
        waitingReadings: 2,
        oldestWaitingHourMs: HOUR,
        entries: [{ state: "frozen", count: 1, units: 3 }],
        nearestDeadlineMs: 77,
        setAside: [{ reason: "bad-quantity", count: 1 }],
        endedReadings: [{ end: "after-end", count: 1 }],
      });
    });
  });
}

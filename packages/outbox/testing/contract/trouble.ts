/** Alarms, and what goes when its time has come. */
import { describe, expect, test } from "vitest";
import { HOUR, NOW, attempt, frozen, given, hourOfTenant, type MakeStore } from "./store-under-test.ts";

const alarm = (kind: "late" | "refused", subject: string) => ({ kind, subject, message: "m" });

export function troublePromises(fresh: MakeStore): void {
  describe("alarms", () => {
    test("are one for a kind and subject, counted, told until they were told, and cleared", async () => {
      const { store } = await fresh();
      const raise = (message: string, atMs: number) =>
        store.transact((transaction) =>
          transaction.raiseAlarms([{ kind: "late", subject: "t-1", message, count: 2 }], atMs),
        );
      await raise("first", 5);
      await raise("second", 9);
      const [raised] = await store.alarms({ untold: true });
      expect(raised).toMatchObject({
        kind: "late",
        subject: "t-1",
        message: "second",
        count: 4,
        firstMs: 5,
        lastMs: 9,
        toldCount: 0,
      });
      if (raised === undefined) throw new Error("There is one.");
      await store.transact((transaction) => transaction.alarmsTold([{ ...raised, toldCount: raised.count }]));
      expect(await store.alarms({ untold: true })).toEqual([]);
      expect(await store.alarms({})).toHaveLength(1);
      await raise("third", 10);
      expect(await store.alarms({ untold: true })).toHaveLength(1);
      await store.transact((transaction) => transaction.clearAlarms("late", "t-1"));
      expect(await store.alarms({})).toEqual([]);
    });

    test("are asked for by kind, and at most so many; and counted by kind", async () => {
      const { store } = await fresh();
      for (const [at, one] of [alarm("refused", "b"), alarm("late", "a"), alarm("refused", "c")].entries())
        await store.transact((transaction) => transaction.raiseAlarms([one], at));
      const subjects = async (filter: Parameters<typeof store.alarms>[0]) =>
        (await store.alarms(filter)).map(({ subject }) => subject);
      expect(await subjects({})).toEqual(["b", "a", "c"]);
      expect(await subjects({ limit: 2 })).toEqual(["b", "a"]);
      expect(await subjects({ kinds: ["refused", "held"], untold: true })).toEqual(["b", "c"]);
      expect(await subjects({ kinds: [] })).toEqual([]);
      expect((await store.summary()).alarms).toEqual([
        { kind: "late", count: 1 },
        { kind: "refused", count: 2 },
      ]);
    });

    test("go when somebody has looked at them, unless they have happened again since", async () => {
      const { store } = await fresh();
      const raise = () =>
        store.transact((transaction) => transaction.raiseAlarms([{ kind: "late", subject: "t-1", message: "m" }], NOW));
      const acknowledge = (
        seen: Parameters<Parameters<Parameters<typeof store.transact>[0]>[0]["acknowledgeAlarms"]>[0],
      ) => store.transact((transaction) => transaction.acknowledgeAlarms(seen));
      await raise();
      const seen = await store.alarms({});
      await raise();
      expect(await acknowledge(seen)).toBe(0);
      expect(await acknowledge([...(await store.alarms({})), { alarmId: "nobody's", count: 9 }])).toBe(1);
      expect(await store.alarms({})).toEqual([]);
      expect(await acknowledge([])).toBe(0);
    });
  });

  describe("forgetting", () => {
    test("O14: only what ended goes, when its time has come; totals stay", async () => {
      const { store } = await fresh();
      await store.record(
        [
          given({ quantity: "1" }),
          given({ quantity: "2", tenant: "t-2" }),
          given({ quantity: "4", tenant: "t-3" }),
          given({ tenant: "t-4" }),
        ],
        NOW,
      );
      const [done, open] = [frozen(), frozen({ dimension: "seats" })];
      await store.transact(async (transaction) => {
        await transaction.insertEntry(done);
        await transaction.insertEntry(open);
        await transaction.assignReadings(done.entryId, [hourOfTenant()], 5);
        await transaction.assignReadings(open.entryId, [hourOfTenant({ tenant: "t-2" })], 5);
        await transaction.endReadings([hourOfTenant({ tenant: "t-3" })], "late", 5);
        await transaction.addAttempts([attempt(done.entryId)]);
        await transaction.saveEntries([{ ...done, state: "delivered", endedMs: NOW, readings: 1, sum: "1" }]);
      });
      const before = await store.totals();
      const forget = (readingsMs: number, entriesMs: number) =>
        store.transact((transaction) => transaction.forgetOld(readingsMs, entriesMs, 100));
      expect(await forget(0, 0)).toBe(0);
      expect(await forget(Date.now() + 86_400_000, 0)).toBe(2);
      const order = (rows: typeof before) => rows.toSorted((a, b) => a.fate.localeCompare(b.fate));
      expect(order(await store.totals())).toEqual(order(before));
      expect(
        (await store.audited("", 9)).find(({ entry: { state } }) => state === "delivered")?.counted,
      ).toBeUndefined();
      expect(await forget(0, Date.now() + 86_400_000)).toBe(1);
      expect(await store.entries({})).toEqual([open]);
      expect(await store.attemptsOf([done.entryId])).toEqual([]);
      expect(order(await store.totals())).toEqual(order(before));
    });

    test("O14: an entry that is empty goes, too, once its window has closed", async () => {
      const { store } = await fresh();
      await store.record([given({ quantity: "1" })], NOW);
      const empty = frozen({ state: "empty", body: undefined, endedMs: NOW, readings: 1, sum: "1" });
      await store.transact(async (transaction) => {
        await transaction.insertEntry(empty);
        await transaction.assignReadings(empty.entryId, [hourOfTenant()], 5);
      });
      const before = await store.totals();
      const forget = (beforeMs: number) =>
        store.transact((transaction) => transaction.forgetOld(beforeMs, beforeMs, 100));
      expect(await forget(NOW)).toBe(0);
      for (let gone = 1; gone > 0;) gone = await forget(NOW + 1);
      expect(await store.entries({})).toEqual([]);
      expect(await store.readingsOf({ ...hourOfTenant(), limit: 5 })).toEqual([]);
      expect(await store.totals()).toEqual(before);
    });

    test("O3: what an entry that goes has left of its balance stays accounted for", async () => {
      const { store } = await fresh();
      const key = { identity: frozen().identity, dimension: "gb_ingested", month: "2026-11" };
      const gone = [
        frozen({ state: "delivered", endedMs: NOW, leftOver: "0.75", carriedIn: "0.25" }),
        frozen({
          state: "refused",
          endedMs: NOW,
          leftOver: "0.5",
          carriedIn: "-2",
          returned: "-2",
          hourMs: HOUR + 3_600_000,
        }),
      ];
      await store.transact(async (transaction) => {
        for (const one of gone) await transaction.insertEntry(one);
        await transaction.saveBalance({ ...key, amount: "1", credited: "-0.5" });
      });
      await store.transact((transaction) => transaction.forgetOld(0, NOW + 1, 100));
      expect(await store.entries({})).toEqual([]);
      expect(await store.balances()).toEqual([{ ...key, amount: "1", credited: "0.5" }]);
    });

    test("O3: an entry of which some readings are gone is counted once, in each step", async () => {
      const { store } = await fresh();
      await store.record(
        Array.from({ length: 5 }, () => given({ quantity: "1" })),
        NOW,
      );
      const done = frozen();
      await store.transact(async (transaction) => {
        await transaction.insertEntry(done);
        await transaction.assignReadings(done.entryId, [hourOfTenant()], 9);
        await transaction.saveEntries([{ ...done, state: "delivered", endedMs: NOW, readings: 5, sum: "5" }]);
      });
      const total = { meter: "gb", month: "2026-11", fate: "delivered", readings: 5, sum: "5" };
      let steps = 0;
      for (let gone = 1; gone > 0; steps += 1) {
        expect(await store.totals()).toEqual([total]);
        const [audited] = await store.audited("", 9);
        expect(audited?.counted ?? { readings: 5, sum: "5" }).toEqual({ readings: 5, sum: "5" });
        gone = await store.transact((transaction) => transaction.forgetOld(Date.now() + 86_400_000, 0, 2));
      }
      expect(steps).toBeGreaterThan(2);
      expect(await store.readingsOf({ ...hourOfTenant(), limit: 9 })).toEqual([]);
      expect(await store.totals()).toEqual([total]);
    });

    test("O16: a tenant's name and tags go, and what is counted stays", async () => {
      const { store } = await fresh();
      await store.record(
        [given({ tags: '{"person":"ann"}' }), given({ tenant: "t-2" }), given({ quantity: "x" })],
        NOW,
      );
      const count = (tenant: string) => store.transact((transaction) => transaction.unendedReadingsOf(tenant));
      expect(await count("t-1")).toBe(1);
      await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "late", 5));
      expect(await count("t-1")).toBe(0);
      expect(await count("t-2")).toBe(1);
      expect(await store.transact((transaction) => transaction.renameTenant("t-1", "alias"))).toBe(1);
      expect(await store.readingsOf({ ...hourOfTenant(), limit: 5 })).toEqual([]);
      expect(await store.readingsOf({ ...hourOfTenant({ tenant: "alias" }), limit: 5 })).toMatchObject([
        { tags: "[]", quantity: "1.5" },
      ]);
      expect(JSON.stringify(await store.setAside({ limit: 9 }))).not.toContain("t-1");
    });

    test("O14: what was set aside goes with old readings, and alarms once they were told; those that were not, with old entries", async () => {
      const { store } = await fresh();
      await store.record([given({ quantity: "x" })], NOW);
      const raise = (subject: string, atMs: number) =>
        store.transact((transaction) => transaction.raiseAlarms([{ kind: "late", subject, message: "m" }], atMs));
      await raise("told", 5);
      const told = await store.alarms({ kinds: ["late"] });
      await store.transact((transaction) =>
        transaction.alarmsTold(told.map(({ alarmId, count }) => ({ alarmId, toldCount: count }))),
      );
      await raise("untold", 5);
      await raise("new", NOW + 1);
      const left = async () => [
        (await store.alarms({})).map(({ subject }) => subject),
        (await store.setAside({ limit: 9 })).length,
      ];
      const forget = (readingsMs: number, entriesMs: number) =>
        store.transact((transaction) => transaction.forgetOld(readingsMs, entriesMs, 100));
      expect(await forget(5, 5)).toBe(0);
      expect(await forget(6, 0)).toBe(1);
      expect(await left()).toEqual([["untold", "bad-quantity", "new"], 1]);
      expect(await forget(0, 6)).toBe(1);
      expect(await left()).toEqual([["bad-quantity", "new"], 1]);
      expect(await forget(Date.now() + 86_400_000, 0)).toBe(1);
      expect(await left()).toEqual([["bad-quantity", "new"], 0]);
      expect(await forget(0, Date.now() + 86_400_000)).toBe(2);
      expect(await left()).toEqual([[], 0]);
    });
  });
}

/** Readings move into entries, to their ends and back; sums are exact, and made of what moved. */
import { describe, expect, test } from "vitest";
import { HOUR, NOW, entry, given, hourOfTenant, type MakeStore } from "./store-under-test.ts";

export function movingPromises(fresh: MakeStore): void {
  describe("moving readings", () => {
    test("groups that wait are listed by hour, tenant and meter, from page to page", async () => {
      const { store } = await fresh();
      await store.record(
        [
          given({ tenant: "b" }),
          given({ tenant: "a" }),
          given({ tenant: "a" }),
          given({ tenant: "a", meter: "seats" }),
          given({ tenant: "c", at: "2026-11-29T09:59:59.999Z" }),
          given({ tenant: "c", at: "2026-11-29T11:00:00Z" }),
        ],
        NOW,
      );
      const beforeMs = HOUR + 3_600_000;
      const first = await store.waiting({ beforeMs, limit: 2 });
      expect(first).toEqual([
        { hourMs: HOUR - 3_600_000, tenant: "c", meter: "gb" },
        { hourMs: HOUR, tenant: "a", meter: "gb" },
      ]);
      const rest = await store.waiting({ beforeMs, limit: 9, after: first[1] });
      expect(rest.map(({ tenant, meter }) => `${tenant} ${meter}`)).toEqual(["a seats", "b gb"]);
    });

    test("O3: readings go into one entry, in steps, and are summed exactly by their tags", async () => {
      const { store } = await fresh();
      const quantities = ["0.1", "0.2", "-0.05", "999999999999999999999", "0.000000000000000001"];
      await store.record(
        quantities.map((quantity) => given({ quantity })),
        NOW,
      );
      await store.record([given({ quantity: "7", tags: '{"a":"b"}', at: "2026-11-29T10:59:59.999Z" })], NOW);
      await store.record(
        [given({ tenant: "t-2" }), given({ meter: "seats" }), given({ at: "2026-11-29T11:00:00Z" })],
        NOW,
      );
      const one = entry();
      const steps: number[] = [];
      const latest: (number | undefined)[] = [];
      await store.transact(async (transaction) => {
        expect(await transaction.insertEntry(one)).toBe(true);
      });
      for (let step = 0; step < 3; step += 1) {
        await store.transact(async (transaction) => {
          const moved = await transaction.assignReadings(one.entryId, [hourOfTenant()], 4);
          steps.push(moved.readings);
          latest.push(moved.latestAtMs);
        });
      }
      expect(steps).toEqual([4, 2, 0]);
      expect(Math.max(...latest.map((at) => at ?? 0))).toBe(HOUR + 3_599_999);
      expect(latest[2]).toBeUndefined();
      const parts = await store.transact((transaction) => transaction.partsOf(one.entryId));
      expect(parts).toEqual([
        { tags: '[["a","b"]]', sum: "7", readings: 1 },
        { tags: "[]", sum: "999999999999999999999.250000000000000001", readings: 5 },
      ]);
      const [audited] = await store.audited("", 10);
      expect(audited?.counted).toEqual({ readings: 6, sum: "1000000000000000000006.250000000000000001" });
      expect((await store.waiting({ beforeMs: HOUR + 3_600_000, limit: 9 })).map(({ tenant }) => tenant)).toEqual([
        "t-1",
        "t-2",
      ]);
    });

    test("a slice takes what lies in it: its start included, its end not; several slices are one", async () => {
      const { store } = await fresh();
      const times = ["10:00:00.000", "10:29:59.999", "10:30:00.000", "10:59:59.999"];
      await store.record(
        times.map((time) => given({ at: `2026-11-29T${time}Z`, quantity: "1" })),
        NOW,
      );
      await store.record([given({ tenant: "t-2", quantity: "10" })], NOW);
      const one = entry();
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        const slices = [hourOfTenant({ untilMs: HOUR + 1_800_000 }), hourOfTenant({ tenant: "t-2" })];
        expect(await transaction.assignReadings(one.entryId, slices, 100)).toMatchObject({ readings: 3 });
        expect(await transaction.partsOf(one.entryId)).toMatchObject([{ sum: "12", readings: 3 }]);
      });
    });

    test("a transaction that throws leaves nothing behind", async () => {
      const { store } = await fresh();
      await store.record([given()], NOW);
      const one = entry();
      const failing = store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.assignReadings(one.entryId, [hourOfTenant()], 10);
        await transaction.raiseAlarms([{ kind: "late", subject: "x", message: "m" }], NOW);
        throw new RangeError("no");
      });
      await expect(failing).rejects.toThrow(RangeError);
      expect(await store.entries({})).toEqual([]);
      expect(await store.alarms({})).toEqual([]);
      expect(await store.waiting({ beforeMs: NOW, limit: 9 })).toHaveLength(1);
    });

    test("late readings end; those below zero are credited, and their sum is told", async () => {
      const { store } = await fresh();
      await store.record(
        ["5", "-2", "0", "-0.5"].map((quantity) => given({ quantity })),
        NOW,
      );
      const ended = await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "credited", 100));
      expect(ended).toEqual({ readings: 4, sum: "5", credited: "-2.5" });
      expect(
        await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "late", 100)),
      ).toMatchObject({
        readings: 0,
      });
      const fates = (await store.readingsOf({ ...hourOfTenant(), limit: 9 })).map(
        ({ quantity, ended: end }) => `${quantity} ${end}`,
      );
      expect(fates.toSorted()).toEqual(["-0.5 credited", "-2 credited", "0 late", "5 late"]);
      const totals = await store.totals();
      expect(totals.toSorted((a, b) => a.fate.localeCompare(b.fate))).toEqual([
        { meter: "gb", month: "2026-11", fate: "credited", readings: 2, sum: "-2.5" },
        { meter: "gb", month: "2026-11", fate: "late", readings: 2, sum: "5" },
      ]);
    });

    test("late readings of what was never billed end alike, those below zero, too: nothing is credited", async () => {
      const { store } = await fresh();
      await store.record(
        ["5", "-2"].map((quantity) => given({ quantity })),
        NOW,
      );
      const ended = await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "late", 100));
      expect(ended).toEqual({ readings: 2, sum: "3", credited: "0" });
      expect((await store.totals()).map(({ fate, sum }) => [fate, sum])).toEqual([["late", "3"]]);
    });

    test("O3: sums of any size are exact: a thousand readings of 21 digits each, and behind the point", async () => {
      const { store } = await fresh();
      const nines = "9".repeat(21);
      await store.record(
        Array.from({ length: 1_000 }, () => given({ quantity: `${nines}.000000000000000001` })),
        NOW,
      );
      const one = entry();
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.assignReadings(one.entryId, [hourOfTenant()], 2_000);
      });
      const sum = `${BigInt(nines) * 1_000n}.000000000000001`;
      expect(await store.transact((transaction) => transaction.partsOf(one.entryId))).toEqual([
        { tags: "[]", sum, readings: 1_000 },
      ]);
      expect((await store.audited("", 9))[0]?.counted).toEqual({ readings: 1_000, sum });
      expect((await store.totals()).map(({ sum: total }) => total)).toEqual([sum]);
    });

    test("other ends take readings below zero along", async () => {
      const { store } = await fresh();
      await store.record([given({ quantity: "-3" }), given({ quantity: "1" })], NOW);
      const ended = await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "not-bound", 1));
      expect(ended.readings).toBe(1);
      await store.transact((transaction) => transaction.endReadings([hourOfTenant()], "not-bound", 5));
      expect((await store.totals()).map(({ fate, sum }) => [fate, sum])).toEqual([["not-bound", "-2"]]);
    });

    test("readings of an entry that is dissolved wait again, in steps, and its parts go with the last", async () => {
      const { store } = await fresh();
      await store.record([given(), given(), given()], NOW);
      const one = entry();
      await store.transact(async (transaction) => {
        await transaction.insertEntry(one);
        await transaction.assignReadings(one.entryId, [hourOfTenant()], 10);
        await transaction.saveEntries([{ ...one, state: "dissolved", unreleased: true, readings: 3, sum: "4.5" }]);
      });
      expect(await store.transact((transaction) => transaction.releaseReadings(one.entryId, 2))).toBe(2);
      expect(await store.transact((transaction) => transaction.partsOf(one.entryId))).toHaveLength(1);
      expect(await store.transact((transaction) => transaction.releaseReadings(one.entryId, 2))).toBe(1);
      expect(await store.transact((transaction) => transaction.partsOf(one.entryId))).toEqual([]);
      expect((await store.totals()).map(({ fate, readings }) => [fate, readings])).toEqual([["waiting", 3]]);
    });
  });
}

/** When an hour is closed, and what does not hold up the others: one time for all tenants of an identity; sums of any size. */
import { OutboxError } from "@countinghouse/outbox";
import { describe, expect, test } from "vitest";
import { SCENES, ACCOUNT, HOUR_MS, MINUTE_MS, START, changed } from "./scene.ts";
import { METERS } from "../model/lived.ts";

const productCode = METERS.gb.productCode;
/** Another tenant of the same account, which goes on as `t-0`. */
const sharing = { tenant: "t-1", productCode, customerAccountId: ACCOUNT, from: START - HOUR_MS } as const;
const NINES = "9".repeat(21);
const diskIsFull = () => Promise.reject(new OutboxError("store", "The disk is full."));

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("an identity that several tenants have", () => {
    test("has its hour closed once for all of them: not early while one of them goes on, and by no flush", async () => {
      const { outbox, use, pass, service, store } = await scene();
      await outbox.bind(sharing);
      await use("2", { tenant: "t-1" });
      await outbox.bind({ ...sharing, until: START + MINUTE_MS });
      pass(35);
      await outbox.deliverDue();
      await outbox.deliverDue({ flush: ACCOUNT });
      expect(service.kept.size).toBe(0);
      await use("3", { minutesAgo: 10 });
      pass(6);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 5 }]);
      expect(await store.summary()).toMatchObject({ waitingReadings: 0, endedReadings: [] });
    });

    test("goes on where another tenant takes it up in the hour of its end, for the hours before, too", async () => {
      const { outbox, use, pass, service, store } = await scene({ holdOpenSeconds: 7_200 });
      const account = { productCode, customerAccountId: "222233334444" };
      await outbox.bind({ tenant: "t-1", ...account, from: START - 2 * HOUR_MS, until: START + MINUTE_MS });
      await use("2", { tenant: "t-1", minutesAgo: 60 });
      await use("3", { tenant: "t-1" });
      pass(10);
      await outbox.bind({ tenant: "t-2", ...account, from: service.nowMs });
      pass(30);
      await outbox.deliverDue();
      await outbox.deliverDue({ flush: "222233334444" });
      expect(service.kept.size).toBe(0);
      await use("4", { tenant: "t-2", minutesAgo: 15 });
      pass(125);
      await outbox.deliverDue();
      expect([...service.kept.values()].map(({ quantity }) => quantity)).toEqual([2, 7]);
      expect(await store.summary()).toMatchObject({ endedReadings: [] });
    });

    test("is closed half an hour after the last of them was told to have left, or at once by flush", async () => {
      const { outbox, use, pass, service } = await scene({ holdOpenSeconds: 7_200 });
      const account = { productCode, customerAccountId: "222233334444", from: START - HOUR_MS } as const;
      await outbox.bind([
        { tenant: "t-1", ...account },
        { tenant: "t-2", ...account },
      ]);
      await use("2", { tenant: "t-1", minutesAgo: 5 });
      await outbox.bind({ tenant: "t-1", ...account, until: START });
      pass(15);
      await outbox.bind({ tenant: "t-2", ...account, until: START + 15 * MINUTE_MS });
      pass(20);
      await outbox.deliverDue();
      expect(service.kept.size).toBe(0);
      await use("3", { tenant: "t-2", minutesAgo: 25 });
      pass(11);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 5 }]);
      await use("3", { tenant: "t-2", minutesAgo: 85 });
      await outbox.deliverDue({ flush: "222233334444" });
      expect([...service.kept.values()]).toMatchObject([{ quantity: 5 }, { quantity: 3 }]);
    });
  });

  test("an hour that one process is filling is not sent half filled by another, whose clock is behind", async () => {
    const { outbox, store, service, pass, another } = await scene();
    await outbox.record(
      Array.from({ length: 5_003 }, (_, n) => ({
        readingId: `${n}`,
        tenant: "t-0",
        meter: "seats",
        quantity: 1,
        at: new Date(START),
      })),
    );
    pass(41);
    const punctual = service.client(() => 0);
    const behind = await another({
      client: {
        ...punctual,
        serviceTime: () => {
          const told = punctual.serviceTime();
          return told === undefined ? undefined : new Date(told.getTime() - 5 * MINUTE_MS);
        },
      },
    });
    let isHalfFilled = false;
    let run: Promise<unknown> | undefined;
    const filling = await another({
      world: {
        machineMs: () => service.nowMs,
        reached: (point) => (isHalfFilled ||= point === "readings-assigned"),
        delay: async () => {
          await new Promise((resume) => setImmediate(resume));
          if (isHalfFilled) await (run ??= behind.deliverDue());
        },
      },
    });
    await filling.deliverDue();
    expect([...service.kept.values()]).toMatchObject([{ quantity: 5_003 }]);
    expect(await store.summary()).toMatchObject({ waitingReadings: 0, endedReadings: [] });
  });

  describe("one key does not hold up the others", () => {
    test("an hour of more units than any column holds is held, with an alarm; it ends as refused, and all adds up", async () => {
      const { outbox, store, use, pass, states } = await scene();
      for (let at = 0; at < 9; at += 1) await use(NINES, { tags: { team: `${at % 2}` } });
      await use("3000", { meter: "gb" });
      await use(`-${NINES}`, { minutesAgo: 60 });
      pass(60);
      expect(await outbox.deliverDue()).toMatchObject({ settled: { delivered: 1 } });
      // Below zero: the hour before is a credit, which takes one of the nine away.
      expect(await states()).toEqual({ delivered: 1, empty: 1, held: 1 });
      const sum = (BigInt(NINES) * 8n).toString();
      expect((await outbox.status()).alarms).toMatchObject([
        { kind: "overflow", message: expect.stringContaining(sum) as string },
      ]);
      expect(await outbox.verify()).toMatchObject({ ok: true, problems: [] });
      // As it was written before: with what it comes to, where a column held that.
      const [held] = await store.entries({ states: ["held"] });
      if (held === undefined) throw new Error("One is held.");
      await store.transact((transaction) => transaction.saveEntries([{ ...held, units: 4_000_000_000_000 }]));
      expect(await outbox.verify()).toMatchObject({ ok: true, problems: [] });
      await store.transact((transaction) => transaction.saveEntries([{ ...held, units: 4 }]));
      expect(await outbox.verify()).toMatchObject({
        ok: false,
        problems: [expect.stringMatching(/more than a record can carry, and it says 4/) as string],
      });
      await store.transact((transaction) => transaction.saveEntries([held]));
      pass(26 * 60);
      await outbox.deliverDue();
      expect((await outbox.status()).alarms).toMatchObject([
        { kind: "refused", message: expect.stringMatching(/\(more than 2147483647 of seats .* overflow/) as string },
      ]);
      expect(await states()).toEqual({ delivered: 1, empty: 1, refused: 1 });
      expect(await outbox.verify()).toMatchObject({ ok: true, problems: [] });
    });

    test("a key that cannot be worked on is an alarm, once, and the others go out; the alarm goes when it can be", async () => {
      const { store, another, use, pass, service } = await scene();
      let isBroken = true;
      const broken = changed(store, {
        transact: (work) =>
          store.transact((transaction) =>
            work({
              ...transaction,
              insertEntry: async (entry) => {
                if (isBroken && entry.dimension === "gb") throw new RangeError("such an entry there cannot be");
                return transaction.insertEntry(entry);
              },
            }),
          ),
      });
      const outbox = await another({ store: broken });
      await use("3000", { meter: "gb" });
      await use("2");
      pass(60);
      for (let run = 0; run < 3; run += 1) await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2 }]);
      expect((await outbox.status()).alarms).toMatchObject([
        { kind: "not-closed", count: 1, message: expect.stringMatching(/^gb for .* such an entry/) as string },
      ]);
      isBroken = false;
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 2 }, { quantity: 3 }]);
      expect(await outbox.status()).toMatchObject({ health: "ok", alarms: [] });
    });

    test("a store that cannot keep ends the run, and is no key's trouble", async () => {
      const { store, another, use, pass } = await scene();
      const full = changed(store, {
        transact: (work) => store.transact((transaction) => work({ ...transaction, insertEntry: diskIsFull })),
      });
      const outbox = await another({ store: full });
      await use("2");
      pass(60);
      await expect(outbox.deliverDue()).rejects.toMatchObject({ code: "store" });
      expect((await outbox.status()).alarms).toMatchObject([{ kind: "service", subject: "delivery" }]);
    });
  });
});

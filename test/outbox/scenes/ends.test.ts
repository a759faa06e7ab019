/** How entries end, and what follows for their readings and balances. */
import { describe, expect, test } from "vitest";
import { ACCOUNT, HOUR_MS, MINUTE_MS, PATIENCE, SCENES, START, type MakeScene } from "./scene.ts";
import { METERS } from "../model/lived.ts";

/** A customer's usage, to be sent within the hour after it has left. */
async function leaving(make: MakeScene) {
  const place = await make();
  await place.outbox.bind({
    tenant: "t-0",
    productCode: METERS.gb.productCode,
    customerAccountId: ACCOUNT,
    from: START - 72 * HOUR_MS,
    until: START + MINUTE_MS,
  });
  await place.use("3");
  place.pass(62);
  return place;
}

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("a customer without an agreement", () => {
    test("has its usage held, tried every half hour, and delivered once it is there again (suspended, not yet subscribed)", async () => {
      const { outbox, service, use, pass, states } = await scene();
      service.suspended.add(ACCOUNT);
      await use("3");
      pass(60);
      expect(await outbox.deliverDue()).toMatchObject({ settled: { held: 1 } });
      expect((await outbox.status()).alarms).toMatchObject([
        { kind: "held", message: expect.stringMatching(/CustomerNotSubscribed/) as string },
      ]);
      pass(20);
      expect((await outbox.deliverDue()).calls).toBe(1);
      service.suspended.clear();
      pass(15);
      expect(await outbox.deliverDue()).toMatchObject({ settled: { delivered: 1 } });
      expect(await outbox.status()).toMatchObject({ alarms: [], health: "ok" });
      expect(await states()).toEqual({ delivered: 1 });
    });

    test("O9: has it refused at the end of its window, and what it took from the balance given back", async () => {
      const { outbox, store, service, use, pass, states } = await scene();
      await use("-500", { meter: "gb" });
      await use("5", { meter: "seats" });
      pass(60);
      await outbox.deliverDue();
      expect(await store.balances()).toMatchObject([
        { dimension: "gb", amount: "-500" },
        { dimension: "seats", amount: "0" },
      ]);
      service.suspended.add(ACCOUNT);
      await use("3000", { meter: "gb" });
      pass(60);
      await outbox.deliverDue();
      expect(await store.balances()).toMatchObject([{ dimension: "gb", amount: "500" }, { amount: "0" }]);
      for (let hour = 0; hour < 26; hour += 1) {
        pass(60);
        await outbox.deliverDue();
      }
      expect(await states()).toEqual({ delivered: 1, empty: 1, refused: 1 });
      // 3000 less the credit of 500 was 2 units and a half; refused are 2500, and the credit is owed still.
      expect(await store.balances()).toMatchObject([{ dimension: "gb", amount: "0" }, { amount: "0" }]);
      expect(await outbox.verify()).toMatchObject({ ok: true });
    });
  });

  describe("a refused record", () => {
    test("O11: is halved out of its batch; the others are delivered in the same run", async () => {
      const { outbox, service, use, pass, states, store } = await scene();
      service.unknownDimensions.add("seats");
      for (const tenant of ["a", "b", "c", "d", "e"]) {
        await outbox.bind({
          tenant,
          productCode: METERS.gb.productCode,
          customerAccountId: `2222333344${tenant.charCodeAt(0) - 90}${tenant.charCodeAt(0) - 90}`
            .slice(0, 12)
            .padEnd(12, "0"),
          from: 1_700_000_000_000,
        });
        await use("2000", { tenant, meter: "gb" });
      }
      await use("7");
      pass(60);
      expect(await outbox.deliverDue()).toMatchObject({ settled: { delivered: 5, held: 1 } });
      expect(await states()).toEqual({ delivered: 5, held: 1 });
      expect(await store.entries({ states: ["held"] })).toMatchObject([
        { alone: true, why: "InvalidUsageDimensionException" },
      ]);
      // Renamed: its readings follow what holds now.
      const [held] = await store.entries({ states: ["held"] });
      await outbox.dissolve(held?.entryId ?? "", "the dimension was published late");
      service.unknownDimensions.clear();
      await outbox.deliverDue();
      expect(await states()).toEqual({ delivered: 6, dissolved: 1 });
      expect(await outbox.verify()).toMatchObject({ ok: true });
    });
  });

  describe("after a lost answer", () => {
    test.each(["lost before", "lost after"] as const)(
      "O2, %s: the same body is sent again, and counts once",
      async (happening) => {
        const { outbox, service, use, pass, states } = await scene();
        await use("3");
        pass(60);
        service.script = [happening];
        await outbox.deliverDue();
        pass(1);
        await outbox.deliverDue();
        expect(await states()).toEqual({ delivered: 1 });
        expect([...service.kept.values()].map(({ quantity }) => quantity)).toEqual([3]);
      },
    );

    test("a service that calls the same record a duplicate leaves a doubt, which a person resolves with a reason", async () => {
      const { outbox, service, store, use, pass, states } = await scene({}, "DuplicateRecord");
      await use("3");
      pass(60);
      service.script = ["lost after"];
      await outbox.deliverDue();
      pass(1);
      await outbox.deliverDue();
      expect(await states()).toEqual({ doubtful: 1 });
      const [entry] = await store.entries({ states: ["doubtful"] });
      const id = entry?.entryId ?? "";
      await expect(outbox.dissolve(id, "x")).rejects.toMatchObject({ code: "refused" });
      await expect(outbox.resolve(id, "delivered", " ")).rejects.toMatchObject({ code: "refused" });
      expect(await outbox.resolve(id, "delivered", "CloudTrail event 123")).toMatchObject({ state: "delivered" });
      await expect(outbox.resolve(id, "not-kept", "x")).rejects.toThrow(/is delivered, not doubtful/);
      expect((await outbox.status()).alarms).toEqual([]);
    });

    test("the answer of a sender that was stopped beyond its lease is taken, though another has sent since", async () => {
      const { outbox, another, service, use, pass, states } = await scene({}, "DuplicateRecord");
      await use("3");
      pass(60);
      service.script = ["held after"];
      const stopped = outbox.deliverDue();
      await expect.poll(() => service.isHolding, PATIENCE).toBe(true);
      pass(5);
      await (await another()).deliverDue();
      expect(await states()).toEqual({ doubtful: 1 });
      pass(5);
      service.release();
      await stopped;
      expect(await states()).toEqual({ delivered: 1 });
      expect((await outbox.status()).alarms).toEqual([]);
    });

    test.each(["lost before", "lost after", "unprocessed"] as const)(
      "%s: what comes for the hour then is late, since it may have been sent (O8)",
      async (happening) => {
        const { outbox, service, store, use, pass, states } = await scene();
        await use("3");
        pass(60);
        service.script = [happening];
        await outbox.deliverDue();
        await use("4", { minutesAgo: 60 });
        pass(1);
        await outbox.deliverDue();
        expect(await states()).toEqual({ delivered: 1 });
        expect([...service.kept.values()]).toMatchObject([{ quantity: 3 }]);
        expect(await store.summary()).toMatchObject({ endedReadings: [{ end: "late", count: 1 }] });
      },
    );

    test("a time-out at the end of the window is doubtful, and never refused or carried (O8)", async () => {
      const { outbox, service, use, pass, states } = await scene();
      await use("3");
      pass(60);
      service.script = ["lost before"];
      await outbox.deliverDue();
      pass(26 * 60);
      await outbox.deliverDue();
      expect(await states()).toEqual({ doubtful: 1 });
    });
  });

  describe("a person who decides", () => {
    test("is told to wait while the entry is being sent; an answer that says otherwise is an alarm, and bills nothing twice", async () => {
      const { outbox, another, service, store, use, pass, states } = await scene();
      await use("3");
      pass(60);
      service.script = ["held before"];
      const stopped = outbox.deliverDue();
      await expect.poll(() => service.isHolding, PATIENCE).toBe(true);
      pass(5);
      service.suspended.add(ACCOUNT);
      const other = await another();
      await other.deliverDue();
      expect(await states()).toEqual({ doubtful: 1 });
      const [{ entryId } = { entryId: "" }] = await store.entries({});
      await expect(other.resolve(entryId, "not-kept", "not in the trail")).rejects.toThrow(/being sent at this moment/);
      pass(5);
      // Too soon still: the first call is under way, though its lease is over.
      expect(await other.resolve(entryId, "not-kept", "not in the trail")).toMatchObject({ state: "frozen" });
      await other.dissolve(entryId, "to be made anew");
      await other.deliverDue();
      expect(await states()).toEqual({ dissolved: 1, held: 1 });
      service.suspended.clear();
      service.release();
      await stopped;
      expect(await states()).toEqual({ dissolved: 1, held: 1 });
      expect((await outbox.status()).alarms).toContainEqual(
        expect.objectContaining({ kind: "delivered-after-all", subject: entryId }),
      );
      pass(31);
      await other.deliverDue();
      expect(await states()).toEqual({ delivered: 1, dissolved: 1 });
      expect([...service.kept.values()]).toMatchObject([{ quantity: 3 }]);
      expect(await outbox.verify()).toMatchObject({ ok: true });
    });

    test("does not take apart what another program's usage stands in the way of: nobody knows what of it was billed", async () => {
      const { outbox, service, store, use, pass, states } = await scene();
      await use("3");
      pass(60);
      // The old script, which nobody has stopped.
      const record = { timestamp: new Date(START), dimension: "seats", customerAccountId: ACCOUNT };
      const key = [METERS.seats.productCode, ACCOUNT, "seats", Math.floor(START / HOUR_MS)];
      service.kept.set(JSON.stringify(key), { id: "id-of-the-script", quantity: 2, text: "other", record });
      await outbox.deliverDue();
      expect(await states()).toEqual({ refused: 1 });
      const [{ entryId } = { entryId: "" }] = await store.entries({});
      await expect(outbox.dissolve(entryId, "x")).rejects.toThrow(/not surely unkept/);
    });

    test("dissolves nothing before `restored` was said, where the database has another history", async () => {
      const { outbox, service, store, use, pass } = await scene();
      service.suspended.add(ACCOUNT);
      await use("3");
      pass(60);
      await outbox.deliverDue();
      await store.transact((transaction) => transaction.saveStoreRow({ heldBack: "another history" }));
      const [{ entryId } = { entryId: "" }] = await store.entries({});
      await expect(outbox.dissolve(entryId, "x")).rejects.toThrow(/before `restored` was said: another history/);
      await outbox.restored();
      // By now it may have been sent by what was lost.
      await expect(outbox.dissolve(entryId, "x")).rejects.toThrow(/not surely unkept/);
    });
  });

  describe("O12: an entry whose customer's last hour is over is tried again all the same, as long as its window is open", () => {
    test.each(["unprocessed", "lost after", "throttled"] as const)("after %s", async (happening) => {
      const { outbox, service, pass, states } = await leaving(scene);
      service.script = [happening];
      await outbox.deliverDue();
      expect(await states()).toEqual({ frozen: 1 });
      for (let minute = 0; minute < 10; minute += 1) {
        pass(1);
        await outbox.deliverDue();
      }
      expect(await states()).toEqual({ delivered: 1 });
    });

    test("when it is held: every half hour", async () => {
      const { outbox, service, pass, states } = await leaving(scene);
      service.suspended.add(ACCOUNT);
      await outbox.deliverDue();
      expect(await states()).toEqual({ held: 1 });
      service.suspended.clear();
      for (let minute = 0; minute < 31; minute += 1) {
        pass(1);
        await outbox.deliverDue();
      }
      expect(await states()).toEqual({ delivered: 1 });
    });
  });

  describe("what is lost in passing", () => {
    test.each(["throttled", "unprocessed", "half unprocessed", "fault after"] as const)(
      "%s: is sent again",
      async (happening) => {
        const { outbox, service, use, pass, states } = await scene();
        await use("3");
        await use("3000", { meter: "gb" });
        pass(60);
        service.script = [happening];
        await outbox.deliverDue();
        pass(1);
        await outbox.deliverDue();
        expect(await states()).toEqual({ delivered: 2 });
      },
    );
  });

  test("an overflow is held, with an alarm; corrections let it go on", async () => {
    const { outbox, use, pass, states, service } = await scene();
    await use("2147483648");
    pass(60);
    await outbox.deliverDue();
    expect(await states()).toEqual({ held: 1 });
    expect((await outbox.status()).alarms).toMatchObject([{ kind: "overflow" }]);
    await use("-2147483640", { minutesAgo: 60 });
    await outbox.deliverDue();
    expect(await states()).toEqual({ delivered: 1, dissolved: 1 });
    expect([...service.kept.values()]).toMatchObject([{ quantity: 8 }]);
    expect((await outbox.status()).alarms).toEqual([]);
  });

  test("what comes after its hour was sent is late, and told; below zero it becomes a credit", async () => {
    const { outbox, store, use, pass, service } = await scene();
    await use("3");
    pass(60);
    await outbox.deliverDue();
    await use("4", { minutesAgo: 60 });
    await use("-2", { minutesAgo: 60 });
    await use("7");
    pass(60);
    await outbox.deliverDue();
    expect((await outbox.status()).alarms).toMatchObject([
      { kind: "late", count: 2, message: expect.stringMatching(/4 is not billed; -2 is credited/) as string },
    ]);
    expect([...service.kept.values()].map(({ quantity }) => quantity)).toEqual([3, 5]);
    expect(await store.balances()).toMatchObject([{ amount: "0", credited: "-2" }]);
    expect(await outbox.verify()).toMatchObject({ ok: true });
  });

  test("what takes back usage that was never billed is no credit: of an hour without an entry, or one that was refused", async () => {
    const { outbox, store, use, pass, service, states } = await scene();
    await use("-5", { minutesAgo: 26 * 60 });
    service.suspended.add(ACCOUNT);
    await use("3");
    pass(60);
    await outbox.deliverDue();
    for (let hour = 0; hour < 26; hour += 1) {
      pass(60);
      await outbox.deliverDue();
    }
    expect(await states()).toEqual({ refused: 1 });
    await use("-2", { minutesAgo: 27 * 60 });
    await outbox.deliverDue();
    expect(await store.summary()).toMatchObject({ endedReadings: [{ end: "late", count: 2 }] });
    expect((await store.balances()).filter(({ amount, credited }) => amount !== "0" || credited !== "0")).toEqual([]);
    expect(await outbox.verify()).toMatchObject({ ok: true });
  });

  test("what takes back usage that was billed is a credit, also when its window has closed", async () => {
    const { outbox, store, use, pass } = await scene();
    await use("3");
    pass(60);
    await outbox.deliverDue();
    pass(26 * 60);
    await use("-2", { minutesAgo: 27 * 60 });
    await outbox.deliverDue();
    expect(await store.summary()).toMatchObject({ endedReadings: [{ end: "credited", count: 1 }] });
    expect(await store.balances()).toMatchObject([{ amount: "-2", credited: "-2" }]);
  });

  test("an entry whose window has closed is not taken apart: it ends as what it is, and its usage stays in the totals", async () => {
    const { outbox, store, service, use, pass } = await scene({ dedupeDays: 2 });
    service.suspended.add(ACCOUNT);
    await use("3");
    pass(60);
    await outbox.deliverDue();
    for (let hour = 0; hour < 26; hour += 1) {
      pass(60);
      await outbox.deliverDue();
    }
    const totals = await store.totals();
    expect(totals).toMatchObject([{ fate: "refused", readings: 1, sum: "3" }]);
    const [{ entryId } = { entryId: "" }] = await store.entries({});
    await expect(outbox.dissolve(entryId, "bound anew")).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(/has closed at .* it ends as what it is, refused/) as string,
    });
    pass(49 * 60);
    await outbox.deliverDue();
    await expect(outbox.dissolve(entryId, "bound anew")).rejects.toMatchObject({ code: "refused" });
    expect(await store.totals()).toEqual(totals);
  });

  test("an hour of nothing is not sent, and what comes later still can be", async () => {
    const { outbox, use, pass, states, service } = await scene();
    await use("0");
    pass(60);
    await outbox.deliverDue();
    expect(await states()).toEqual({ empty: 1 });
    expect(service.kept.size).toBe(0);
    await use("2", { minutesAgo: 60 });
    await outbox.deliverDue();
    expect(await states()).toEqual({ delivered: 1, dissolved: 1 });
  });
});

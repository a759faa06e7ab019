/** What was set aside is seen where it is looked for, and what a wrong clock set aside comes back by itself. */
import { describe, expect, test } from "vitest";
import { ACCOUNT, HOUR_MS, SCENES, START, type MakeScene } from "./scene.ts";

async function misled(make: MakeScene) {
  const place = await make();
  // A run meets the clock that is wrong; then somebody puts it right.
  place.skew(48 * 60);
  await place.outbox.deliverDue();
  place.skew(-48 * 60);
  await place.use("3");
  expect(await place.store.setAside({ limit: 9 })).toMatchObject([{ reason: "ahead" }]);
  expect((await place.outbox.status()).alarms).toMatchObject([{ kind: "set-aside", subject: "ahead" }]);
  return place;
}

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("what is set aside as ahead, since this machine's clock went ahead and was put right,", () => {
    test("is recorded by the next run, and billed", async () => {
      const { outbox, store, service, pass } = await misled(scene);
      await outbox.deliverDue();
      expect(await store.setAside({ limit: 9 })).toEqual([]);
      expect(await outbox.status()).toMatchObject({ alarms: [], waitingReadings: 1 });
      pass(60);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 3 }]);
    });

    test("counts once where two runs look at the same time", async () => {
      const { outbox, another, store } = await misled(scene);
      const other = await another();
      await Promise.all([outbox.deliverDue(), other.deliverDue()]);
      expect(await store.setAside({ limit: 9 })).toEqual([]);
      expect(await store.summary()).toMatchObject({ waitingReadings: 1 });
    });
  });

  test("what lay more than a day ahead when it came stays aside: it may have been recorded under another id since", async () => {
    const { outbox, store, pass } = await scene();
    await outbox.deliverDue();
    const at = (readingId: string, hours: number) =>
      outbox.record({ readingId, tenant: "t-0", meter: "seats", quantity: 1, at: new Date(START + hours * HOUR_MS) });
    expect(await at("wrong", 30)).toMatchObject([{ reason: "ahead" }]);
    expect(await at("put right", 0)).toMatchObject([{ answer: "recorded" }]);
    pass(31 * 60);
    await outbox.deliverDue();
    expect(await store.setAside({ limit: 9 })).toMatchObject([{ given: { readingId: "wrong" }, reason: "ahead" }]);
    expect((await store.totals()).reduce((sum, { readings }) => sum + readings, 0)).toBe(1);
  });

  test("what a wrong clock set aside is not recorded where its id was used since to put it right", async () => {
    const { outbox, store, use } = await misled(scene);
    const [{ given } = { given: undefined }] = await store.setAside({ limit: 9 });
    await outbox.deliverDue();
    expect(await store.setAside({ limit: 9 })).toEqual([]);
    const { readingId = "", tenant = "", meter = "", quantity = "", at = "" } = given ?? {};
    expect(await outbox.record({ readingId, tenant, meter, quantity, at })).toMatchObject([{ answer: "known" }]);
    await use("4");
    expect(await store.summary()).toMatchObject({ waitingReadings: 2 });
  });

  test("explain shows what of a tenant's hour was set aside, and what may be of it", async () => {
    const { outbox } = await scene();
    const reading = { tenant: "t-0", meter: "seats", quantity: 1, at: new Date(START) };
    await outbox.bind({ tenant: "t-1", productCode: "other", customerAccountId: ACCOUNT, from: START });
    await outbox.record([
      { ...reading, readingId: "bad quantity", quantity: "many" },
      { ...reading, readingId: "bad time", at: "today" },
      { ...reading, readingId: "no meter", meter: "seets" },
      { ...reading, readingId: "other meter", meter: "gb", quantity: "many" },
      { ...reading, readingId: "other hour", quantity: "many", at: new Date(START + HOUR_MS) },
      { ...reading, readingId: "other tenant", tenant: "t-1", quantity: "many" },
    ]);
    const { setAside } = await outbox.explain({ tenant: "t-0", meter: "seats", hour: new Date(START) });
    expect(setAside.map(({ given }) => given.readingId).toSorted()).toEqual(["bad quantity", "bad time", "no meter"]);
    expect(setAside.every(({ message }) => message !== "")).toBe(true);
  });
});

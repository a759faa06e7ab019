/** Readings that come when their hour has an entry already: they go along with it as long as nothing stands under its key. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { freezeDue } from "../../../packages/outbox/src/lifecycle/freeze-due.ts";
import { ACCOUNT, MINUTE_MS, SCENES, type MakeScene } from "./scene.ts";

/** Three seats of an hour, frozen and not sent; its window has closed a quarter of an hour ago. */
async function unsentBeyondItsWindow(make: MakeScene) {
  const place = await make();
  const { outbox, service, store, use, pass } = place;
  await outbox.deliverDue();
  await use("3");
  pass(60);
  const world = { machineMs: () => service.nowMs, uuid: randomUUID, reached: () => undefined, delay: async () => {} };
  await freezeDue({
    reads: store,
    gathering: { transact: store.transact.bind(store), world },
    serviceMs: service.nowMs,
  });
  expect(await place.states()).toEqual({ frozen: 1 });
  pass(23 * 60 + 45);
  // One of the service's machines: its clock is behind the one that told the time.
  service.onCall = async () => {
    service.nowMs -= 50 * MINUTE_MS;
    service.onCall = async () => undefined;
  };
  return place;
}

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("an entry that was not sent before its window closed, and that the service takes all the same", () => {
    test.each([
      ["below zero", "-2", 1],
      ["above zero", "4", 7],
    ])("has what came since, %s", async (_name, quantity, billed) => {
      const { outbox, store, service, use, states } = await unsentBeyondItsWindow(scene);
      await use(quantity, { minutesAgo: 24 * 60 + 45 });
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: billed }]);
      expect(await states()).toEqual({ delivered: 1, dissolved: 1 });
      expect((await store.summary()).endedReadings).toEqual([]);
      expect(await outbox.verify()).toMatchObject({ ok: true });
    });
  });

  test("an entry that is held takes what comes since: where it is refused for good, nobody is owed anything", async () => {
    const { outbox, store, service, use, pass, states } = await scene();
    service.suspended.add(ACCOUNT);
    await use("3");
    pass(60);
    await outbox.deliverDue();
    expect(await states()).toEqual({ held: 1 });
    await use("-2", { minutesAgo: 60 });
    await outbox.deliverDue();
    expect(await states()).toEqual({ dissolved: 1, held: 1 });
    for (let hour = 0; hour < 26; hour += 1) {
      pass(60);
      await outbox.deliverDue();
    }
    expect(await states()).toEqual({ dissolved: 1, refused: 1 });
    expect(await store.balances()).toMatchObject([{ amount: "0", credited: "0" }]);
    expect(await outbox.verify()).toMatchObject({ ok: true });
  });

  test("an entry that is held is billed with what came since, once its customer is there again", async () => {
    const { outbox, service, use, pass } = await scene();
    service.suspended.add(ACCOUNT);
    await use("3");
    pass(60);
    await outbox.deliverDue();
    await use("4", { minutesAgo: 60 });
    await use("-2", { minutesAgo: 60 });
    service.suspended.clear();
    await outbox.deliverDue();
    expect([...service.kept.values()]).toMatchObject([{ quantity: 5 }]);
    expect(await outbox.status()).toMatchObject({ alarms: [], health: "ok" });
  });
});

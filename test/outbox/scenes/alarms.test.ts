/** What a person should see: told while it is so, gone when it is over or was looked at. */
import { describe, expect, onTestFinished, test } from "vitest";
import { HOUR_MS, MINUTE_MS, PATIENCE, SCENES, START, changed } from "./scene.ts";
import { METERS } from "../model/lived.ts";

const productCode = METERS.gb.productCode;
const licence = (last: string) => ({
  tenant: "t-1",
  productCode,
  customerAccountId: "222233334444",
  licenseArn: `arn:aws:license-manager::294406891311:license:l-${last}`,
  from: START - HOUR_MS,
});

describe.each(SCENES)("in %s", (_store, scene) => {
  test("delivery that fails in every run is an alarm of the worker's, told, and taken back by a run that works", async () => {
    const { store, another, use, pass, states } = await scene();
    let fails = true;
    const failing = changed(store, {
      incarnation: async () => {
        if (fails) throw new RangeError("nobody knows why");
        return undefined;
      },
    });
    const outbox = await another({ store: failing });
    await use("3");
    pass(60);
    const told: string[] = [];
    const worker = outbox.start({
      everySeconds: 0.01,
      onAlarm: ({ kind, message }) => void told.push(`${kind} ${message}`),
    });
    onTestFinished(() => worker.stop());
    await expect.poll(() => told, PATIENCE).toEqual(["service A delivery run failed: nobody knows why"]);
    expect(await outbox.status()).toMatchObject({ health: "at-risk", alarms: [{ kind: "service", count: 1 }] });
    fails = false;
    await expect.poll(states, PATIENCE).toEqual({ delivered: 1 });
    await expect.poll(() => store.alarms({}), PATIENCE).toEqual([]);
    expect(await outbox.status()).toMatchObject({ health: "ok" });
  });

  test("a run from a timer that fails leaves the same alarm", async () => {
    const { store, another } = await scene();
    const outbox = await another({
      store: changed(store, { meters: () => Promise.reject(new RangeError("so it is")) }),
    });
    for (let run = 0; run < 2; run += 1) await expect(outbox.deliverDue()).rejects.toThrow("so it is");
    expect(await store.alarms({})).toMatchObject([{ kind: "service", subject: "delivery", count: 1 }]);
  });

  test("an hour that should have been closed long ago is a risk, whatever the alarms say", async () => {
    const { outbox, use, pass } = await scene();
    await use("3", { tenant: "t-9" });
    pass(90);
    await outbox.deliverDue();
    expect(await outbox.status()).toMatchObject({ health: "ok", waitingReadings: 1, alarms: [] });
    pass(12);
    await outbox.deliverDue();
    expect(await outbox.status()).toMatchObject({ health: "at-risk", waitingReadings: 1, alarms: [] });
  });

  describe("a delivery that never began", () => {
    test("is told by whoever asks for alarms, once something waits", async () => {
      const { outbox, another, use, pass, store } = await scene();
      pass(90);
      expect(await outbox.alarms()).toEqual([]);
      await use("3");
      pass(2);
      const asking = await another();
      expect(await asking.alarms()).toMatchObject([
        { kind: "stalled", message: expect.stringMatching(/No delivery has ever run/) as string },
      ]);
      await use("3");
      pass(2);
      await asking.status();
      expect(await store.alarms({})).toMatchObject([{ kind: "stalled", count: 1 }]);
      await outbox.deliverDue();
      expect(await store.alarms({})).toEqual([]);
    });

    test("in a store that does not say when it was made: by the oldest hour that waits", async () => {
      const { another, use, pass, store } = await scene();
      await store.transact((transaction) => transaction.saveStoreRow({ createdMs: undefined }));
      await use("3");
      pass(60);
      expect(await (await another()).alarms()).toEqual([]);
      pass(31);
      expect(await (await another()).alarms()).toMatchObject([{ kind: "stalled" }]);
    });

    test("has not to begin before the first hour that it may send", async () => {
      const { another, use, pass } = await scene({ startAt: START + 90 * MINUTE_MS });
      await use("3");
      pass(120);
      expect(await (await another()).alarms()).toEqual([]);
      pass(31);
      expect(await (await another()).alarms()).toMatchObject([{ kind: "stalled" }]);
    });
  });

  test("an ambiguity that is over takes its alarm back; another one of the same tenant is told again", async () => {
    const { outbox, use, pass } = await scene();
    await outbox.bind([licence("a"), licence("b")]);
    await use("2", { tenant: "t-1" });
    pass(60);
    for (let run = 0; run < 2; run += 1) await outbox.deliverDue();
    expect((await outbox.status()).alarms).toMatchObject([{ kind: "ambiguous-binding", count: 1 }]);
    await outbox.told(await outbox.alarms());
    await outbox.bind({ ...licence("a"), until: START - MINUTE_MS });
    await outbox.deliverDue();
    expect(await outbox.status()).toMatchObject({ health: "ok", alarms: [] });
    await outbox.bind({ ...licence("c"), from: START - MINUTE_MS });
    await use("2", { tenant: "t-1" });
    pass(60);
    await outbox.deliverDue();
    expect(await outbox.alarms()).toMatchObject([{ kind: "ambiguous-binding", count: 1 }]);
  });

  test("an alarm that somebody has looked at goes, and all is well again; one that has happened again stays", async () => {
    const { outbox, use } = await scene();
    await use("x");
    const [first] = (await outbox.status()).alarms;
    if (first === undefined) throw new Error("There is an alarm.");
    await use("y");
    expect(await outbox.acknowledge([first])).toBe(0);
    expect(await outbox.status()).toMatchObject({ health: "at-risk", alarmCounts: [{ kind: "set-aside", count: 1 }] });
    expect(await outbox.acknowledge((await outbox.status()).alarms)).toBe(1);
    expect(await outbox.status()).toMatchObject({ health: "ok", alarms: [], alarmCounts: [] });
    await use("z");
    expect(await outbox.status()).toMatchObject({ health: "at-risk", alarms: [{ kind: "set-aside", count: 1 }] });
  });

  test("alarms and what was set aside go by themselves when their time has come", async () => {
    const { outbox, use, pass, store } = await scene({ dedupeDays: 2, keepDays: 30 });
    await outbox.deliverDue();
    await use("x");
    await outbox.told(await outbox.alarms());
    await use("3");
    pass(60);
    await outbox.deliverDue();
    await use("4", { minutesAgo: 60 });
    await outbox.deliverDue();
    expect((await store.alarms({})).map(({ kind }) => kind)).toEqual(["set-aside", "late"]);
    pass(49 * 60);
    await outbox.deliverDue();
    // What nobody was told of stays.
    expect((await store.alarms({})).map(({ kind }) => kind)).toEqual(["late"]);
    expect(await store.setAside({ limit: 9 })).toEqual([]);
    pass(29 * 24 * 60);
    await outbox.deliverDue();
    expect(await store.alarms({})).toEqual([]);
  });
});

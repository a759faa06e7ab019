/** Bad input, wrong clocks, stores that are somebody else's: each has a clear end. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MeteringError } from "@countinghouse/client";
import { openOutbox, type OutboxStore } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { verify } from "../../../packages/outbox/src/report/verify.ts";
import { METERS } from "../model/lived.ts";
import { folderOfTest } from "../../support/outbox.ts";
import { HOUR_MS, PATIENCE, SCENES, START, scene as sceneInFile } from "./scene.ts";

describe.each(SCENES)("in %s", (_store, scene) => {
  describe("readings as programs get them wrong", () => {
    test.each([
      ["no quantity", { quantity: undefined }, "bad-quantity"],
      ["a quantity that is no number", { quantity: Number.NaN }, "bad-quantity"],
      ["an infinite one", { quantity: Number.POSITIVE_INFINITY }, "bad-quantity"],
      ["10^30", { quantity: 1e30 }, "bad-quantity"],
      ["10^30 as text", { quantity: `1${"0".repeat(30)}` }, "bad-quantity"],
      ["an object for a quantity", { quantity: { value: 1 } }, "bad-quantity"],
      ["no time", { at: undefined }, "bad-time"],
      ["a time without a zone", { at: "2026-11-10 10:00:00" }, "bad-time"],
      ["an invalid Date", { at: new Date("x") }, "bad-time"],
      ["seconds for a time", { at: 1_796_000_000 }, "bad-time"],
      ["no id", { readingId: undefined }, "bad-reading-id"],
      ["a tenant that is null", { tenant: null }, "bad-tenant"],
      ["a name with a null character", { tenant: "a\0b" }, "bad-tenant"],
      ["a meter that there is not", { meter: "hats" }, "unknown-meter"],
      ["tags that are a list", { tags: ["a"] }, "bad-tags"],
      ["a tag that is a number", { tags: { team: 1 } }, "bad-tags"],
      ["six tags", { tags: { a: "1", b: "1", c: "1", d: "1", e: "1", f: "1" } }, "bad-tags"],
      ["a tag that AWS refuses", { tags: { team: "a|b" } }, "bad-tags"],
    ])("%s: is set aside, logged, and an alarm; the others are recorded", async (_what, change, reason) => {
      const logged: string[] = [];
      const { outbox, store } = await scene({ logger: { warn: (line) => logged.push(line) } });
      const good = { readingId: "1", tenant: "t-0", meter: "seats", quantity: 1, at: new Date(START) };
      const bad = { ...good, readingId: "2", ...change } as typeof good;
      const answers = await outbox.record([bad, good]);
      expect(answers).toMatchObject([{ answer: "set-aside", reason }, { answer: "recorded" }]);
      expect(logged).toHaveLength(1);
      expect(await store.alarms({})).toMatchObject([{ kind: "set-aside", subject: reason }]);
    });

    test("what is no reading at all is the program's mistake", async () => {
      const { outbox } = await scene();
      await expect(outbox.record("usage" as never)).rejects.toThrow(TypeError);
      await expect(outbox.record([null as never])).rejects.toThrow(/A reading is an object/);
      expect(await outbox.record([])).toEqual([]);
    });

    test("O15: days ahead and years old are set aside once the service has told its time; before, they wait, and end", async () => {
      const { outbox, store, pass } = await scene();
      const at = (time: number, readingId: string) =>
        outbox.record({ readingId, tenant: "t-0", meter: "seats", quantity: 1, at: new Date(time) });
      expect(await at(START - 3 * 365 * 24 * HOUR_MS, "old")).toMatchObject([{ answer: "recorded" }]);
      await outbox.deliverDue();
      expect(await store.summary()).toMatchObject({ waitingReadings: 0, endedReadings: [{ count: 1 }] });
      expect(await at(START - 3 * 365 * 24 * HOUR_MS, "older")).toMatchObject([
        { answer: "set-aside", reason: "too-old" },
      ]);
      expect(await at(START + 48 * HOUR_MS, "ahead")).toMatchObject([{ answer: "set-aside", reason: "ahead" }]);
      expect(await at(START + 2 * HOUR_MS, "soon")).toMatchObject([{ answer: "recorded" }]);
      pass(4 * 60);
      await outbox.deliverDue();
      expect(await store.summary()).toMatchObject({ waitingReadings: 0 });
    });

    test("2,501 sets of tags go out as one record", async () => {
      const { outbox, service, pass } = await scene();
      const readings = Array.from({ length: 2_501 }, (_, n) => ({
        readingId: `${n}`,
        tenant: "t-0",
        meter: "seats",
        quantity: 1,
        at: new Date(START),
        tags: { team: `team-${n}` },
      }));
      await outbox.record(readings);
      pass(60);
      await outbox.deliverDue();
      const [kept] = service.kept.values();
      expect(kept?.quantity).toBe(2_501);
      expect(kept?.record.usageAllocations).toHaveLength(2_500);
    });
  });

  describe("clocks", () => {
    test("nothing is closed or expires by this machine's clock, however wrong it is", async () => {
      const { outbox, use, skew, states, pass, service } = await scene();
      await use("3");
      skew(48 * 60);
      await outbox.deliverDue();
      expect(await states()).toEqual({});
      skew(-96 * 60);
      pass(60);
      await outbox.deliverDue();
      expect(await states()).toEqual({ delivered: 1 });
      expect((await outbox.now()).getTime()).toBe(service.nowMs);
    });

    test("O15: ids are not forgotten by a clock that goes ahead: what comes again is known, and credited once", async () => {
      const { outbox, store, use, pass, skew, service } = await scene();
      await use("9");
      pass(60);
      await outbox.deliverDue();
      const back = { readingId: "back", tenant: "t-0", meter: "seats", quantity: -2, at: new Date(START) };
      await outbox.record(back);
      await outbox.deliverDue();
      skew(70 * 24 * 60);
      await outbox.deliverDue();
      skew(-70 * 24 * 60);
      await outbox.deliverDue();
      expect(await outbox.record(back)).toMatchObject([{ answer: "known" }]);
      await outbox.deliverDue();
      expect(await store.balances()).toMatchObject([{ amount: "-2" }]);
      expect([...service.kept.values()]).toMatchObject([{ quantity: 9 }]);
    });

    test("nothing is closed before the service has told its time in this process", async () => {
      const { outbox, use, pass, store, states } = await scene();
      await use("3");
      pass(60);
      const silent = {
        batchMeterUsageOutcome: async () => ({
          ok: false as const,
          error: new MeteringError({ name: "ConnectionError", message: "gone", retry: "transient" }),
        }),
      };
      const other = await openOutbox({
        name: "scene",
        store,
        client: {
          ...silent,
          serviceTime: () => undefined,
          destination: async () => ({ endpoint: "https://metering.example/", region: "us-east-1" }),
        },
      });
      expect(await other.deliverDue()).toMatchObject({ stoppedBy: { name: "ConnectionError" }, calls: 1 });
      expect(await states()).toEqual({});
      expect((await outbox.status()).alarms).toMatchObject([
        { kind: "service", message: expect.stringMatching(/gone/) as string },
      ]);
      await outbox.deliverDue();
      expect(await outbox.status()).toMatchObject({ alarms: [] });
    });

    test("credentials that are gone are an alarm, and nothing is lost", async () => {
      const { store, use, pass, outbox } = await scene();
      await use("3");
      pass(60);
      const error = new MeteringError({ name: "CredentialsError", message: "No credentials were found." });
      const client = {
        batchMeterUsageOutcome: async () => ({ ok: false as const, error }),
        serviceTime: () => undefined,
        destination: async () => ({ endpoint: "https://metering.example/", region: "us-east-1" }),
      };
      const other = await openOutbox({ name: "scene", store, client });
      for (let run = 0; run < 3; run += 1)
        expect(await other.deliverDue()).toMatchObject({ stoppedBy: { name: "CredentialsError" } });
      // Told once, and not at each run.
      expect((await outbox.status()).alarms).toMatchObject([{ kind: "credentials", count: 1 }]);
      expect(await outbox.deliverDue()).toMatchObject({ settled: { delivered: 1 } });
    });

    test("a delivery that has stopped is an alarm of whoever records", async () => {
      const { outbox, use, pass } = await scene();
      await outbox.deliverDue();
      pass(90);
      await use("3");
      expect((await outbox.status()).alarms).toMatchObject([{ kind: "stalled" }]);
      await outbox.deliverDue();
      expect((await outbox.status()).alarms).toEqual([]);
    });
  });

  describe("stores that are another's", () => {
    test("O7: a store meters at one endpoint and in one region, for good", async () => {
      const { outbox, another, service, use, pass } = await scene();
      await use("3");
      await outbox.deliverDue();
      pass(60);
      for (const place of [
        { endpoint: "https://metering.example/", region: "eu-west-1" },
        { endpoint: "http://127.0.0.1:7420/", region: "us-east-1" },
      ]) {
        const elsewhere = await another({ client: { ...service.client(() => 0), destination: async () => place } });
        await expect(elsewhere.deliverDue()).rejects.toMatchObject({
          code: "other-store",
          message: expect.stringMatching(/billed twice/) as string,
        });
      }
      expect(service.kept.size).toBe(0);
    });

    test("usage from before the first hour is not sent: it was another's to meter", async () => {
      const { outbox, use, pass, service, store } = await scene({ startAt: START + 1_800_000 });
      await use("3");
      pass(40);
      await use("4");
      pass(80);
      await outbox.deliverDue();
      expect([...service.kept.values()]).toMatchObject([{ quantity: 4 }]);
      expect(await store.summary()).toMatchObject({ endedReadings: [{ end: "discarded", count: 1 }] });
    });
  });

  test("verify takes no hour that is closed meanwhile for a mistake, and finds one that is", async () => {
    const { outbox, store, use, pass } = await scene();
    await use("1500", { meter: "gb" });
    pass(60);
    const meanwhile = Object.assign(Object.create(store) as OutboxStore, {
      audited: async (after: string, limit: number) => {
        const page = await store.audited(after, limit);
        await outbox.deliverDue();
        return page;
      },
    });
    for (const method of ["meters", "balances", "totals", "transact", "attemptsOf", "entries"] as const)
      Object.assign(meanwhile, { [method]: (store[method] as (...args: unknown[]) => unknown).bind(store) });
    expect(await verify(meanwhile)).toMatchObject({ ok: true, problems: [] });
    const [balance] = await store.balances();
    if (balance === undefined) throw new Error("Half a unit is left.");
    await store.transact((transaction) => transaction.saveBalance({ ...balance, amount: "501" }));
    expect(await outbox.verify()).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/balance of gb .* is 501, and its entries and credits make 500/) as string],
    });
  });

  test("a dry run tells the bodies that go out, and marks nothing", async () => {
    const { outbox, store, service, use, pass } = await scene();
    await use("3");
    await use("2000", { meter: "gb", tags: { team: "blue" } });
    pass(60);
    const sent: string[] = [];
    const dry = await outbox.dryRun();
    expect(dry).toMatchObject({ records: 2, heldBack: undefined });
    expect(await store.entries({})).toEqual([]);
    expect(await store.balances()).toEqual([]);
    service.onCall = async (records) =>
      void sent.push(...records.map(({ dimension, quantity }) => `${dimension} ${quantity}`));
    await outbox.deliverDue();
    const told = dry.calls.flatMap(
      (call) => (JSON.parse(call) as { UsageRecords: { Dimension: string; Quantity: number }[] }).UsageRecords,
    );
    expect(told.map(({ Dimension, Quantity }) => `${Dimension} ${Quantity}`).toSorted()).toEqual(sent.toSorted());
  });

  test("a worker delivers until it is stopped, and tells each alarm until somebody has taken it", async () => {
    const { outbox, use, pass, states } = await scene();
    await use("x");
    await use("3");
    pass(60);
    const told: string[] = [];
    let takes = false;
    const worker = outbox.start({
      everySeconds: 0.01,
      onAlarm: ({ kind }) => {
        told.push(kind);
        if (!takes) throw new Error("not now");
      },
    });
    onTestFinished(() => worker.stop());
    await expect.poll(() => told.length, PATIENCE).toBeGreaterThan(2);
    takes = true;
    await expect.poll(() => outbox.alarms(), PATIENCE).toEqual([]);
    await worker.stop();
    expect(await states()).toEqual({ delivered: 1 });
    expect(new Set(told)).toEqual(new Set(["set-aside"]));
  });

  test("O16: no secret and no tag is in the metrics, and tenants are no labels", async () => {
    const { outbox, use, pass } = await scene();
    await use("3", { tags: { person: "ann" } });
    await use("3", { tenant: "acme-inc" });
    pass(60);
    await outbox.deliverDue();
    const text = await outbox.metrics();
    expect(text).toMatch(/^countinghouse_outbox_entries\{state="delivered"\} 1$/m);
    expect(text).toMatch(/^countinghouse_outbox_waiting_readings 1$/m);
    expect(text).not.toMatch(/ann|acme|person/);
  });
});

describe.each(SCENES)("after `restored`, in %s", (_store, make) => {
  test("an entry that was half filled may have been sent, too", async () => {
    const { outbox, store, pass, service, another } = await make();
    const many = Array.from({ length: 5_001 }, (_, n) => ({
      readingId: `${n}`,
      tenant: "t-0",
      meter: "seats",
      quantity: 1,
      at: new Date(START),
    }));
    await outbox.record(many);
    pass(60);
    const ending = await another({
      world: {
        machineMs: () => START + HOUR_MS,
        reached: (point) => {
          if (point === "readings-assigned") throw new Error("it ended here");
        },
      },
    });
    await expect(ending.deliverDue()).rejects.toThrow("it ended here");
    expect(await store.entries({})).toMatchObject([{ state: "gathering", readings: 5_000 }]);
    await outbox.restored();
    // What the lost part of the history has sent stands under its key.
    service.kept.set(JSON.stringify([METERS.seats.productCode, "111122223333", "seats", Math.floor(START / HOUR_MS)]), {
      id: "id-before",
      quantity: 7,
      text: "other",
      record: { timestamp: new Date(START), dimension: "seats", customerAccountId: "111122223333" },
    });
    expect(await outbox.deliverDue()).toMatchObject({ settled: { doubtful: 1 } });
  });
});

describe("in a file", () => {
  test("another name, other meters, another first hour, options that are none: refused when it is opened", async () => {
    const path = join(folderOfTest(), "usage.outbox");
    const open = (options: object) =>
      openOutbox({ name: "acme", store: sqliteStore(path), meters: METERS, ...options }).then((outbox) =>
        outbox.close(),
      );
    await open({ startAt: START - 1_800_000 });
    await expect(open({ name: "staging" })).rejects.toMatchObject({ code: "other-store" });
    await expect(open({ meters: { gb: { ...METERS.gb, per: "1024" } } })).rejects.toMatchObject({
      code: "changed-definition",
      message: expect.stringMatching(/per is 1000 here and 1024 there/) as string,
    });
    await expect(open({ meters: { other: METERS.gb } })).rejects.toMatchObject({
      code: "changed-definition",
      message: expect.stringMatching(/has one meter/) as string,
    });
    await expect(open({ startAt: START + HOUR_MS - 1_800_000 })).rejects.toMatchObject({ code: "changed-definition" });
    await expect(open({ startAt: START })).rejects.toThrow(/start of an hour/);
    await expect(open({ holdOpenSeconds: 60 })).rejects.toThrow(/from 300 to/);
    await expect(open({ ruleSet: "future" })).rejects.toThrow(/current or classic|classic or current/);
    await expect(open({ meters: { zero: { ...METERS.seats, per: "0" } } })).rejects.toThrow(/above 0/);
    await expect(open({ name: "" })).rejects.toThrow(/needs a name/);
    await open({});
  });

  test.each([
    ["no database", (path: string) => writeFileSync(path, "usage of October\n"), /no SQLite database/],
    [
      "another program's database",
      (path: string) => {
        const db = new DatabaseSync(path);
        db.exec("CREATE TABLE invoice (id TEXT)");
        db.close();
      },
      /a database of something else/,
    ],
  ])("%s is refused, and left as it is", async (_what, make, message) => {
    const path = join(folderOfTest(), "usage.outbox");
    make(path);
    const before = readFileSync(path);
    const opening = openOutbox({ name: "acme", store: sqliteStore(path), meters: METERS });
    await expect(opening).rejects.toMatchObject({
      code: "other-store",
      message: expect.stringMatching(message) as string,
    });
    expect(readFileSync(path)).toEqual(before);
  });

  test("a folder that is not there is told in words", async () => {
    const path = join(folderOfTest(), "gone", "usage.outbox");
    await expect(openOutbox({ name: "acme", store: sqliteStore(path), meters: METERS })).rejects.toMatchObject({
      code: "store",
      message: expect.stringMatching(/is its folder there/) as string,
    });
  });

  test("a restored backup: what was sent since counts as maybe sent, and nothing is billed twice", async () => {
    const folder = folderOfTest();
    const [path, backup] = [join(folder, "usage.outbox"), join(folder, "backup")];
    const first = await sceneInFile({ store: sqliteStore(path) });
    await first.use("3");
    await first.store.close();
    copyFileSync(path, backup);
    await first.store.open("scene", START);
    await first.use("4");
    first.pass(60);
    await first.outbox.deliverDue();
    expect([...first.service.kept.values()]).toMatchObject([{ quantity: 7 }]);
    // The machine burns down; the backup lacks a reading, and does not know that the hour was sent.
    const restored = await first.another({ store: sqliteStore(backup) });
    await restored.restored();
    expect(await restored.deliverDue()).toMatchObject({ settled: { doubtful: 1 }, heldBack: undefined });
    expect((await restored.status()).alarms).toMatchObject([
      { kind: "doubtful", message: expect.stringMatching(/DuplicateRecord/) as string },
    ]);
    expect([...first.service.kept.values()]).toMatchObject([{ quantity: 7 }]);
    await restored.close();
  });
});

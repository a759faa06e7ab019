/** What comes in is kept once, or set aside; and never thrown back. */
import { describe, expect, test } from "vitest";
import type { SetAsideReason } from "../../src/domain/reading.ts";
import { NOW, given, hourOfTenant, type MakeStore } from "./store-under-test.ts";

/** [reason, members] of readings that are set aside. */
const BAD: readonly (readonly [SetAsideReason, Parameters<typeof given>[0]])[] = [
  ["bad-reading-id", { readingId: "" }],
  ["bad-reading-id", { readingId: "x".repeat(256) }],
  ["bad-reading-id", { readingId: "line\nbreak" }],
  ["bad-tenant", { tenant: "" }],
  ["bad-tenant", { tenant: "\u0001" }],
  ["unknown-meter", { meter: "gigabytes" }],
  ["unknown-meter", { meter: "" }],
  ["bad-quantity", { quantity: "" }],
  ["bad-quantity", { quantity: "many" }],
  ["bad-quantity", { quantity: "NaN" }],
  ["bad-quantity", { quantity: "Infinity" }],
  ["bad-quantity", { quantity: "1e30" }],
  ["bad-quantity", { quantity: "+1" }],
  ["bad-quantity", { quantity: "1." }],
  ["bad-quantity", { quantity: ".5" }],
  ["bad-quantity", { quantity: " 1" }],
  ["bad-quantity", { quantity: "1,5" }],
  ["bad-quantity", { quantity: "0x10" }],
  ["bad-quantity", { quantity: `1${"0".repeat(30)}` }],
  ["bad-quantity", { quantity: "0.1234567890123456789" }],
  ["bad-time", { at: "2026-11-29T10:15:00" }],
  ["bad-time", { at: "2026-11-29" }],
  ["bad-time", { at: "2026-02-30T10:15:00Z" }],
  ["bad-time", { at: "2026-11-29T24:15:00Z" }],
  ["bad-time", { at: "1796000000" }],
  ["bad-time", { at: "Invalid Date" }],
  ["bad-time", { at: "2026-11-29T10:15:00 Europe/Vienna" }],
  ["bad-tags", { tags: '{"team":1}' }],
  ["bad-tags", { tags: '["team"]' }],
  ["bad-tags", { tags: '"team"' }],
  ["bad-tags", { tags: '{"":"x"}' }],
  ["bad-tags", { tags: '{"team":""}' }],
  ["bad-tags", { tags: '{"team":"a|b"}' }],
  ["bad-tags", { tags: '{"größe":"x"}' }],
  ["bad-tags", { tags: `{"${"k".repeat(101)}":"x"}` }],
  ["bad-tags", { tags: `{"k":"${"v".repeat(257)}"}` }],
  ["bad-tags", { tags: '{"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1"}' }],
];

/** [as it comes, as it is kept] */
const QUANTITIES = [
  ["1", "1"],
  ["-1", "-1"],
  ["0", "0"],
  ["-0", "0"],
  ["-0.00", "0"],
  ["007", "7"],
  ["1.50", "1.5"],
  ["1.00", "1"],
  ["-000.5", "-0.5"],
  ["0.123456789012345678", "0.123456789012345678"],
  ["0.1234567890123456780", "0.123456789012345678"],
  ["9".repeat(21), "9".repeat(21)],
] as const;

const TIMES = [
  ["2026-11-29T10:15:00Z", "2026-11-29T10:15:00.000Z"],
  ["2026-11-29T11:15:00+01:00", "2026-11-29T10:15:00.000Z"],
  ["2026-11-29T04:45:00.5-05:30", "2026-11-29T10:15:00.500Z"],
  ["2026-11-29T10:15:00.123999999Z", "2026-11-29T10:15:00.123Z"],
] as const;

const TAGS = [
  ["null", "[]"],
  ["{}", "[]"],
  ['{"b":"2","a":"1"}', '[["a","1"],["b","2"]]'],
  ['{"B":"2","a":"1","_":"3"}', '[["B","2"],["_","3"],["a","1"]]'],
  ['{"say \\"it\\"":"c:\\\\d"}', undefined],
  ['{"quote":"\\"it\\""}', '[["quote","\\"it\\""]]'],
] as const;

export function recordingPromises(fresh: MakeStore): void {
  describe("recording", () => {
    test("O1: what was recorded is there once, for another process, too", async () => {
      const { store, another } = await fresh();
      const reading = given({ tags: '{"team":"blue"}' });
      expect(await store.record([reading], NOW)).toEqual([{ readingId: reading.readingId, answer: "recorded" }]);
      expect(await store.record([reading, reading], NOW)).toEqual([
        { readingId: reading.readingId, answer: "known" },
        { readingId: reading.readingId, answer: "known" },
      ]);
      const kept = await (await another()).readingsOf({ ...hourOfTenant(), limit: 10 });
      expect(kept).toEqual([
        {
          readingId: reading.readingId,
          tenant: "t-1",
          meter: "gb",
          quantity: "1.5",
          atMs: hourOfTenant().hourMs + 900_000,
          hourMs: hourOfTenant().hourMs,
          tags: '[["team","blue"]]',
          recordedMs: expect.any(Number) as number,
          entryId: undefined,
          ended: undefined,
        },
      ]);
    });

    test.each(BAD)("%s is set aside, as it came, with an alarm: %j", async (reason, change) => {
      const { store } = await fresh();
      const good = given();
      const bad = given(change);
      const answers = await store.record([good, bad], NOW);
      expect(answers).toEqual([
        { readingId: good.readingId, answer: "recorded" },
        { readingId: bad.readingId, answer: "set-aside", reason, message: expect.stringMatching(/./) as string },
      ]);
      expect(await store.record([bad], NOW)).toEqual([answers[1]]);
      expect(await store.setAside({ limit: 10 })).toEqual([expect.objectContaining({ given: bad, reason })]);
      expect(await store.alarms({})).toEqual([
        expect.objectContaining({ kind: "set-aside", subject: reason, count: 1 }),
      ]);
    });

    test("a reading that was set aside can be put right under its id", async () => {
      const { store } = await fresh();
      const bad = given({ quantity: "x" });
      await store.record([bad], NOW);
      expect(await store.record([{ ...bad, quantity: "2" }], NOW)).toEqual([
        { readingId: bad.readingId, answer: "recorded" },
      ]);
    });

    test.each(QUANTITIES)("the quantity %s is kept as %s, and known by either", async (text, canonical) => {
      const { store } = await fresh();
      const reading = given({ quantity: text });
      await store.record([reading], NOW);
      const [kept] = await store.readingsOf({ ...hourOfTenant(), limit: 1 });
      expect(kept?.quantity).toBe(canonical);
      expect((await store.record([{ ...reading, quantity: canonical }], NOW))[0]?.answer).toBe("known");
    });

    test.each(TIMES)("the time %s is kept as %s", async (text, canonical) => {
      const { store } = await fresh();
      await store.record([given({ at: text })], NOW);
      const [kept] = await store.readingsOf({ ...hourOfTenant(), limit: 1 });
      expect(new Date(kept?.atMs ?? 0).toISOString()).toBe(canonical);
    });

    test.each(TAGS)("the tags %s are kept as %s", async (text, canonical) => {
      const { store } = await fresh();
      const [answer] = await store.record([given({ tags: text })], NOW);
      const [kept] = await store.readingsOf({ ...hourOfTenant(), limit: 1 });
      expect(kept?.tags).toBe(canonical);
      expect(answer?.answer).toBe(canonical === undefined ? "set-aside" : "recorded");
    });

    test("the same id with other content is kept aside, the first stands; another tenant's id is another", async () => {
      const { store } = await fresh();
      const reading = given();
      await store.record([reading], NOW);
      const others = [{ quantity: "2" }, { at: "2026-11-29T10:15:01Z" }, { meter: "seats" }, { tags: '{"a":"b"}' }];
      for (const other of others) {
        const [answer] = await store.record([{ ...reading, ...other }], NOW);
        expect(answer).toMatchObject({ answer: "conflicting", reason: "conflicting" });
      }
      expect(await store.record([{ ...reading, tenant: "t-2" }], NOW)).toMatchObject([{ answer: "recorded" }]);
      expect(await store.record([reading], NOW)).toMatchObject([{ answer: "known" }]);
      expect(await store.setAside({ limit: 10 })).toHaveLength(4);
      expect(await store.alarms({})).toMatchObject([{ kind: "conflicting", count: 4 }]);
    });

    test("O15: once the service's time is known, what is days ahead or older than ids are remembered is set aside", async () => {
      const { store } = await fresh();
      const ahead = given({ at: "2026-12-01T00:00:00Z" });
      const old = given({ at: "2026-10-01T00:00:00Z" });
      expect(await store.record([ahead], NOW)).toMatchObject([{ answer: "recorded" }]);
      // The service is a day behind this machine.
      await store.transact((transaction) => transaction.saveStoreRow({ serviceOffsetMs: -86_400_000 }));
      const [aheadMs, now] = [Date.parse("2026-11-30T01:00:00Z"), Date.parse("2026-11-29T12:00:00Z")];
      const near = given({ at: new Date(aheadMs - 3_600_000).toISOString() });
      const recorded = await store.record([{ ...ahead, readingId: "other" }, near, old], now + 86_400_000);
      expect(recorded).toMatchObject([
        { answer: "set-aside", reason: "ahead" },
        { answer: "recorded" },
        { answer: "set-aside", reason: "too-old" },
      ]);
    });

    test("readings that come at once, from two handles, are each kept once", async () => {
      const { store, another } = await fresh();
      const other = await another();
      const readings = Array.from({ length: 50 }, () => given());
      const answers = await Promise.all(
        [...readings, ...readings.toReversed()].map((reading, at) =>
          (at % 2 === 0 ? store : other).record([reading], NOW),
        ),
      );
      expect(answers.flat().filter(({ answer }) => answer === "recorded")).toHaveLength(50);
      expect(answers.flat().filter(({ answer }) => answer === "known")).toHaveLength(50);
      expect(await store.readingsOf({ ...hourOfTenant(), limit: 1000 })).toHaveLength(50);
    });
  });
}

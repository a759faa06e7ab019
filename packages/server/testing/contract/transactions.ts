/** The contract, first part: facts, decision and what is kept are one transaction, in the order of arrival. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { clientTokenKey, type MeteringRecordKey } from "../../src/domain/metering/metering-record.ts";
import { START_MS, type LedgerSetup, type LedgerUnderTest } from "./ledger-under-test.ts";
import { accountChange, keptIds, look, meter, moveClockTo, newCall, put, sent, usage, type Metered } from "./works.ts";

const isSpared = (i: number): boolean => i % 3 !== 1;

export function transactionPromises(fresh: (setup?: LedgerSetup) => Promise<LedgerUnderTest>): void {
  describe("what was accepted", () => {
    test("is found under its key by later work, with its id, quantity and allocations (Rule K2)", async () => {
      const { ledger } = await fresh();
      const usageAllocations = [{ allocatedUsageQuantity: 7, tags: [{ key: "team", value: "red" }] }];
      const split = sent({ quantity: 7, usageAllocations });
      const { quantity: _none, ...withoutQuantity } = usage({ dimension: "calls" });
      const bare = { ...sent({ dimension: "calls" }), usageRecord: withoutQuantity };
      const [first, second] = (await ledger.transact(meter([split, bare]))) as [Metered, Metered];
      expect([first.kept, second.kept]).toEqual([undefined, undefined]);
      const again = await ledger.transact(meter([bare, split]));
      expect(again.map(({ kept }) => kept)).toEqual([
        { meteringRecordId: second.id, timestampMs: START_MS, dimension: "calls", quantity: 0 },
        { meteringRecordId: first.id, timestampMs: START_MS, dimension: "gb", quantity: 7, usageAllocations },
      ]);
    });

    const components: readonly [keyof MeteringRecordKey, Partial<MeteringRecordKey>][] = [
      ["hour", { hour: 1 }],
      ["region", { region: "eu-west-1" }],
      ["offering", { offering: "arn:aws:license-manager::294406891311:license:l-1" }],
      ["customer", { customer: "identifier:444455556666" }],
      ["dimension", { dimension: "calls" }],
      ["discriminator", { discriminator: "x" }],
    ];
    test.each(components)("is not found under a key with another %s (Rule K1)", async (_component, other) => {
      const { ledger } = await fresh();
      const [first] = await ledger.transact(meter([sent()]));
      const [second] = await ledger.transact(meter([sent({}, other)]));
      expect(second?.kept).toBeUndefined();
      expect(second?.id).not.toBe(first?.id);
      const both = await ledger.transact(meter([sent(), sent({}, other)]));
      expect(both.map(({ id }) => id)).toEqual([first?.id, second?.id]);
    });

    test("names that differ in case, or in white space at their end, are different names (Rule K1)", async () => {
      const { ledger } = await fresh();
      const dimensions = ["gb", "GB", "gb ", "ｇｂ", "gb\u0301"];
      await ledger.transact(meter(dimensions.map((dimension) => sent({ dimension }))));
      expect(await keptIds(ledger)).toHaveLength(dimensions.length);
    });

    test("under client tokens of any text is found under each by itself, in the same group and later (Rule M4)", async () => {
      const store = await fresh();
      const tokens = ["a", "a\0", "a\0b", "\ud800", "\ud801", "\udc00", "\ufffd", "\ud800\udc00", "\n", '"\\ud800"'];
      const { key } = sent({}, { discriminator: "resource:ecs-a" });
      const works = (): Promise<Metered[][]> =>
        Promise.all(tokens.map((token) => store.ledger.transact(meter([sent({}, clientTokenKey(key, token))]))));
      const first = await works();
      expect(first.flat().map(({ kept }) => kept)).toEqual(tokens.map(() => undefined));
      const ids = first.flat().map(({ id }) => id);
      expect((await works()).flat().map(({ kept }) => kept?.meteringRecordId)).toEqual(ids);
      await store.reopen();
      expect((await works()).flat().map(({ kept }) => kept?.meteringRecordId)).toEqual(ids);
    });

    test("is there as soon as its caller has been answered", async () => {
      const { ledger } = await fresh();
      const [metered] = await ledger.transact(meter([sent()]));
      expect(await keptIds(ledger)).toEqual([metered?.id]);
    });
  });

  describe("what is spared", () => {
    test("is answered and leaves no entry; what is kept beside it, in one group, is kept as ever", async () => {
      const answered: (readonly [string, boolean])[] = [];
      const store = await fresh({
        spare: {
          isSpared: (_call, event) => event.kind === "caller-identified",
          onAnswered: ({ requestId }, _event, spared) => void answered.push([requestId, spared]),
        },
      });
      const calls = Array.from({ length: 12 }, newCall);
      const works = (): Promise<unknown[]> =>
        Promise.all(
          calls.map((call, i) =>
            isSpared(i)
              ? store.ledger.transact({
                  call,
                  keys: [],
                  decide: () => ({ event: { kind: "caller-identified" }, answer: i }),
                })
              : store.ledger.transact(meter([sent({ dimension: `d${i}` })], call)),
          ),
        );
      const answers = await works();
      expect(answers.filter((_, i) => isSpared(i))).toEqual([0, 2, 3, 5, 6, 8, 9, 11]);
      const found = await Promise.all(calls.map(({ requestId }) => store.ledger.entry(requestId)));
      expect(found.map((entry) => entry === undefined)).toEqual(calls.map((_, i) => isSpared(i)));
      expect(new Map(answered)).toEqual(new Map(calls.map(({ requestId }, i) => [requestId, isSpared(i)])));
      // Only spared work: there is no group to commit.
      await store.ledger.transact({
        call: newCall(),
        keys: [],
        decide: () => ({ event: { kind: "caller-identified" }, answer: undefined }),
      });
      await store.reopen();
      expect(await keptIds(store.ledger)).toHaveLength(4);
      expect((await store.ledger.verifyChains([])).disagreement).toBeUndefined();
    });
  });

  describe("work of one tick", () => {
    test("races for one key: one is accepted, the others are told its id (Rule K4)", async () => {
      const { ledger } = await fresh();
      const quantities = [5, 6, 5];
      const answers = await Promise.all(quantities.map((quantity) => ledger.transact(meter([sent({ quantity })]))));
      const [first, second, third] = answers.flat();
      expect(first?.kept).toBeUndefined();
      expect(second).toEqual({
        id: first?.id,
        kept: { meteringRecordId: first?.id, timestampMs: START_MS, dimension: "gb", quantity: 5 },
      });
      expect(third).toEqual(second);
      expect(await keptIds(ledger)).toEqual([first?.id]);
    });

    test("sees records at any position of what was staged before it", async () => {
      const { ledger } = await fresh();
      const records = ["a", "b", "c"].map((dimension) => sent({ dimension }));
      const [before, after] = await Promise.all([
        ledger.transact(meter(records)),
        ledger.transact(meter(records.toReversed())),
      ]);
      expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id).toReversed());
    });

    test("a decision that throws fails alone, and leaves nothing", async () => {
      const { ledger } = await fresh();
      const call = newCall();
      const mistake = new Error("a mistake");
      const decide = (): never => {
        throw mistake;
      };
      const [before, failed, after] = await Promise.allSettled([
        ledger.transact(meter([sent({ dimension: "before" })])),
        ledger.transact({ ...meter([sent()], call), decide }),
        ledger.transact(meter([sent()])),
      ]);
      expect(before.status).toBe("fulfilled");
      expect(failed).toEqual({ status: "rejected", reason: mistake });
      expect(after).toMatchObject({ status: "fulfilled", value: [{ kept: undefined }] });
      expect(await ledger.entry(call.requestId)).toBeUndefined();
      expect(ledger.defect).toBeUndefined();
    });

    test("a change of the catalogue is seen by the next work, and by nothing before it", async () => {
      const { ledger } = await fresh();
      const see = look(({ catalogue }) => catalogue.account("444455556666")?.title);
      const seen = await Promise.all([
        ledger.transact(see),
        ledger.transact(put([accountChange("444455556666", { title: "first" })])),
        ledger.transact({ ...see, call: newCall() }),
        ledger.transact(put([accountChange("444455556666", { title: "second" })])),
        ledger.transact({ ...see, call: newCall() }),
      ]);
      expect(seen).toEqual([undefined, undefined, "first", undefined, "second"]);
      expect(ledger.catalogue.account("444455556666")?.title).toBe("second");
    });

    test("a move of the clock is seen by the next work, and by nothing before it", async () => {
      const { ledger, clock } = await fresh();
      const laterMs = START_MS + HOUR_MS;
      const see = (): Promise<number> => ledger.transact(look(({ nowMs }) => nowMs));
      const seen = await Promise.all([see(), ledger.transact(moveClockTo(laterMs)), see()]);
      expect(seen).toEqual([START_MS, undefined, laterMs]);
      expect(clock.nowMs()).toBe(laterMs);
    });

    test("that is more than one group holds is committed in order, group by group", async () => {
      const { ledger } = await fresh({ groupMax: 3 });
      const waiting = Array.from({ length: 10 }, () => ledger.transact(meter([sent()])));
      expect(ledger.queued).toBe(10);
      const ids = (await Promise.all(waiting)).map(([metered]) => metered?.id);
      expect(new Set(ids).size).toBe(1);
      expect(ledger.queued).toBe(0);
    });
  });

  describe("an entry", () => {
    test("is kept of every work, with its call, its event and its time", async () => {
      const { ledger, clock } = await fresh();
      const records: [UsageRecord, UsageRecord] = [sent().usageRecord, sent({ dimension: "calls" }).usageRecord];
      const [first, second] = [newCall(), newCall()];
      const [kept] = await ledger.transact(meter([sent()], first));
      clock.moveTo(START_MS + 1);
      await ledger.transact(meter([sent(), sent({ dimension: "calls" })], second));
      expect(await ledger.entry(first.requestId)).toEqual({
        atMs: START_MS,
        call: first,
        event: {
          kind: "usage-metered",
          productCode: expect.any(String) as string,
          records: [{ usageRecord: records[0], status: "Success" }],
        },
      });
      expect(await ledger.entry(second.requestId)).toMatchObject({
        atMs: START_MS + 1,
        event: { records: [{ usageRecord: records[0], keptAs: kept?.id }, { usageRecord: records[1] }] },
      });
    });

    test("is not found under an id that no call had", async () => {
      const { ledger } = await fresh();
      await ledger.transact(meter([sent()]));
      for (const id of [newCall().requestId, "", "no such id", "ffffffff-ffff-7fff-bfff-ffffffffffff"]) {
        expect(await ledger.entry(id)).toBeUndefined();
      }
    });

    test("is never of an earlier time than the one before it, whatever the clock does", async () => {
      const { ledger, clock } = await fresh();
      const see = (): Promise<number> => ledger.transact(look(({ nowMs }) => nowMs));
      const seen = [await see()];
      for (const stepMs of [1_000, -5_000, 2_000, -10_000, 20_000]) {
        clock.moveTo(clock.nowMs() + stepMs);
        seen.push(await see());
      }
      expect(seen).toEqual([0, 1_000, 1_000, 1_000, 1_000, 8_000].map((ms) => START_MS + ms));
    });
  });
}

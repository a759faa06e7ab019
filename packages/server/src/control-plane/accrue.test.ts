/** Accrual over real stores: due use is written once, wherever the work breaks off and whoever else does it. */
import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { DAY_MS } from "../domain/resources/observation.ts";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { allResources, resourceOf, put } from "../../testing/contract/works.ts";
import { FaultError, type Ledger, type Work } from "../ledger/ledger.ts";
import { EVERY_STORE } from "../../testing/every-store.ts";
import {
  BYOL,
  HOURLY,
  MARKET,
  accrued,
  accruedSeconds,
  callOf,
  containerProduct,
  place,
  task,
} from "../../testing/control-plane.ts";
import { accrue } from "./accrue.ts";
import { controlPlaneWork } from "./due-work.ts";
import { endResource, hearOf } from "./observe.ts";

function isFullDisk(error: unknown): void {
  expect((error as Error).message).toBe("The disk is full.");
}

const work = ({ ledger, clock }: LedgerUnderTest): Promise<void> => controlPlaneWork(ledger, callOf, clock.nowMs());

describe.each(EVERY_STORE)("the control plane over a ledger kept %s", (_name, open) => {
  async function market(): Promise<LedgerUnderTest> {
    const made = await open();
    onTestFinished(() => made.remove());
    await made.ledger.transact(put(MARKET));
    return made;
  }

  test("R5, Rule H1: a daemon set on ten nodes is ten tasks, and each of them is metered", async () => {
    const made = await market();
    const pods = Array.from({ length: 10 }, (_, i) => task(`pod-${i}`, { startedAtMs: START_MS + i * 1_000 }));
    await place(made.ledger, ...pods);
    made.clock.moveTo(START_MS + 10 * HOUR_MS);
    await work(made);
    const records = await accrued(made.ledger);
    expect(new Set(records.map(({ resourceId }) => resourceId)).size).toBe(10);
    // At half past ten, four hours are final.
    expect(records.length).toBe(40);
    expect(await accruedSeconds(made.ledger, pods[3]?.resourceId)).toBe(1_800 - 3 + 3 * 3_600);
  });

  test("R3: each product that a pod has registered is metered, and one that has not is not", async () => {
    const made = await market();
    const registrations = [HOURLY, BYOL].map((productCode) => ({ productCode, registeredAtMs: START_MS }));
    await place(
      made.ledger,
      task("both", { startedAtMs: START_MS, registrations }),
      task("none", { startedAtMs: START_MS, registrations: [] }),
    );
    made.clock.moveTo(START_MS + 7 * HOUR_MS);
    await work(made);
    const records = await accrued(made.ledger);
    expect(records.map(({ productCode }) => productCode).toSorted()).toEqual([HOURLY, BYOL]);
    expect(records.map(({ usageRecord }) => usageRecord)).toEqual(
      records.map(() => expect.objectContaining({ dimension: "Hours", quantity: 1_800 }) as object),
    );
  });

  test("Rule H4: more uses than an entry holds are written in several, by a clock that was moved on by months", async () => {
    const made = await market();
    const stoppedAtMs = START_MS + 100 * DAY_MS + 12_345;
    const tasks = [0, 1, 2].map((i) => task(`long-${i}`, { startedAtMs: START_MS + i, stoppedAtMs }));
    await place(made.ledger, ...tasks);
    made.clock.moveTo(START_MS + 120 * DAY_MS);
    await work(made);
    const { items } = await made.ledger.events({ order: "oldest", limit: 1_000, operations: ["AccrueUsage"] });
    const sizes = items.map(({ event }) => (event.kind === "usage-accrued" ? event.uses.length : -1));
    expect(Math.max(...sizes)).toBe(254);
    for (const { resourceId } of tasks) {
      expect(await accruedSeconds(made.ledger, resourceId)).toBe(100 * 86_400 + 12);
    }
    const before = (await accrued(made.ledger)).length;
    await work(made);
    expect((await accrued(made.ledger)).length, "done is done").toBe(before);
  });

  test("Rule H4: work that two servers do at once is done once", async () => {
    const made = await market();
    await place(made.ledger, ...[0, 1, 2, 3].map((i) => task(`t-${i}`, { startedAtMs: START_MS + i * 60_000 })));
    made.clock.moveTo(START_MS + 20 * DAY_MS);
    await Promise.all([work(made), work(made), work(made)]);
    for (let i = 0; i < 4; i += 1) {
      const { resourceId } = task(`t-${i}`, { startedAtMs: START_MS });
      // Up to the last full hour that ended six hours ago.
      expect(await accruedSeconds(made.ledger, resourceId)).toBe(20 * 86_400 - 6 * 3_600 - 1_800 - i * 60);
    }
  });

  test.each([
    ["there are fewer hours", START_MS, START_MS + HOUR_MS + 90_000],
    ["there is one hour, of fewer seconds", START_MS, START_MS + 90_000],
    ["there are as many hours, and others", START_MS - HOUR_MS, START_MS + 12 * HOUR_MS],
    ["as many hours have fewer seconds", START_MS, START_MS + 13 * HOUR_MS + 600_000],
  ])(
    "Rule H4: where news come after the plan, by which %s, nothing of the plan is written, and the next one is right",
    async (_what, startedAtMs, stoppedAtMs) => {
      const made = await market();
      const { ledger } = made;
      const one = task("one", { startedAtMs: START_MS });
      await place(ledger, one);
      made.clock.moveTo(START_MS + 20 * HOUR_MS);
      let isTold = false;
      const overtaken = Object.create(ledger, {
        catalogue: { get: () => ledger.catalogue },
        dueResources: { value: (query: Parameters<Ledger["dueResources"]>[0]) => ledger.dueResources(query) },
        transact: {
          value: async (planned: Work<unknown>) => {
            if (!isTold) {
              isTold = true;
              await place(ledger, { ...one, startedAtMs, stoppedAtMs });
            }
            return ledger.transact(planned);
          },
        },
      }) as Ledger;
      await accrue(overtaken, () => callOf("AccrueUsage"), made.clock.nowMs());
      expect([isTold, await accruedSeconds(ledger)]).toEqual([true, 0]);
      await accrue(ledger, () => callOf("AccrueUsage"), made.clock.nowMs());
      expect(await accruedSeconds(ledger)).toBe((stoppedAtMs - startedAtMs) / 1000);
      const records = await accrued(ledger);
      expect(
        records.every(({ usageRecord }) => (usageRecord.quantity ?? 0) > 0),
        "nothing had to be taken back",
      ).toBe(true);
    },
  );

  test("Rule H4: an adjustment that was planned before another one is planned again", async () => {
    const made = await market();
    const { ledger } = made;
    const one = task("one", { startedAtMs: START_MS });
    await place(ledger, one);
    made.clock.moveTo(START_MS + 20 * HOUR_MS);
    await work(made);
    const stop = (stoppedAtMs: number): Promise<unknown> => {
      // The end that is told last counts.
      made.clock.moveTo(made.clock.nowMs() + 1);
      return endResource(ledger, callOf("StopResource"), one.resourceId, stoppedAtMs, {});
    };
    await stop(START_MS + 2 * HOUR_MS);
    let isAdjusted = false;
    const overtaken = Object.create(ledger, {
      catalogue: { get: () => ledger.catalogue },
      dueResources: { value: (query: Parameters<Ledger["dueResources"]>[0]) => ledger.dueResources(query) },
      transact: {
        value: async (planned: Work<unknown>) => {
          if (!isAdjusted) {
            isAdjusted = true;
            // The same seconds are due again, under another adjustment's key.
            await work(made);
            await stop(START_MS + 20 * HOUR_MS);
            await work(made);
            await stop(START_MS + 2 * HOUR_MS);
          }
          return ledger.transact(planned);
        },
      },
    }) as Ledger;
    await accrue(overtaken, () => callOf("AccrueUsage"), made.clock.nowMs());
    await work(made);
    expect(await accruedSeconds(ledger)).toBe(2 * 3_600);
    expect(ledger.defect).toBeUndefined();
  });

  test("Rule H4: commits that fail, and starts anew, at any moment: nothing is missing, nothing is there twice", async () => {
    const made = await market();
    const ids = [0, 1, 2].map((i) => task(`t-${i}`, { startedAtMs: START_MS + i * 17_500 }));
    await place(made.ledger, ...ids);
    const steps = fc.sample(fc.integer({ min: 1, max: 40 }), { numRuns: 12, seed: 7 });
    let nowMs = START_MS;
    for (const [i, hours] of steps.entries()) {
      nowMs += hours * HOUR_MS;
      made.clock.moveTo(nowMs);
      made.failNextCommit(new FaultError("The disk is full.", undefined));
      await work(made).catch(isFullDisk);
      // If nothing was due, no commit has failed yet, and this one does.
      await made.ledger.transact(put([])).catch(isFullDisk);
      if (i % 3 === 0) await made.reopen();
      const stop = ids[i % 3];
      if (i > 5 && stop !== undefined) {
        // Late news, and later news that contradicts it.
        const stoppedAtMs = stop.startedAtMs + i * 3 * HOUR_MS + 4_321;
        await endResource(made.ledger, callOf("StopResource"), stop.resourceId, stoppedAtMs, {});
      }
      await work(made);
    }
    made.clock.moveTo(nowMs + DAY_MS);
    await work(made);
    for (const { resourceId, startedAtMs } of ids) {
      const { stoppedAtMs = 0 } = (await resourceOf(made.ledger, resourceId)) ?? {};
      expect(stoppedAtMs).toBeGreaterThan(0);
      expect(await accruedSeconds(made.ledger, resourceId)).toBe(Math.floor((stoppedAtMs - startedAtMs) / 1000));
    }
    const records = await accrued(made.ledger);
    expect(
      records.some(({ usageRecord }) => (usageRecord.quantity ?? 0) < 0),
      "some were taken away",
    ).toBe(true);
  });

  test("Rule H7: what is silent for 30 days is given up, and metered until then", async () => {
    const made = await market();
    const silent = task("silent", { startedAtMs: START_MS });
    await place(made.ledger, silent);
    made.clock.moveTo(START_MS + 34 * DAY_MS);
    await work(made);
    expect((await resourceOf(made.ledger, silent.resourceId))?.stoppedAtMs).toBe(START_MS + 30 * DAY_MS);
    expect(await accruedSeconds(made.ledger)).toBe(30 * 86_400);
  });

  test("Rules H7, H8: what is registered and was only given up is not forgotten: it may run, and what comes late is made good", async () => {
    const made = await market();
    const silent = task("silent", { startedAtMs: START_MS });
    await place(made.ledger, silent);
    made.clock.moveTo(START_MS + 70 * DAY_MS);
    await work(made);
    expect(await accruedSeconds(made.ledger)).toBe(30 * 86_400);
    made.clock.moveTo(START_MS + 100 * DAY_MS);
    await endResource(made.ledger, callOf("StopResource"), silent.resourceId, undefined, {});
    made.clock.moveTo(START_MS + 101 * DAY_MS);
    await work(made);
    expect(await accruedSeconds(made.ledger)).toBe(100 * 86_400);
  });

  test("Rules H5, H8: a wrong end that lies long ago can be put right for 35 days from when it was told", async () => {
    const made = await market();
    const runs = task("runs", { startedAtMs: START_MS });
    await place(made.ledger, runs);
    const told = [START_MS + 60 * DAY_MS, START_MS + 61 * DAY_MS];
    made.clock.moveTo(told[0] ?? 0);
    // A stop time that is wrong by far, such as a year too early.
    await endResource(made.ledger, callOf("StopResource"), runs.resourceId, START_MS + DAY_MS, {});
    await work(made);
    expect(await accruedSeconds(made.ledger)).toBe(86_400);
    made.clock.moveTo(told[1] ?? 0);
    await endResource(made.ledger, callOf("StopResource"), runs.resourceId, told[0], {});
    await work(made);
    expect(await accruedSeconds(made.ledger)).toBe(60 * 86_400);
  });

  test("Rule H9: a resource is not moved to another account or region by being heard of", async () => {
    const made = await market();
    const one = task("one", { startedAtMs: START_MS });
    await place(made.ledger, one);
    const { resourceId, platform, externalId, region } = one;
    const seen = {
      source: "kubernetes",
      resourceId,
      platform,
      externalId,
      region,
      seenAtMs: START_MS + DAY_MS,
    } as const;
    await hearOf(made.ledger, callOf("ObservePods"), [
      { ...seen, accountId: "999999999999" },
      { ...seen, accountId: one.accountId, region: "eu-west-1" },
    ]);
    expect(await resourceOf(made.ledger, resourceId)).toEqual(one);
  });

  test("hours stay under the dimension that the first of them was under", async () => {
    const made = await market();
    const one = task("one", { startedAtMs: START_MS });
    await place(made.ledger, one);
    made.clock.moveTo(START_MS + 20 * HOUR_MS);
    await work(made);
    const renamed = containerProduct(HOURLY, { dimensions: [{ name: "vcpu-hours", price: "9", kind: "hours" }] });
    await made.ledger.transact(put([{ kind: "product", id: HOURLY, value: renamed }]));
    await endResource(made.ledger, callOf("StopResource"), one.resourceId, START_MS + 2 * HOUR_MS, {});
    await work(made);
    const records = await accrued(made.ledger);
    expect(new Set(records.map(({ usageRecord }) => usageRecord.dimension))).toEqual(new Set(["Hours"]));
    expect(await accruedSeconds(made.ledger)).toBe(2 * 3_600);
  });

  test("Rule H8: what ended is forgotten after 35 days, its records are not, and news of it is refused", async () => {
    const made = await market();
    const ended = task("ended", { startedAtMs: START_MS, stoppedAtMs: START_MS + 90_500 });
    await place(made.ledger, ended, task("runs", { startedAtMs: START_MS, heardAtMs: START_MS + 30 * DAY_MS }));
    made.clock.moveTo((ended.stoppedAtMs ?? 0) + 35 * DAY_MS - 1);
    await work(made);
    expect(await allResources(made.ledger)).toHaveLength(2);
    made.clock.moveTo((ended.stoppedAtMs ?? 0) + 35 * DAY_MS);
    await work(made);
    expect((await allResources(made.ledger)).map(({ externalId }) => externalId)).toEqual([
      expect.stringContaining("runs"),
    ]);
    expect(await accruedSeconds(made.ledger, ended.resourceId)).toBe(90);
    await made.reopen();
    expect(await resourceOf(made.ledger, ended.resourceId)).toBeUndefined();
  });

  test("hours of a resource that was forgotten and came back are not written twice", async () => {
    const made = await market();
    const first = task("again", { startedAtMs: START_MS, stoppedAtMs: START_MS + 2 * HOUR_MS });
    await place(made.ledger, first);
    made.clock.moveTo(START_MS + DAY_MS);
    await work(made);
    await place(made.ledger, first);
    await work(made);
    expect(await accruedSeconds(made.ledger)).toBe(7_200);
    expect(made.ledger.defect).toBeUndefined();
  });
});

/** A database that fails over to a copy without its newest commits, while delivery goes on. */
import type { OutboxStore } from "@countinghouse/outbox";
import { describe, expect, test } from "vitest";
import { ACCOUNT, HOUR_MS, SCENES, START, changed, type MakeScene } from "./scene.ts";
import { METERS } from "../model/lived.ts";

/** An entry that is frozen and was not sent, as the copy has it; and the copy, which can tell its history. */
async function copied(make: MakeScene) {
  const place = await make();
  const database = { incarnation: "1/00000001" };
  const copy: OutboxStore = changed(place.store, { incarnation: async () => database.incarnation });
  await place.use("3");
  place.pass(60);
  const ending = new AbortController();
  const ended = await place.another({
    store: copy,
    world: {
      machineMs: () => place.service.nowMs,
      reached: (point) => {
        if (point === "entry-frozen") ending.abort();
      },
    },
  });
  await ended.deliverDue({ signal: ending.signal });
  expect(await place.store.entries({})).toMatchObject([{ state: "frozen", bornDoubtful: false }]);
  return { ...place, copy, database, after: await place.another({ store: copy }) };
}

describe.each(SCENES)("after a fail-over, before `restored` was said, in %s", (_store, make) => {
  test("O8: what goes on to be sent is doubted: a refusal proves nothing, since the lost part may have sent it", async () => {
    const { service, database, after } = await copied(make);
    const key = JSON.stringify([METERS.seats.productCode, ACCOUNT, "seats", Math.floor(START / HOUR_MS)]);
    const record = { timestamp: new Date(START), dimension: "seats", customerAccountId: ACCOUNT };
    service.kept.set(key, { id: "id-before", quantity: 7, text: "other", record });
    database.incarnation = "1/00000002";
    expect(await after.deliverDue()).toMatchObject({
      settled: { doubtful: 1 },
      heldBack: expect.stringContaining("1/00000002") as string,
    });
    expect((await after.status()).alarms.map(({ kind }) => kind).toSorted()).toEqual(["doubtful", "held-back"]);
  });

  test("O8: and nothing expires of which the lost part may have got through", async () => {
    const { database, after, pass, states } = await copied(make);
    database.incarnation = "1/00000002";
    pass(26 * 60);
    await after.deliverDue();
    expect(await states()).toEqual({ doubtful: 1 });
  });

  test("it is told once; a second fail-over is told again, and doubted again", async () => {
    const { database, after, store, service } = await copied(make);
    service.script = ["throttled", "throttled"];
    for (const [incarnation, count] of [
      ["1/00000002", 1],
      ["1/00000002", 1],
      ["1/00000003", 2],
    ] as const) {
      database.incarnation = incarnation;
      await after.deliverDue();
      expect((await store.alarms({})).filter(({ kind }) => kind === "held-back")).toMatchObject([{ count }]);
    }
    expect((await store.storeRow()).doubtBeforeMs).toBe(service.nowMs);
    await after.restored();
    expect(await after.deliverDue()).toMatchObject({ heldBack: undefined });
    expect((await store.alarms({})).filter(({ kind }) => kind === "held-back")).toEqual([]);
  });
});

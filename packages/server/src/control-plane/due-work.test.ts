/** Rule H8: resources are forgotten in portions; and what happens when news of one comes at that moment. */
import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { allResources, put, resourceOf } from "../../testing/contract/works.ts";
import { BYOL, MARKET, callOf, place, task } from "../../testing/control-plane.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { DAY_MS } from "../domain/resources/observation.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import type { Ledger, Work } from "../ledger/ledger.ts";
import { controlPlaneWork } from "./due-work.ts";
import { endResource } from "./observe.ts";

/** Some resources that have ended, whose use is all in the ledger, on the day on which they may be forgotten. */
async function past(count: number): Promise<{ made: LedgerUnderTest; ended: MeteredResource[] }> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  await made.ledger.transact(put(MARKET));
  const ended = Array.from({ length: count }, (_, i) =>
    task(`ended-${i}`, { startedAtMs: START_MS + i, stoppedAtMs: START_MS + HOUR_MS }),
  );
  await place(made.ledger, ...ended);
  made.clock.moveTo(START_MS + DAY_MS);
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  made.clock.moveTo(START_MS + 40 * DAY_MS);
  return { made, ended };
}

async function forgotten(ledger: Ledger): Promise<LedgerEvent[]> {
  const { items } = await ledger.events({ order: "oldest", limit: 100, operations: ["ForgetResources"] });
  return items.map(({ event }) => event);
}

/** The ledger, with something that happens just before anything is forgotten. */
function overtaken(ledger: Ledger, happens: () => Promise<unknown>): Ledger {
  let hasHappened = false;
  return Object.create(ledger, {
    catalogue: { get: () => ledger.catalogue },
    dueResources: { value: (query: Parameters<Ledger["dueResources"]>[0]) => ledger.dueResources(query) },
    holdLease: { value: () => Promise.resolve(true) },
    transact: {
      value: async (planned: Work<unknown>) => {
        if (!hasHappened && planned.call.operation === "ForgetResources") {
          hasHappened = true;
          await happens();
        }
        return ledger.transact(planned);
      },
    },
  }) as Ledger;
}

test("what is past is forgotten 200 at a time, and nothing is said where there is none", async () => {
  const { made, ended } = await past(401);
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  const events = await forgotten(made.ledger);
  expect(events.map((event) => event.kind === "catalogue-changed" && event.changes.length)).toEqual([200, 200, 1]);
  const removed = events.flatMap((event) => (event.kind === "catalogue-changed" ? event.changes : []));
  expect(removed).toEqual(removed.map(({ id }) => ({ kind: "resource", id, action: "removed" })));
  expect(removed.map(({ id }) => id).toSorted()).toEqual(ended.map(({ resourceId }) => resourceId).toSorted());
  expect(await allResources(made.ledger)).toEqual([]);
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  expect(await forgotten(made.ledger)).toHaveLength(3);
});

test("what is told of just before it is forgotten is not forgotten", async () => {
  const { made, ended } = await past(2);
  const [first, second] = ended as [MeteredResource, MeteredResource];
  const ledger = overtaken(made.ledger, () =>
    endResource(made.ledger, callOf("StopResource"), first.resourceId, START_MS + 2 * HOUR_MS, {}),
  );
  await controlPlaneWork(ledger, callOf, made.clock.nowMs());
  expect((await allResources(made.ledger)).map(({ resourceId }) => resourceId)).toEqual([first.resourceId]);
  expect(await forgotten(made.ledger)).toEqual([
    { kind: "catalogue-changed", changes: [{ kind: "resource", id: second.resourceId, action: "removed" }] },
  ]);
});

test("what has registered for another product just before it is forgotten is not, until that is in the ledger, too", async () => {
  const { made, ended } = await past(1);
  const { resourceId } = ended[0] as MeteredResource;
  const ledger = overtaken(made.ledger, async () => {
    const known = (await resourceOf(made.ledger, resourceId)) as MeteredResource;
    const registration = { productCode: BYOL, registeredAtMs: START_MS };
    await place(made.ledger, { ...known, registrations: [...known.registrations, registration] });
  });
  await controlPlaneWork(ledger, callOf, made.clock.nowMs());
  expect(await resourceOf(made.ledger, resourceId)).toBeDefined();
  await controlPlaneWork(made.ledger, callOf, made.clock.nowMs());
  expect(await resourceOf(made.ledger, resourceId)).toBeUndefined();
});

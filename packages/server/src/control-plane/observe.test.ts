import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { BUYER, MARKET, callOf, place, task, taskArn } from "../../testing/control-plane.ts";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { put, resourceOf } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import type { Observation } from "../domain/resources/observation.ts";
import type { LedgerEvent } from "../ledger/entry.ts";
import { resourceId } from "../ledger/ids.ts";
import type { Ledger, Work } from "../ledger/ledger.ts";
import { addResource, endResource, hearOf, observe, type NewResource } from "./observe.ts";

async function market(): Promise<LedgerUnderTest> {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  await made.ledger.transact(put(MARKET));
  return made;
}

async function newestEvent(ledger: Ledger): Promise<LedgerEvent | undefined> {
  const { items } = await ledger.events({ order: "newest", limit: 1 });
  return items[0]?.event;
}

const NEW: NewResource = { platform: "ecs", externalId: taskArn("new"), accountId: BUYER, region: "us-east-1" };
const ID = resourceId("ecs", taskArn("new"));
const SEEN: Observation = { ...NEW, source: "ecs-events", resourceId: ID, seenAtMs: START_MS };

test("what the operator adds runs from when it was told of, and is kept with what is known of it", async () => {
  const { ledger } = await market();
  const { resource } = await addResource(ledger, callOf("AddResource"), { ...NEW, roleName: "app" }, {});
  expect(resource).toMatchObject({ resourceId: ID, startedAtMs: START_MS, heardAtMs: START_MS, roleName: "app" });
  expect(await resourceOf(ledger, ID)).toEqual(resource);
  const event = await newestEvent(ledger);
  expect(event).toMatchObject({ kind: "resource-observed", source: "operator", changed: true });
  expect(Object.keys(event?.kind === "resource-observed" ? event.resource : {}).toSorted()).toEqual([
    "accountId",
    "externalId",
    "platform",
    "region",
    "resourceId",
    "roleName",
    "startedAtMs",
  ]);
});

test("told again, it is the same resource; what is new of it is added, and whether that shows is said", async () => {
  const { ledger, clock } = await market();
  const call = callOf("AddResource");
  const first = await addResource(ledger, call, NEW, {});
  const changes: unknown[] = [];
  const watched = Object.create(ledger, {
    transact: {
      value: (work: Work<unknown>) =>
        ledger.transact({
          ...work,
          decide: (facts) => {
            const decision = work.decide(facts);
            changes.push(...(decision.resources ?? []));
            return decision;
          },
        }),
    },
  }) as Ledger;
  expect(await addResource(watched, callOf("AddResource"), NEW, {})).toEqual(first);
  expect(changes, "nothing was put").toEqual([]);
  expect(await newestEvent(ledger)).toMatchObject({ changed: false });
  clock.moveTo(START_MS + HOUR_MS);
  const heard = await addResource(ledger, callOf("AddResource"), NEW, {});
  expect(heard.resource).toMatchObject({ startedAtMs: START_MS, heardAtMs: START_MS + HOUR_MS });
  expect(await newestEvent(ledger), "only that it was heard of").toMatchObject({ changed: false });
  expect((await resourceOf(ledger, ID))?.heardAtMs).toBe(START_MS + HOUR_MS);
  await addResource(ledger, callOf("AddResource"), { ...NEW, roleName: "app" }, {});
  expect(await newestEvent(ledger)).toMatchObject({ changed: true, resource: { roleName: "app" } });
});

test("Rule H9: what is refused is kept with what was asked; of what asked nothing, there is none", async () => {
  const { ledger } = await market();
  const asked = { externalId: taskArn("new"), roleName: "db" };
  const { refusal } = await addResource(ledger, callOf("AddResource"), { ...NEW, roleName: "db" }, asked);
  expect(refusal).toMatchObject({ reason: "invalid", rule: "H9" });
  const { message } = refusal ?? {};
  expect(await newestEvent(ledger)).toEqual({
    kind: "call-refused",
    code: "invalid",
    message,
    rule: "H9",
    compared: {},
    request: asked,
  });
  await observe(ledger, callOf("ObserveTask"), { resourceId: ID, tell: () => ({ ...SEEN, roleName: "db" }) });
  expect(await newestEvent(ledger)).not.toHaveProperty("request");
  expect(await resourceOf(ledger, ID)).toBeUndefined();
});

test("what is not known cannot be ended", async () => {
  const { ledger } = await market();
  const { refusal } = await endResource(ledger, callOf("StopResource"), ID, undefined, { resourceId: ID });
  expect(refusal).toEqual({ reason: "not-found", message: `No resource ${ID}.`, compared: {} });
  expect(await newestEvent(ledger)).toEqual({
    kind: "call-refused",
    code: "not-found",
    message: `No resource ${ID}.`,
    compared: {},
    request: { resourceId: ID },
  });
});

test("without a time it ends now; when it has ended, that stands", async () => {
  const { ledger, clock } = await market();
  await addResource(ledger, callOf("AddResource"), NEW, {});
  clock.moveTo(START_MS + HOUR_MS);
  const { resource } = await endResource(ledger, callOf("StopResource"), ID, undefined, {});
  expect(resource).toMatchObject({ stoppedAtMs: START_MS + HOUR_MS, heardAtMs: START_MS + HOUR_MS });
  clock.moveTo(START_MS + 2 * HOUR_MS);
  const again = await endResource(ledger, callOf("StopResource"), ID, undefined, {});
  expect(again.resource, "that it is over is no sign of life").toEqual(resource);
  const earlier = await endResource(ledger, callOf("StopResource"), ID, START_MS + 1, {});
  expect(earlier.resource).toMatchObject({ stoppedAtMs: START_MS + 1, heardAtMs: START_MS + 2 * HOUR_MS });
});

test("Rule H9: of many that are heard of at once, those that are known are noted, and the entry names them", async () => {
  const { ledger } = await market();
  const [one, two] = ["one", "two"].map((name) => task(name, { startedAtMs: START_MS }));
  if (one === undefined || two === undefined) throw new Error("Two were made.");
  await place(ledger, one, two);
  const seen = (of: typeof one, over: Partial<Observation> = {}): Observation => {
    const { resourceId: id, platform, externalId, accountId, region } = of;
    return {
      source: "ecs-events",
      resourceId: id,
      platform,
      externalId,
      accountId,
      region,
      seenAtMs: START_MS + 5,
      ...over,
    };
  };
  await hearOf(ledger, callOf("ObserveTasks"), [seen(one), SEEN, seen(two, { region: "eu-west-1" })]);
  expect(await newestEvent(ledger)).toEqual({
    kind: "resource-observed",
    source: "ecs-events",
    resource: { resourceIds: [one.resourceId] },
    changed: false,
  });
  const found = await ledger.findResources([one.resourceId, two.resourceId]);
  expect(found.map((resource) => resource?.heardAtMs)).toEqual([START_MS + 5, START_MS]);
  expect(await resourceOf(ledger, ID)).toBeUndefined();
});

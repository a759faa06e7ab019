/** A resource that is written by the revision that was read of it. */
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../../../test/support/postgres/database.ts";
import { resource } from "../../../../testing/container-market.ts";
import { START_MS } from "../../../../testing/contract/ledger-under-test.ts";
import { newCall, place } from "../../../../testing/contract/works.ts";
import { openAt } from "../../../../testing/postgres-ledger.ts";
import type { Work } from "../../../ledger/ledger.ts";
import { putResource } from "../../../ledger/resource-facts.ts";

const test = testOfPostgres();
const KNOWN = resource("ecs", { startedAtMs: START_MS, roleName: "first" });
const { resourceId } = KNOWN;

const forgetting: Work<undefined> = {
  call: newCall(),
  keys: [],
  resources: [resourceId],
  decide: () => ({
    event: { kind: "catalogue-changed", changes: [{ kind: "resource", id: resourceId, action: "removed" }] },
    resources: [{ resourceId, value: undefined }],
    answer: undefined,
  }),
};

const marking: Work<undefined> = {
  call: newCall(),
  keys: [],
  resources: [resourceId],
  decide: ({ resources: [known = KNOWN] }) => ({
    event: { kind: "resource-observed", source: "operator", resource: {}, changed: true },
    resources: [putResource({ ...known, roleName: `${known.roleName}, marked` })],
    answer: undefined,
  }),
};

test("a resource that was forgotten and is back is not taken for the one of before", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let waits = false;
  const beforeCommit = (): Promise<void> => {
    if (!waits) return Promise.resolve();
    waits = false;
    reached.resolve();
    return held.promise;
  };
  const { ledger } = await openAt(database.url, { wallMs: () => START_MS, beforeCommit });
  onTestFinished(() => ledger.close());
  const { ledger: other } = await openAt(database.url, { wallMs: () => START_MS });
  onTestFinished(() => other.close());
  await other.transact(place([KNOWN]));
  waits = true;
  const marked = ledger.transact(marking);
  await reached.promise;
  await other.transact(forgetting);
  await other.transact(place([{ ...KNOWN, roleName: "second" }]));
  held.resolve();
  await marked;
  expect((await other.findResources([resourceId]))[0]?.roleName).toBe("second, marked");
});

/** What became of an agreement, and of a resource hour by hour. */
import { describe, expect, test } from "vitest";
import { BYOL, HOURLY, START_MS, meteredFolder } from "../support/metered-folder.ts";
import { moveClock, registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { resourcesOf } from "../support/resources.ts";
import { postgresArgs, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import type { RunningServer } from "../support/server.ts";

const iso = (atMs: number): string => new Date(atMs).toISOString();
const HOUR_MS = 3_600_000;

async function jsonOf(server: RunningServer, path: string): Promise<Record<string, unknown>> {
  const { status, json, text } = await callOperator(server, "GET", path);
  expect(status, text).toBe(200);
  return json as Record<string, unknown>;
}

test("an agreement's life is told, newest first, a page at a time", async () => {
  const server = await start(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
  await registrationToken(server, "agmt-demo1");
  await registrationToken(server, "agmt-demo2");
  for (const action of ["suspend", "resume", "cancel"]) {
    await callOperator(server, "POST", `/agreements/agmt-demo1/${action}`, { body: {} });
  }
  const told = async (query: string): Promise<{ items: { what: string }[]; nextCursor?: string }> =>
    (await jsonOf(server, `/agreements/agmt-demo1/history${query}`)) as never;
  const all = (await told("")).items.map(({ what }) => what);
  expect(all).toEqual(["cancelled", "resumed", "suspended", "token-issued", "added"]);
  const paged: string[] = [];
  let cursor = "";
  do {
    const page = await told(`?limit=2${cursor}`);
    paged.push(...page.items.map(({ what }) => what));
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  expect(paged).toEqual(all);
  expectProblem(await callOperator(server, "GET", "/agreements/agmt-none/history"), 404, /^No agreement agmt-none\.$/);
  expectProblem(
    await callOperator(server, "GET", "/agreements/agmt-demo1/history?cursor=%00"),
    400,
    /cursor is invalid/,
  );
});

interface LifeEvent {
  readonly what: string;
  readonly replacedBy?: string;
  readonly changed?: readonly { readonly member: string; readonly from?: unknown; readonly to?: unknown }[];
}

async function lifeOf(server: RunningServer, id: string, limit: number): Promise<LifeEvent[]> {
  const events: LifeEvent[] = [];
  let cursor = "";
  do {
    const page = (await jsonOf(server, `/agreements/${id}/history?limit=${limit}${cursor}`)) as {
      items: LifeEvent[];
      nextCursor?: string;
    };
    events.push(...page.items);
    cursor = page.nextCursor === undefined ? "" : `&cursor=${encodeURIComponent(page.nextCursor)}`;
  } while (cursor !== "");
  return events;
}

/** Changes an agreement of the demo catalogue, among others of which nothing is told, and replaces it. */
async function changedAndReplaced(server: RunningServer): Promise<void> {
  const change = async (id: string, body: object): Promise<void> => {
    const { status, text } = await callOperator(server, "PATCH", `/agreements/${id}`, { body });
    expect(status, text).toBe(200);
  };
  await change("agmt-demo1", { endsAt: "2031-01-01T00:00:00Z" });
  for (const id of ["agmt-demo2", "agmt-demo2"]) await callOperator(server, "POST", `/agreements/${id}/suspend`);
  await change("agmt-demo1", { endsAt: "2032-01-01T00:00:00Z", freeTrial: true });
  for (const action of ["suspend", "resume"]) await callOperator(server, "POST", `/agreements/agmt-demo1/${action}`);
  const old = await jsonOf(server, "/agreements/agmt-demo1");
  const { status, text } = await callOperator(server, "POST", "/agreements", {
    body: {
      agreementId: "agmt-next",
      productCode: old["productCode"],
      customerAccountId: old["customerAccountId"],
      customerIdentifier: old["customerIdentifier"],
      licenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000077",
      startsAt: "2027-01-01T00:00:00Z",
      replaces: "agmt-demo1",
    },
  });
  expect(status, text).toBe(201);
}

const LIFE = [
  {
    what: "replaced",
    replacedBy: "agmt-next",
    changed: [
      { member: "endsAt", from: "2032-01-01T00:00:00.000Z", to: "2027-01-01T00:00:00.000Z" },
      { member: "replacedBy", to: "agmt-next" },
    ],
  },
  { what: "resumed", changed: [{ member: "suspendedAt", from: "2026-07-20T12:00:00.000Z" }] },
  { what: "suspended", changed: [{ member: "suspendedAt", to: "2026-07-20T12:00:00.000Z" }] },
  {
    what: "changed",
    changed: [
      { member: "endsAt", from: "2031-01-01T00:00:00.000Z", to: "2032-01-01T00:00:00.000Z" },
      { member: "freeTrial", to: true },
    ],
  },
  {
    what: "changed",
    changed: [{ member: "endsAt", to: "2031-01-01T00:00:00.000Z" }],
  },
  { what: "added" },
];

describe.each(["memory", "sqlite", "postgres"])("in %s", (store) => {
  const testHere = store === "postgres" ? testOfPostgres() : test;

  testHere("a change of an agreement says what it changed, from what to what, wherever a page ends", async () => {
    const folder = newFolder();
    const args =
      store === "postgres"
        ? [...(await postgresArgs(folder)), "--lab"]
        : ["--store", store === "memory" ? "memory:" : `sqlite:${folder}/data`];
    const server = await start([...args, "--clock", "manual:2026-07-20T12:00:00Z"]);
    await changedAndReplaced(server);
    const whole = await lifeOf(server, "agmt-demo1", 100);
    expect(whole.map(({ what }) => what)).toEqual(LIFE.map(({ what }) => what));
    expect(whole).toMatchObject(LIFE);
    for (const [i, { changed }] of LIFE.entries()) {
      const members = (of: LifeEvent["changed"]): string[] | undefined => of?.map(({ member }) => member).toSorted();
      expect(members(whole[i]?.changed)).toEqual(members(changed));
    }
    expect(await lifeOf(server, "agmt-demo1", 1)).toEqual(whole);
    expect((await lifeOf(server, "agmt-next", 100)).map(({ what }) => what)).toEqual(["added"]);
  });
});

const hoursOf = (use: Record<string, unknown>): unknown[] =>
  (use["hours"] as { hour: string; productCode: string; seconds: number; final: boolean }[])
    .filter(({ productCode }) => productCode === HOURLY)
    .map(({ hour, seconds, final }) => [hour, seconds, final]);

test("a resource's use is told hour by hour: what is final, what is not yet, and what was adjusted", async () => {
  const folder = await meteredFolder([{ name: "one", startedAtMs: START_MS, products: [HOURLY, BYOL] }]);
  const server = await start([...folder.slice(0, -1), `manual:${iso(START_MS)}`]);
  await moveClock(server, { now: iso(START_MS + 7.5 * HOUR_MS) });
  const [resource] = await resourcesOf(server);
  const path = `/resources/${resource?.resourceId}/use`;
  const first = START_MS - (START_MS % HOUR_MS);
  const use = await jsonOf(server, path);
  expect(hoursOf(use).slice(0, 3)).toEqual([
    [iso(first), 3_600 - (START_MS % HOUR_MS) / 1_000, true],
    [iso(first + HOUR_MS), 3_600, true],
    [iso(first + 2 * HOUR_MS), 3_600, false],
  ]);
  const total = hoursOf(use).reduce((sum: number, hour) => sum + (hour as [string, number])[1], 0);
  expect(total).toBe(7.5 * 3_600);

  await callOperator(server, "POST", `/resources/${resource?.resourceId}/stop`, {
    body: { stoppedAt: iso(START_MS + 600_000) },
  });
  await moveClock(server, { advanceSeconds: 0 });
  const after = await jsonOf(server, `${path}?from=${iso(first)}&to=${iso(first + 2 * HOUR_MS)}`);
  expect(hoursOf(after)).toEqual([
    [iso(first), 600, true],
    [iso(first + HOUR_MS), 0, true],
  ]);
  expect((after["hours"] as object[])[0]).toMatchObject({ adjustments: 1 });
  const range = `from=${iso(first)}&to=${iso(first + HOUR_MS)}`;
  const marks = await jsonOf(server, `/usage/marks?grain=hour&productCode=${HOURLY}&${range}`);
  expect(marks["items"]).toMatchObject([{ product: HOURLY, adjusted: true }]);

  expectProblem(await callOperator(server, "GET", "/resources/ecs-none/use"), 404, /^No resource ecs-none/);
  for (const [query, complaint] of [
    [`?from=${iso(first)}&to=${iso(first)}`, "to: must lie after from"],
    [`?from=${iso(first - 900 * HOUR_MS)}&to=${iso(first)}`, "from: at most 840 hours before to"],
  ] as const) {
    expectProblem(await callOperator(server, "GET", path + query), 422, /does not fit/, [complaint]);
  }
});

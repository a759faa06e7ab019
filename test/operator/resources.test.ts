/** `/resources`: told of by hand, told of twice, told wrong. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { add, moveClock } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { resourcesOf, type ListedResource } from "../support/resources.ts";

const NOON = "2026-03-10T12:00:00.000Z";
const BUYER = "555566667777";
const OTHER = "666677778888";
let server: DemoMarket;
let made = 0;

beforeAll(async () => {
  server = await demoMarket({ now: NOON });
  await add(server, "/accounts", { id: BUYER, roles: [{ name: "app" }, { name: "other" }] });
  await add(server, "/accounts", { id: OTHER });
});
afterAll(() => server.stop());

function instance(over: object = {}): Record<string, unknown> {
  made += 1;
  const externalId = `i-${String(made).padStart(17, "0")}`;
  return { platform: "ec2", externalId, accountId: BUYER, region: "us-east-1", ...over };
}

async function tell(document: object): Promise<ListedResource & { credentials: Record<string, string> }> {
  const answer = await callOperator(server, "POST", "/resources", { body: document });
  expect(answer.status, answer.text).toBe(201);
  return answer.json as ListedResource & { credentials: Record<string, string> };
}

const task = (over: object = {}): object => ({
  ...instance(over),
  platform: "ecs",
  externalId: `arn:aws:ecs:us-east-1:${BUYER}:task/cluster/${String(made).padStart(32, "0")}`,
  ...over,
});

/** The figures by which a resource was refused, as the refusal is explained. */
async function comparedBy(document: object): Promise<unknown> {
  const answer = await callOperator(server, "POST", "/resources", { body: document });
  const id = answer.headers.get("x-request-id") ?? "";
  const explained = await callOperator(server, "GET", `/requests/${id}/explanation`);
  return (explained.json as { refusal?: { compared: unknown } }).refusal?.compared;
}

describe("Rule H9: a resource", () => {
  test("that is told of runs from now on, and its programs are told where to call", async () => {
    const document = instance({ roleName: "app" });
    const { credentials, ...resource } = await tell(document);
    expect(resource).toEqual({
      ...document,
      resourceId: expect.stringMatching(/^ec2-[0-9a-f]{32}$/) as string,
      startedAt: NOON,
      heardAt: NOON,
      live: true,
      registrations: [],
    });
    expect(credentials).toMatchObject({
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
    });
    const shown = await callOperator(server, "GET", `/resources/${resource.resourceId}`);
    expect(shown.json).toEqual(resource);
  });

  test("of any platform is known by its own kind of id", async () => {
    const pod = await tell(instance({ platform: "eks", externalId: "01234567-89ab-4cde-8f01-23456789abcd" }));
    const old = await tell(instance({ externalId: "i-0123abcd" }));
    const ran = await tell(task({ startedAt: "2026-03-10T10:00:00+01:00" }));
    expect([pod, old, ran].map(({ resourceId }) => resourceId.slice(0, 4))).toEqual(["eks-", "ec2-", "ecs-"]);
    expect(ran.startedAt).toBe("2026-03-10T09:00:00.000Z");
  });

  const wrong: readonly (readonly [string, () => object, RegExp])[] = [
    ["of an unknown account", () => instance({ accountId: "999999999999" }), /^accountId: no account 999999999999$/],
    ["with an unknown role", () => instance({ roleName: "nobody" }), /^roleName: account \d+ has no role nobody$/],
    ["in no region", () => instance({ region: "Virginia" }), /^region: must be a region/],
    ["with another platform's id", () => instance({ platform: "eks" }), /^externalId: must be a pod uid/],
    ["with an id that is none", () => instance({ externalId: "i-xyz" }), /^externalId: must be an instance id/],
    [
      "whose ARN names another account",
      () => task({ accountId: OTHER }),
      /^accountId: the task's ARN says 555566667777$/,
    ],
    ["whose ARN names another region", () => task({ region: "eu-west-1" }), /^region: the task's ARN says us-east-1$/],
    [
      "that starts in the future",
      () => instance({ startedAt: "2026-03-10T12:00:00.001Z" }),
      /^startedAt: lies in the future$/,
    ],
  ];
  test.each(wrong)("%s is refused, and the refusal is kept with what was sent", async (_what, document, complaint) => {
    const sent = document();
    const answer = await callOperator(server, "POST", "/resources", { body: sent });
    expect(answer.status, answer.text).toBe(422);
    expect((answer.json as { errors: string[] }).errors).toEqual([expect.stringMatching(complaint)]);
    const id = answer.headers.get("x-request-id") ?? "";
    const explained = await callOperator(server, "GET", `/requests/${id}/explanation`);
    expect(explained.json).toMatchObject({ refusal: { code: "invalid", rule: { id: "H9" } } });
  });

  test("Rules H8, H9: that is refused for its times is explained with times, not numbers", async () => {
    expect(await comparedBy(instance({ startedAt: "2026-03-10T12:00:00.001Z" }))).toEqual({
      startedAt: "2026-03-10T12:00:00.001Z",
      now: "2026-03-10T12:00:00.000Z",
    });
  });

  test("is told of in members that there are, and no others", async () => {
    const answer = await callOperator(server, "POST", "/resources", { body: { ...instance(), role: "app" } });
    expectProblem(answer, 422, /schema/, ["unknown member role"]);
  });
});

describe("Rule H5: a resource that is told of again", () => {
  test("is the same one; a role can be added, an earlier start be told", async () => {
    const document = instance();
    const first = await tell(document);
    const again = await tell({ ...document, roleName: "app", startedAt: "2026-03-10T11:00:00Z" });
    expect(again).toMatchObject({
      resourceId: first.resourceId,
      roleName: "app",
      startedAt: "2026-03-10T11:00:00.000Z",
    });
    expect(await tell(document), "nothing is taken away").toMatchObject({
      roleName: "app",
      startedAt: again.startedAt,
    });
  });

  test("runs in the account and region that it ran in before", async () => {
    const document = instance();
    await tell(document);
    const moved = await callOperator(server, "POST", "/resources", { body: { ...document, region: "eu-west-1" } });
    expectProblem(moved, 409, /runs in account 555566667777 and region us-east-1/);
  });
});

describe("a resource that is stopped", () => {
  test("ended when that is said, and not before it started, nor in the future", async () => {
    const { resourceId } = await tell(instance({ startedAt: "2026-03-10T10:00:00Z" }));
    const stop = (body: object): ReturnType<typeof callOperator> =>
      callOperator(server, "POST", `/resources/${resourceId}/stop`, { body });
    expectProblem(await stop({ stoppedAt: "2026-03-10T09:59:59Z" }), 422, /./, ["stoppedAt: lies before the start"]);
    expectProblem(await stop({ stoppedAt: "2026-03-10T12:00:01Z" }), 422, /./, ["stoppedAt: lies in the future"]);
    const stopped = await stop({ stoppedAt: "2026-03-10T11:00:00Z" });
    expect(stopped.json).toMatchObject({ live: false, stoppedAt: "2026-03-10T11:00:00.000Z" });
  });

  test("ended now where no time is given, and stays as it is when that is said again", async () => {
    const { resourceId } = await tell(instance());
    const path = `/resources/${resourceId}/stop`;
    const first = await callOperator(server, "POST", path);
    expect(first.json, first.text).toMatchObject({ live: false });
    await moveClock(server, { advanceSeconds: 60 });
    expect((await callOperator(server, "POST", path, { body: {} })).json).toEqual(first.json);
  });

  test("that nobody knows is not found", async () => {
    expectProblem(await callOperator(server, "POST", "/resources/ec2-0/stop", { body: {} }), 404, /No resource ec2-0/);
    expectProblem(await callOperator(server, "GET", "/resources/ec2-0"), 404, /No resource ec2-0/);
  });
});

test("the list is filtered by platform, account, product and life, and comes in pages", async () => {
  const all = await resourcesOf(server);
  expect(all.length).toBeGreaterThan(6);
  for (const [filter, isMeant] of [
    [{ platform: "ecs" }, ({ platform }: ListedResource) => platform === "ecs"],
    [{ accountId: OTHER }, ({ accountId }: ListedResource) => accountId === OTHER],
    [{ live: "false" }, ({ live }: ListedResource) => !live],
    [{ live: "true", platform: "ec2" }, ({ live, platform }: ListedResource) => live && platform === "ec2"],
    [{ productCode: "0abcdefghijklmnopqrstuvwx" }, () => false],
  ] as const) {
    expect(await resourcesOf(server, filter), JSON.stringify(filter)).toEqual(all.filter(isMeant));
  }
  const { body } = await server.operator("GET", "/resources?limit=4");
  const page = body as { items: unknown[]; nextCursor: string };
  const next = (await server.operator("GET", `/resources?limit=1000&cursor=${page.nextCursor}`)).body;
  expect([...page.items, ...(next as { items: unknown[] }).items]).toEqual(all);
});

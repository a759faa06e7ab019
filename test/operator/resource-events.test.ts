/** `/resource-events/ecs`: EventBridge's envelopes, in any order, again and again, and wrong. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { add } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { resourcesOf } from "../support/resources.ts";
import { start } from "../support/scoped.ts";
import { startServer, type RunningServer } from "../support/server.ts";

const BUYER = "555566667777";
/** To the second, some minutes ago: events are of today. */
const BASE_MS = Math.floor(Date.now() / 1000) * 1000 - 600_000;
const at = (seconds: number): string => new Date(BASE_MS + seconds * 1000).toISOString();
let server: RunningServer;
let made = 0;

beforeAll(async () => {
  server = await startServer(["--store", "memory:"]);
  await add(server, "/accounts", { id: BUYER });
});
afterAll(() => server.stop());

const newArn = (): string => `arn:aws:ecs:us-east-1:${BUYER}:task/prod/${String((made += 1)).padStart(32, "a")}`;

/** As ECS sends it, but for members that say nothing here. */
function event(taskArn: string, detail: object, over: object = {}): object {
  return {
    version: "0",
    id: "3317b2af-7005-947d-b652-f55e762e571a",
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: BUYER,
    time: at(300),
    region: "us-east-1",
    resources: [taskArn],
    ...over,
    detail: {
      clusterArn: `arn:aws:ecs:us-east-1:${BUYER}:cluster/prod`,
      containers: [{ containerArn: `${taskArn}/c`, lastStatus: "RUNNING", name: "app", image: "app", taskArn }],
      createdAt: at(0),
      desiredStatus: "RUNNING",
      group: "service:app",
      lastStatus: "RUNNING",
      launchType: "FARGATE",
      overrides: { containerOverrides: [{ name: "app", environment: [{ name: "PASSWORD", value: "hunter2" }] }] },
      taskArn,
      taskDefinitionArn: `arn:aws:ecs:us-east-1:${BUYER}:task-definition/app:1`,
      updatedAt: at(300),
      version: 3,
      ...detail,
    },
  };
}

const pending = { version: 1, lastStatus: "PENDING" };
const running = { version: 3, startedAt: at(10.5) };
const deprovisioning = { version: 5, lastStatus: "DEPROVISIONING", startedAt: at(10.5), executionStoppedAt: at(200) };
const stopped = {
  version: 6,
  lastStatus: "STOPPED",
  startedAt: at(10.5),
  executionStoppedAt: at(200),
  stoppedAt: at(260),
};

const send = (body: object): Promise<OperatorAnswer> => callOperator(server, "POST", "/resource-events/ecs", { body });

async function known(taskArn: string): Promise<object | undefined> {
  return (await resourcesOf(server, { platform: "ecs" })).find(({ externalId }) => externalId === taskArn);
}

describe("Rules H5, H6: a task's events", () => {
  test("tell its life: from startedAt, before that from createdAt, to executionStoppedAt", async () => {
    const arn = newArn();
    expect((await send(event(arn, pending))).json).toMatchObject({ live: true, startedAt: at(0), accountId: BUYER });
    expect((await send(event(arn, running))).json).toMatchObject({ live: true, startedAt: at(10.5) });
    expect((await send(event(arn, deprovisioning))).json).toMatchObject({ live: false, stoppedAt: at(200) });
    expect((await send(event(arn, stopped))).json).toMatchObject({ live: false, stoppedAt: at(200) });
  });

  test("that have no executionStoppedAt tell of its end by stoppedAt", async () => {
    const { executionStoppedAt: _, ...plain } = stopped;
    expect((await send(event(newArn(), plain))).json).toMatchObject({ stoppedAt: at(260) });
  });

  test("give the same task in every order, and however often they come", async () => {
    const orders = [
      [stopped, running, pending],
      [running, stopped, running, pending, stopped],
      [pending, stopped, stopped, deprovisioning],
    ];
    const ends = [];
    for (const order of orders) {
      const arn = newArn();
      for (const detail of order) expect((await send(event(arn, detail))).status).toBe(200);
      ends.push(await known(arn));
    }
    for (const end of ends) expect(end).toMatchObject({ startedAt: at(10.5), stoppedAt: at(200), live: false });
  });
});

describe("Rule H9: an event that is no news of a known account's task", () => {
  const wrong: readonly (readonly [string, () => object, RegExp])[] = [
    [
      "of another kind",
      () => event(newArn(), {}, { "detail-type": "ECS Deployment State Change" }),
      /^detail-type: must be/,
    ],
    ["of another source", () => event(newArn(), {}, { source: "my.app" }), /^source: /],
    [
      "of an unknown account",
      () => event(newArn().replace(BUYER, "999999999999"), {}, { account: "999999999999" }),
      /no account 999999999999/,
    ],
    [
      "whose ARN says otherwise",
      () => event(newArn(), {}, { region: "eu-west-1" }),
      /^region: the task's ARN says us-east-1/,
    ],
    ["without a version", () => event(newArn(), { version: undefined }), /^detail\.version: /],
    ["of a far future", () => event(newArn(), { startedAt: at(600 + 3_600) }), /^startedAt: lies in the future/],
    ["that is nothing at all", () => ({}), /^detail-type: /],
  ];
  test("that is nested without end is refused, and troubles nobody else", async () => {
    const nested = `${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}`;
    const answer = await callOperator(server, "POST", "/resource-events/ecs", { body: nested });
    expect(answer.status).toBe(422);
    expect(answer.text).toMatch(/nested more than 32 levels/);
    expect((await server.operator("GET", "/audit-events?limit=5")).status).toBe(200);
  });

  test.each(wrong)("%s is refused, and kept with all that it said but secrets", async (_what, make, complaint) => {
    const sent = make();
    const answer = await send(sent);
    expect(answer.status, answer.text).toBe(422);
    expect((answer.json as { errors: string[] }).errors).toEqual([expect.stringMatching(complaint)]);
    const { body } = await server.operator("GET", "/audit-events?eventName=ObserveEcsTask&limit=1");
    const [newest] = (body as { items: { errorCode: string; requestParameters: Record<string, unknown> }[] }).items;
    expect(newest).toMatchObject({ errorCode: "invalid", requestID: answer.headers.get("x-request-id") });
    const { detail, ...envelope } = JSON.parse(JSON.stringify(sent)) as { detail?: Record<string, unknown> };
    expect(newest?.requestParameters).toMatchObject(envelope);
    if (detail !== undefined) {
      const { overrides: _, ...kept } = detail;
      expect(newest?.requestParameters["detail"]).toEqual(kept);
    }
    expect(JSON.stringify(newest)).not.toContain("hunter2");
  });

  test("Rule H8: that is older than 35 days is refused", async () => {
    const old = new Date(BASE_MS - 36 * 86_400_000).toISOString();
    const answer = await send(event(newArn(), { ...running, createdAt: old, startedAt: old, updatedAt: old }));
    expectProblem(answer, 409, /more than 35 days old/);
  });
});

test("events of AWS need the system clock, and say so", async () => {
  const lab = await start(["--store", "memory:", "--clock", "manual"]);
  const answer = await callOperator(lab, "POST", "/resource-events/ecs", { body: event(newArn(), running) });
  expectProblem(answer, 409, /need --clock system/);
});

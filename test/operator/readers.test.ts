/** Tokens of readers: they read, change nothing, see nothing of a lab, and it is kept that they were used. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventSource } from "../support/event-source.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { runCommand, startServer, type RunningServer } from "../support/server.ts";
import { ROUTES } from "./routes.ts";

const READER = "token-of-a-reader-0123456789";
const OTHER = "token-of-another:with,comma-789";
const authorization = `Bearer ${READER}`;

let server: RunningServer;
beforeAll(async () => {
  const tokens = ["--viewer-token", `finance:${READER}`, "--viewer-token", `audit@example.com:${OTHER}`];
  server = await startServer(["--store", "memory:", ...tokens]);
});
afterAll(() => server.stop());

const asReader = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { authorization, ...(body === undefined ? {} : { body }) });

test("a reader is known by the name of the token", async () => {
  const { json } = await asReader("GET", "/server");
  expect(json).toMatchObject({ you: { principal: "finance", role: "reader" } });
  expect(json).not.toHaveProperty("rawRequests");
});

/** Beside every GET that is not of a lab. */
const ALLOWED = new Set(["post /audit-verifications"]);
const OF_A_LAB = new Set(["get /faults", "get /requests/{id}/raw"]);

test("a reader may call every GET that is not of a lab, and begin a verification, and nothing else", async () => {
  for (const [method, path] of ROUTES) {
    const name = `${method} ${path}`;
    if (path === "/activity") continue;
    const concrete = path.replaceAll(/\{\w+\}/g, "nothing");
    const answer = await asReader(method.toUpperCase(), concrete, method === "get" ? undefined : {});
    if (ALLOWED.has(name) || (method === "get" && !OF_A_LAB.has(name))) {
      expect([200, 201, 400, 404, 422], `${name}: ${answer.text}`).toContain(answer.status);
    } else expectProblem(answer, 403, /^This token may only read/);
  }
});

test("what is refused a reader is refused before its body is looked at, and changes nothing", async () => {
  const before = (await callOperator(server, "GET", "/accounts")).json;
  for (const body of [{ id: "999900001111" }, { nothing: 1 }]) {
    expectProblem(await asReader("POST", "/accounts", body), 403, /^This token may only read/);
  }
  expectProblem(await asReader("POST", "/reset", {}), 403, /^This token may only read/);
  expectProblem(await asReader("PUT", "/clock", { advanceSeconds: 60 }), 403, /^This token may only read/);
  expect((await callOperator(server, "GET", "/accounts")).json).toEqual(before);
});

test("a reader reads along", async () => {
  const source = await EventSource.open(server, { token: READER });
  expect(source.status).toBe(200);
  source.close();
});

test("a reader is told nothing of the bytes of a request", async () => {
  await fetch(server.endpoint, {
    method: "POST",
    headers: { "x-amz-target": "AWSMPMeteringService.MeterUsage" },
    body: "{}",
  });
  const { json } = await callOperator(server, "GET", "/requests?source=memory");
  const requestId = (json as { items: { requestId: string }[] }).items[0]?.requestId;
  // Nothing of it is kept: it was refused before it was known what it asks for.
  expect((await callOperator(server, "GET", `/requests/${requestId}`)).json).toMatchObject({ kept: false });
  expectProblem(await asReader("GET", `/requests/${requestId}`), 404, /^No request .* is kept/);
  expectProblem(await asReader("GET", `/requests/${requestId}/raw`), 403, /^This token may only read/);
  expectProblem(await asReader("GET", "/requests?source=memory"), 403, /^Only the operator is shown/);
});

test("that the trail was read is kept, once for each token and route", async () => {
  const noted = async (): Promise<unknown[]> => {
    const { json } = await callOperator(server, "GET", "/audit-events?eventName=ReadTrail&order=oldest&limit=1000");
    return (json as { items: { userIdentity: { userName: string }; serviceEventDetails: object }[] }).items.map(
      ({ userIdentity, serviceEventDetails }) => ({ who: userIdentity.userName, ...serviceEventDetails }),
    );
  };
  const before = await noted();
  expect(before).toContainEqual({ who: "finance", event: "trail-read", route: "GET /activity" });
  const read = (token: string): Promise<OperatorAnswer> =>
    callOperator(server, "GET", "/search?q=agmt", { authorization: `Bearer ${token}` });
  await Promise.all([read(READER), read(READER), read(OTHER)]);
  await read(OTHER);
  await callOperator(server, "GET", "/search?q=agmt");
  const after = await noted();
  expect(after.filter((one) => !before.some((known) => JSON.stringify(known) === JSON.stringify(one)))).toEqual([
    { who: "audit@example.com", event: "trail-read", route: "GET /search" },
  ]);
  expect(new Set(after.map((one) => JSON.stringify(one))).size).toBe(after.length);
});

test("a reader's event says whose token it was, and of which source", async () => {
  const { json } = await callOperator(server, "GET", "/audit-events?eventName=ReadTrail&limit=1");
  expect((json as { items: object[] }).items[0]).toMatchObject({
    userIdentity: { type: "Reader", principalId: expect.any(String) as string },
    eventSource: "operator.countinghouse",
    eventType: "AwsServiceEvent",
    readOnly: true,
  });
  expect(JSON.stringify(json)).not.toContain(READER);
});

describe("a server is not started", () => {
  test.each([
    ["a token that is too short", ["finance:short"], /must be NAME:TOKEN/],
    ["no name", [`:${READER}`], /must be NAME:TOKEN/],
    ["a name with a space", [`fin ance:${READER}`], /must be NAME:TOKEN/],
    ["the operator's name", [`operator:${READER}`], /operator is no name for a reader/],
    ["one name twice", [`finance:${READER}`, `finance:${OTHER}`], /two have the same name/],
    ["one token twice", [`finance:${READER}`, `audit:${READER}`], /two have the same token/],
    ["the operator's token", [`finance:${"o".repeat(20)}`], /it is the operator's/],
  ])("with %s, and the token is not told", async (_what, tokens, complaint) => {
    const flags = tokens.flatMap((token) => ["--viewer-token", token]);
    const ran = await runCommand(["serve", "--store", "memory:", "--operator-token", "o".repeat(20), ...flags]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(complaint);
    expect(ran.stderr).not.toContain(READER);
  });
});

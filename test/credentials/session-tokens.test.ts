/** Requests that are signed with session credentials: whose are believed, for how long, and what they may do. */
import { formatAmzDate } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import {
  jsonOf,
  presigned,
  send,
  signed,
  wireRequest,
  withHeaders,
  type RawAnswer,
  type Signing,
} from "../support/raw-client.ts";
import { sts } from "../support/sts.ts";
import { BUYER, auditedCalls, startWorkload, type WorkloadServer } from "../support/workload.ts";

interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The credentials of a new task. */
async function newSession(server: WorkloadServer, task = "task-1"): Promise<Session> {
  const environment = await server.put({ platform: "ecs", externalId: `arn:aws:ecs:::task/c/${task}` });
  const answer = await fetch(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "", {
    headers: { Authorization: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "" },
  });
  const given = (await answer.json()) as Record<string, string>;
  const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "", Token: sessionToken = "" } = given;
  return { accessKeyId, secretAccessKey, sessionToken };
}

function ask(server: WorkloadServer, session: Partial<Session>, signing: Signing = {}): Promise<RawAnswer> {
  const { sessionToken, ...keys } = session;
  const request = wireRequest(server.endpoint, "ResolveCustomer", { RegistrationToken: "no token" });
  return send(
    server.endpoint,
    signed(withHeaders(request, { "x-amz-security-token": sessionToken }), { ...keys, ...signing }),
  );
}

const refusal = (answer: RawAnswer): readonly unknown[] => [
  answer.status,
  jsonOf(answer)["__type"],
  jsonOf(answer)["message"],
];
const ADMITTED = expect.arrayContaining([400, "InvalidTokenException"]) as unknown;
const UNRECOGNIZED = [400, "UnrecognizedClientException", "The security token included in the request is invalid"];

test("Rule C1: a token counts with its own key only, unaltered, and where it was issued", async () => {
  const server = await startWorkload();
  const session = await newSession(server);
  const other = await newSession(server, "task-2");
  expect(refusal(await ask(server, session))).toEqual(ADMITTED);
  expect(refusal(await ask(server, session, { unsigned: ["x-amz-security-token"] })), "added after signing").toEqual(
    ADMITTED,
  );

  const elsewhere = await newSession(await startWorkload());
  const altered = session.sessionToken.replace(/^./, (first) => (first === "A" ? "B" : "A"));
  expect(refusal(await ask(server, elsewhere)), "another server's").toEqual(UNRECOGNIZED);
  expect(refusal(await ask(server, { ...session, sessionToken: altered })), "altered").toEqual(UNRECOGNIZED);
  expect(refusal(await ask(server, { ...session, sessionToken: other.sessionToken })), "another key's").toEqual(
    UNRECOGNIZED,
  );
  expect(refusal(await ask(server, { ...session, sessionToken: "x".repeat(8_000) })), "too long").toEqual(UNRECOGNIZED);
  expect(refusal(await ask(server, { sessionToken: session.sessionToken })), "of a user").toEqual(UNRECOGNIZED);
  const { sessionToken: _, ...without } = session;
  expect(refusal(await ask(server, without)), "without it").toEqual([
    ...UNRECOGNIZED.slice(0, 2),
    `${UNRECOGNIZED[2]}.`,
  ]);
  const mismatch = await ask(server, { ...session, secretAccessKey: other.secretAccessKey });
  expect(jsonOf(mismatch)["__type"]).toBe("InvalidSignatureException");
  expect(refusal(await ask(server, session)), "it is good still").toEqual(ADMITTED);
});

test("Rule C1: a presigned request has its token in the query", async () => {
  const server = await startWorkload();
  const { sessionToken, ...keys } = await newSession(server);
  const request = wireRequest(server.endpoint, "ResolveCustomer", { RegistrationToken: "no token" });
  const path = `/?X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`;
  expect(refusal(await send(server.endpoint, presigned({ ...request, path }, keys)))).toEqual(ADMITTED);
});

test("Rule C1: a session ends by the wall clock, to the second", async () => {
  let aheadMs = 0;
  const wallMs = (): number => Date.now() + aheadMs;
  const server = await startWorkload({ world: { wallMs } });
  const session = await newSession(server);
  aheadMs = 6 * 3_600_000 - 60_000;
  expect(refusal(await ask(server, session, { at: new Date(wallMs()) }))).toEqual(ADMITTED);
  aheadMs = 6 * 3_600_000;
  expect(refusal(await ask(server, session, { at: new Date(wallMs()) }))).toEqual([
    400,
    "ExpiredTokenException",
    "The security token included in the request is expired",
  ]);
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const { sessionToken, ...keys } = session;
  const request = {
    method: "POST",
    path: "/",
    headers: {
      host: new URL(server.endpoint).host,
      "content-type": "application/x-www-form-urlencoded",
      "x-amz-date": formatAmzDate(wallMs()),
      "x-amz-security-token": sessionToken,
    },
    body: Buffer.from(body),
  };
  const told = await send(server.endpoint, signed(request, { ...keys, service: "sts", at: new Date(wallMs()) }));
  expect([told.status, /<Code>(.*)<\/Code>/.exec(told.text)?.[1]]).toEqual([403, "ExpiredToken"]);
});

test("Rules C1 and C2: a session may do what its role may now, and nothing once the role is gone", async () => {
  const statement = { Effect: "Allow", Action: "aws-marketplace:MeterUsage", Resource: "*" };
  const server = await startWorkload({ role: { policy: { Statement: [statement] } } });
  const session = await newSession(server);
  expect(refusal(await ask(server, session))).toEqual([
    400,
    "AccessDeniedException",
    `User: arn:aws:sts::${BUYER}:assumed-role/app-role/task-1 is not authorized to perform: aws-marketplace:ResolveCustomer because no identity-based policy allows the aws-marketplace:ResolveCustomer action`,
  ]);
  await server.operator("PATCH", `/accounts/${BUYER}`, { roles: [{ name: "app-role" }] });
  expect(refusal(await ask(server, session))).toEqual(ADMITTED);
  await server.operator("PATCH", `/accounts/${BUYER}`, { roles: [] });
  expect(refusal(await ask(server, session))).toEqual(UNRECOGNIZED);
});

test("an event says which resource's credentials they were, and no secret of theirs", async () => {
  const server = await startWorkload();
  const session = await newSession(server);
  await ask(server, session);
  await ask(server, { ...session, sessionToken: `${session.sessionToken}A` });
  const calls = await auditedCalls(server, "ResolveCustomer");
  expect(calls.length).toBe(2);
  expect(calls[1]?.userIdentity).toMatchObject({ type: "AssumedRole", accessKeyId: session.accessKeyId });
  const text = JSON.stringify(calls);
  expect(text).not.toContain(session.secretAccessKey);
  expect(text).not.toContain(session.sessionToken.slice(0, 40));
});

test("STS takes no signature for another service, and JSON operations none for STS", async () => {
  const server = await startWorkload();
  const session = await newSession(server);
  expect(jsonOf(await ask(server, session, { service: "sts" }))["__type"]).toBe("InvalidSignatureException");
  const unsigned = await sts(server, { Action: "GetCallerIdentity", Version: "2011-06-15" });
  expect(unsigned.status).toBe(403);
});

test("Rules C2 and N3: a role's policy ends at its time by the wall clock, while the session goes on", async () => {
  let aheadMs = 0;
  const untilMs = Date.now() + 60_000;
  const Condition = { DateLessThan: { "aws:CurrentTime": new Date(untilMs).toISOString() } };
  const policy = { Statement: { Effect: "Allow", Action: "aws-marketplace:*", Resource: "*", Condition } };
  const server = await startWorkload({ role: { policy }, world: { wallMs: () => Date.now() + aheadMs } });
  const session = await newSession(server);
  expect(refusal(await ask(server, session))).toEqual(ADMITTED);
  aheadMs = 120_000;
  expect(refusal(await ask(server, session))).toEqual([
    400,
    "AccessDeniedException",
    expect.stringContaining("because no identity-based policy allows") as unknown,
  ]);
});

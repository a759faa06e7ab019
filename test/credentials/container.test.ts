/** Credentials of ECS tasks, as the official SDK asks for them. */
import { expect, test } from "vitest";
import { ADMITTED, BUYER, ROLE, auditedCalls, resourceOf, runProgram, startWorkload } from "../support/workload.ts";

const TASK = `arn:aws:ecs:eu-central-1:${BUYER}:task/cluster/0123456789abcdef`;

const ask = (
  env: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Response> => fetch(env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "", { method, headers });

test("Rule C8: an unmodified program in a task works from its environment alone", async () => {
  const server = await startWorkload();
  const environment = await server.put({ platform: "ecs", externalId: TASK });
  expect(await runProgram(environment)).toMatch(ADMITTED);
  const [call] = await auditedCalls(server, "ResolveCustomer");
  expect(call).toMatchObject({
    awsRegion: "eu-central-1",
    userIdentity: {
      type: "AssumedRole",
      arn: `arn:aws:sts::${BUYER}:assumed-role/${ROLE}/0123456789abcdef`,
      accountId: BUYER,
      accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/) as unknown,
      sessionContext: { sessionIssuer: { userName: ROLE } },
    },
  });
});

test("Rule C8: a wrong token is told nothing, the right one what is wrong", async () => {
  const server = await startWorkload();
  const environment = await server.put({ platform: "ecs", externalId: TASK });
  const other = await server.put({ platform: "ecs", externalId: `${TASK}0` });
  const Authorization = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "";
  expect(other["AWS_CONTAINER_AUTHORIZATION_TOKEN"]).not.toBe(Authorization);

  const good = await ask(environment, { Authorization });
  expect([good.status, good.headers.get("content-type")]).toEqual([200, "application/json"]);
  const given = (await good.json()) as Record<string, string>;
  expect(given).toMatchObject({ RoleArn: `arn:aws:iam::${BUYER}:role/${ROLE}`, AccountId: BUYER });
  expect(Date.parse(given["Expiration"] ?? "") - Date.now()).toBeGreaterThan(5 * 3_600_000);

  expect((await ask(environment)).status).toBe(401);
  expect((await ask(environment, { Authorization: `${Authorization}x` })).status).toBe(403);
  expect((await ask(other, { Authorization })).status, "another task's").toBe(403);
  expect((await ask(environment, { Authorization }, "POST")).status).toBe(405);
  const unknown = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/workload/credentials/ecs-${"0".repeat(32)}`,
  };
  expect((await ask(unknown, { Authorization })).status, "no task is told of").toBe(403);
  const nonsense = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.endpoint}/workload/credentials/../../etc` };
  expect((await ask(nonsense, { Authorization })).status).toBe(404);
});

test("Rule C8: a task that has stopped, or whose role is not there, gets none; SDKs report why", async () => {
  const server = await startWorkload();
  const environment = await server.put({ platform: "ecs", externalId: TASK });
  const Authorization = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "";
  await server.put({ platform: "ecs", externalId: TASK, roleName: "gone" });
  expect(await (await ask(environment, { Authorization })).json()).toMatchObject({ Code: "RoleNotFound" });
  await server.put({ platform: "ecs", externalId: TASK, stoppedAtMs: Date.now() - 1 });
  const stopped = await ask(environment, { Authorization });
  expect(stopped.status).toBe(404);
  expect(await stopped.json()).toMatchObject({
    Code: "ResourceNotFound",
    message: "The task is not known, or has stopped.",
  });
});

test("Rule C8: the address of a task is not one for instances or pods", async () => {
  const server = await startWorkload();
  await server.put({ platform: "ec2", externalId: "i-1" });
  const uri = `${server.endpoint}/workload/credentials/${resourceOf({ platform: "ec2", externalId: "i-1" }).resourceId}`;
  expect((await fetch(uri, { headers: { Authorization: "x" } })).status).toBe(404);
});

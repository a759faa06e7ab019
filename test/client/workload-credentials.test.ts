/** The client's own credential sources, each against the server's real endpoints: what works for the official SDK works for it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MarketplaceMeteringClient, type MeteringError } from "@countinghouse/client";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { newFolder } from "../support/scoped.ts";
import type { RunningServer } from "../support/server.ts";
import { KEY, ROLE_ARN, assume, goodToken, keyFile, serverFor } from "../support/sts.ts";
import { BUYER, ROLE, auditedCalls, startWorkload } from "../support/workload.ts";

let folder: string;

beforeEach(() => {
  folder = newFolder();
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  return () => vi.unstubAllEnvs();
});

function inEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
}

/** What the client is told that has nothing but the environment: that its token is none, where its credentials are good. */
async function told(): Promise<MeteringError | undefined> {
  const client = new MarketplaceMeteringClient();
  onTestFinished(() => client.close());
  const outcome = await client.resolveCustomerOutcome({ registrationToken: "no token" });
  return outcome.ok ? undefined : outcome.error;
}

/** Who the server says has called. */
async function caller(server: Pick<RunningServer, "operator">): Promise<unknown> {
  expect(await told()).toMatchObject({ name: "InvalidTokenException" });
  const [call] = await auditedCalls(server, "ResolveCustomer");
  return call?.userIdentity["arn"];
}

const session = (name: string): string => `arn:aws:sts::${BUYER}:assumed-role/${ROLE}/${name}`;

test("a container's, of an ECS task", async () => {
  const server = await startWorkload();
  inEnvironment(await server.put({ platform: "ecs", externalId: "arn:aws:ecs:eu-central-1:1:task/c/abc" }));
  expect(await caller(server)).toBe(session("abc"));
});

test("an instance's, and its region", async () => {
  const server = await startWorkload();
  const environment = await server.put({ platform: "ec2", externalId: "i-0abc" });
  inEnvironment({ ...environment, AWS_REGION: "", AWS_DEFAULT_REGION: "" });
  expect(await caller(server)).toBe(session("i-0abc"));
  const [call] = await auditedCalls(server, "ResolveCustomer");
  expect(call?.awsRegion).toBe("eu-central-1");
});

test("Rule M7: a dry run of an instance that may meter itself is an answer, not an error", async () => {
  const server = await startWorkload();
  inEnvironment(await server.put({ platform: "ec2", externalId: "i-0abd" }));
  const client = new MarketplaceMeteringClient();
  onTestFinished(() => client.close());
  const usage = { productCode: "ami-product", timestamp: new Date(), usageDimension: "gb", dryRun: true };
  const refused = await client.meterUsageOutcome(usage);
  expect(refused).toMatchObject({ ok: false, error: { name: "InvalidUsageDimensionException" } });
  const product = {
    title: "Image",
    seller: "111122223333",
    type: "ami",
    pricing: "usage",
    dimensions: [{ name: "gb" }],
  };
  const made = await server.operator("POST", "/products", { ...product, productCode: "metered-image" });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const agreement = { agreementId: "m", productCode: "metered-image", customerAccountId: BUYER };
  await server.operator("POST", "/agreements", { ...agreement, startsAt: "2020-01-01T00:00:00Z" });
  const answer = await client.meterUsage({ ...usage, productCode: "metered-image" });
  expect(answer).toMatchObject({ meteringRecordId: "DryRunOperation" });
});

/** A pod's environment, and the server that believes its token. */
async function inPod(token: string): Promise<RunningServer> {
  const server = await serverFor({ jwksFile: keyFile(folder, KEY) });
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, token);
  inEnvironment({
    AWS_REGION: "eu-central-1",
    AWS_ROLE_ARN: ROLE_ARN,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_SESSION_NAME: "app-0",
    AWS_ENDPOINT_URL_STS: server.endpoint,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
  });
  return server;
}

test("a web identity's, of a pod", async () => {
  expect(await caller(await inPod(goodToken()))).toBe(session("app-0"));
});

test("a web identity's, with a token that is refused: the client says why", async () => {
  await inPod(goodToken({ exp: 1_000 }));
  expect(await told()).toMatchObject({
    name: "CredentialsError",
    message: expect.stringMatching(/ExpiredTokenException, Token expired/) as unknown,
  });
});

test("those of the environment and of a profile, with a session's token", async () => {
  const server = await serverFor({ jwksFile: keyFile(folder, KEY) });
  const answer = await assume(server, goodToken(), { RoleSessionName: "by-hand" });
  const part = (name: string): string => answer.element(name) ?? "";
  inEnvironment({
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
    AWS_ACCESS_KEY_ID: part("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: part("SecretAccessKey"),
    AWS_SESSION_TOKEN: part("SessionToken"),
  });
  expect(await caller(server)).toBe(session("by-hand"));

  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) vi.stubEnv(name, undefined);
  const keys = `aws_access_key_id = ${part("AccessKeyId")}\naws_secret_access_key = ${part("SecretAccessKey")}`;
  writeFileSync(join(folder, "credentials"), `[work]\n${keys}\naws_session_token = ${part("SessionToken")}\n`);
  vi.stubEnv("AWS_PROFILE", "work");
  expect(await caller(server)).toBe(session("by-hand"));
});

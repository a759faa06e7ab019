/** Web identities, with the official SDK's own provider: programs in pods, and where the keys of issuers come from. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ISSUER, POD_UID, SUBJECT, keySetOf, newKey, podClaims, tokenOf } from "../support/issuer.ts";
import { listen } from "../support/listener.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, type RunningServer } from "../support/server.ts";
import { KEY, ROLE_ARN, assume, goodToken, keyFile, serverFor } from "../support/sts.ts";
import {
  ADMITTED,
  BUYER,
  ROLE,
  auditedCalls,
  catalogueFile,
  catalogueOf,
  runProgram,
  startWorkload,
} from "../support/workload.ts";

/** Asks again until the keys may be read again. */
async function untilAssumed(server: RunningServer, token: string): Promise<void> {
  await expect.poll(async () => (await assume(server, token)).status, { timeout: 15_000, interval: 250 }).toBe(200);
}

/** The environment of a pod: a role, a token's file, and where STS and the metering service are. */
function podEnvironment(server: RunningServer, token: string): Record<string, string> {
  const file = join(newFolder(), "token");
  writeFileSync(file, token);
  return {
    AWS_REGION: "eu-central-1",
    AWS_ROLE_ARN: ROLE_ARN,
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
    AWS_ENDPOINT_URL_STS: server.endpoint,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
  };
}

const WHO_AM_I = `
const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
const { UserId, Account, Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(UserId, Account, Arn);`;

describe("an unmodified program in a pod", () => {
  test("Rules C3 to C6: works from its environment alone, and is who its token says", async () => {
    const server = await serverFor({ jwksFile: keyFile(newFolder(), KEY), region: "eu-central-1" });
    const environment = podEnvironment(server, goodToken());
    expect(await runProgram(environment)).toMatch(ADMITTED);
    const said = await runProgram({ ...environment, AWS_ROLE_SESSION_NAME: "app-0" }, WHO_AM_I);
    expect(said).toMatch(
      new RegExp(`^AROA[A-Z2-7]{17}:app-0 ${BUYER} arn:aws:sts::${BUYER}:assumed-role/${ROLE}/app-0$`),
    );

    const provider = `arn:aws:iam::${BUYER}:oidc-provider/oidc.example/id/1`;
    const [issued] = await auditedCalls(server, "AssumeRoleWithWebIdentity");
    expect(issued).toMatchObject({
      eventSource: "sts.amazonaws.com",
      awsRegion: "eu-central-1",
      userIdentity: {
        type: "WebIdentityUser",
        principalId: `${provider}:sts.amazonaws.com:${SUBJECT}`,
        userName: SUBJECT,
        identityProvider: provider,
      },
      requestParameters: { roleArn: ROLE_ARN, roleSessionName: "app-0" },
      responseElements: {
        subjectFromWebIdentityToken: SUBJECT,
        audience: "sts.amazonaws.com",
        credentials: { sessionToken: "HIDDEN_DUE_TO_SECURITY_REASONS" },
      },
      additionalEventData: { resourceId: expect.stringMatching(/^eks-/) as unknown },
    });
    const [identified] = await auditedCalls(server, "GetCallerIdentity");
    expect(identified?.userIdentity).toMatchObject({
      type: "AssumedRole",
      sessionContext: { webIdFederationData: { federatedProvider: provider } },
    });
    expect(JSON.stringify(await auditedCalls(server, "AssumeRoleWithWebIdentity"))).not.toContain(
      goodToken().slice(0, 40),
    );
  });

  test("Rules Y4, H1: registers its use, and is metered until it stops", async () => {
    const server = await serverFor({ jwksFile: keyFile(newFolder(), KEY), region: "eu-central-1" });
    const productCode = "9abcdefghijklmnopqrstuvwx";
    const product = { productCode, title: "Gateway", seller: BUYER, type: "container", pricing: "hourly" };
    const dimensions = [{ name: "running_time", kind: "hours", price: "0.36" }];
    expect((await server.operator("POST", "/products", { ...product, dimensions })).status).toBe(201);
    const agreement = { agreementId: "agmt-pod", productCode, customerAccountId: BUYER };
    const startsAt = "2026-01-01T00:00:00Z";
    expect((await server.operator("POST", "/agreements", { ...agreement, startsAt })).status).toBe(201);
    const said = await runProgram(
      podEnvironment(server, goodToken()),
      `
const { MarketplaceMeteringClient, RegisterUsageCommand } = await import("@aws-sdk/client-marketplace-metering");
const command = new RegisterUsageCommand({ ProductCode: "${productCode}", PublicKeyVersion: 1 });
console.log((await new MarketplaceMeteringClient({}).send(command)).Signature);`,
    );
    expect(said).toMatch(/^eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9\./);

    const { body } = await server.operator("GET", "/resources?platform=eks&live=true");
    const [pod] = (body as { items: { resourceId: string; externalId: string }[] }).items;
    expect(pod?.externalId).toBe(POD_UID);
    expect((await server.operator("POST", `/resources/${pod?.resourceId}/stop`, {})).status).toBe(200);
    const month = new Date().toISOString().slice(0, 7);
    const report = await server.operator("GET", `/reports/usage-by-instance-type?month=${month}&format=json`);
    // Rule H3: it ran for a moment.
    expect((report.body as { rows: object[] }).rows).toMatchObject([
      { productCode, customerAccountId: BUYER, seconds: { final: "0", provisional: "60" } },
    ]);
    const [registered] = await auditedCalls(server, "RegisterUsage");
    expect(registered).toMatchObject({
      userIdentity: { type: "AssumedRole", sessionContext: { webIdFederationData: {} } },
      requestParameters: { productCode, publicKeyVersion: 1 },
      recipientAccountId: BUYER,
    });
  });

  test("Rule C7: with keys at a URL, over TLS by certificates of its own, and rotated", async () => {
    const [first, second] = [newKey("first", "ES256"), newKey("second", "PS256")];
    let keys = keySetOf(first);
    const { url, caFile } = await tlsServer(() => keys);
    const server = await serverFor({ jwksUrl: `${url}/keys`, caFile });
    expect(await runProgram(podEnvironment(server, goodToken({}, first)))).toMatch(ADMITTED);
    expect((await assume(server, goodToken({}, second))).element("Code")).toBe("InvalidIdentityToken");
    keys = keySetOf(second);
    await untilAssumed(server, goodToken({}, second));
    expect(await runProgram(podEnvironment(server, goodToken({}, second)))).toMatch(ADMITTED);
    expect((await assume(server, goodToken({}, first))).element("Code"), "no more").toBe("InvalidIdentityToken");
  });

  test("Rule C7: with keys in a file, rotated", async () => {
    const jwksFile = keyFile(newFolder(), KEY);
    const server = await serverFor({ jwksFile });
    await untilAssumed(server, goodToken());
    const next = newKey("key-2", "ES256");
    writeFileSync(`${jwksFile}.new`, keySetOf(KEY, next));
    renameSync(`${jwksFile}.new`, jwksFile);
    await untilAssumed(server, goodToken({}, next));
    await untilAssumed(server, goodToken());
  });
});

test("Rule C7: nothing is asked of an issuer that the catalogue does not name, whatever a token says", async () => {
  const keys = await listen(() => ({ body: keySetOf(KEY) }));
  const server = await serverFor({ jwksFile: keyFile(newFolder(), KEY) });
  const claims = podClaims(keys.url);
  for (const header of [{}, { jku: `${keys.url}/jwks` }, { x5u: `${keys.url}/x5u` }]) {
    const answer = await assume(server, tokenOf(claims, KEY, header));
    expect(answer.element("Code")).toBe("InvalidIdentityToken");
    expect(answer.element("Message")).toMatch(/^No OpenIDConnect provider found/);
    expect((await assume(server, tokenOf(podClaims(ISSUER), newKey("k"), header))).element("Code")).toBe(
      "InvalidIdentityToken",
    );
  }
  expect(keys.heard).toEqual([]);
});

test("Rule C7: what the keys' server does wrong is answered in the service's words, and is not asked again at once", async () => {
  const elsewhere = await listen(() => ({ body: keySetOf(KEY) }));
  const answers = [
    { status: 302, headers: { location: `${elsewhere.url}/keys` } },
    { status: 500 },
    { body: "no JSON" },
    { body: { keys: "none" } },
    { body: JSON.stringify({ keys: [], padding: "x".repeat(300_000) }) },
  ];
  for (const scripted of answers) {
    const keys = await listen(() => scripted);
    const server = await serverFor({ jwksUrl: `${keys.url}/keys` });
    for (let i = 0; i < 5; i += 1) {
      const answer = await assume(server, goodToken());
      expect([answer.status, answer.element("Code")]).toEqual([400, "InvalidIdentityToken"]);
      expect(answer.element("Message")).toMatch(/^Couldn't retrieve verification key from your identity provider, /);
      expect(answer.text).not.toContain(keys.url);
    }
    expect(keys.heard.length, "a burst is one question").toBe(1);
  }
  expect(elsewhere.heard, "redirects are not followed").toEqual([]);
});

test("Rule C7: keys that cannot be had at all are answered in the same way", async () => {
  const missing = join(newFolder(), "nothing.json");
  for (const source of [{ jwksUrl: "http://127.0.0.1:1/keys" }, { jwksFile: missing }]) {
    const answer = await assume(await serverFor(source), goodToken());
    expect([answer.status, answer.element("Code")]).toEqual([400, "InvalidIdentityToken"]);
    expect(answer.element("Message")).toBe(
      `Couldn't retrieve verification key from your identity provider, ${ISSUER}: its keys could not be read.`,
    );
    expect(answer.text).not.toContain(missing);
  }
});

test("Rule C7: tokens of unknown keys do not make the server ask and ask", async () => {
  const keys = await listen(() => ({ body: keySetOf(KEY) }));
  const server = await serverFor({ jwksUrl: `${keys.url}/keys` });
  const tokens = Array.from({ length: 20 }, (_, i) => tokenOf(podClaims(ISSUER), KEY, { kid: `unknown-${i}` }));
  await Promise.all([goodToken(), ...tokens].map((token) => assume(server, token)));
  expect(keys.heard.length).toBe(1);
});

test("Rule C5: the pod behind a token is a resource of the buyer's, once", async () => {
  const server = await startWorkload({ keySet: keySetOf(KEY) });
  for (let i = 0; i < 3; i += 1) expect((await assume(server, goodToken())).status).toBe(200);
  const [pod, ...others] = (await server.service.ledger.resources({ limit: 10 })).items;
  expect(others).toEqual([]);
  expect(pod).toMatchObject({
    platform: "eks",
    externalId: POD_UID,
    accountId: BUYER,
    region: "us-east-1",
    roleName: ROLE,
  });
});

test("Rule C1: a session outlives a restart", async () => {
  const folder = newFolder();
  const catalog = catalogueFile(folder, catalogueOf({ jwksFile: keyFile(folder, KEY) }));
  const args = ["--store", `sqlite:${join(folder, "data")}`, "--catalog", catalog];
  const first = await start(args);
  const answer = await assume(first, goodToken());
  expect(await first.stop()).toBe(0);
  const second = await start(args);
  const part = (name: string): string => answer.element(name) ?? "";
  const environment = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: part("AccessKeyId"),
    AWS_SECRET_ACCESS_KEY: part("SecretAccessKey"),
    AWS_SESSION_TOKEN: part("SessionToken"),
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: second.endpoint,
  };
  expect(await runProgram(environment)).toMatch(ADMITTED);
  expect(await second.stop()).toBe(0);

  const data = join(folder, "data");
  const verified = await runCommand(["store", "verify", "--store", `sqlite:${data}`]);
  expect(verified, verified.stdout).toMatchObject({ code: 0 });
  const bytes = Buffer.concat(readdirSync(data).map((name) => readFileSync(join(data, name))));
  expect(bytes.includes(part("AccessKeyId")), "who got which key is kept").toBe(true);
  for (const secret of [part("SecretAccessKey"), part("SessionToken").slice(0, 40), goodToken().slice(0, 60)]) {
    expect(bytes.includes(secret)).toBe(false);
    expect(first.output() + second.output()).not.toContain(secret);
  }
});

test("the operator sees whose tokens are believed", async () => {
  const jwksFile = keyFile(newFolder(), KEY);
  const server = await serverFor({ jwksFile });
  const { status, body } = await server.operator("GET", "/issuers");
  expect([status, body]).toEqual([200, { items: [{ issuer: ISSUER, jwksFile }] }]);
});

/** A server over TLS whose certificate nobody knows but by its file. */
async function tlsServer(body: () => string): Promise<{ url: string; caFile: string }> {
  const folder = newFolder();
  const [keyPath, caFile] = [join(folder, "key.pem"), join(folder, "ca.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=127.0.0.1",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      keyPath,
      "-out",
      caFile,
    ],
    { stdio: "pipe" },
  );
  const server = createServer({ key: readFileSync(keyPath), cert: readFileSync(caFile) }, (_request, response) => {
    response.end(body());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, caFile };
}

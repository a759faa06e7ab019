/** Requests of STS as they stand on the wire: what is refused, how, and how answers are written. */
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ISSUER, POD_UID, newKey, podClaims, tokenOf } from "../support/issuer.ts";
import { newFolder } from "../support/scoped.ts";
import { DEMO, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { KEY, assume, believing, goodToken, keyFile, serverFor, sts, type Form } from "../support/sts.ts";
import { BUYER, ROLE, auditedCalls } from "../support/workload.ts";

const folder = temporaryFolder();
let server: RunningServer;

beforeAll(async () => {
  server = await startServer(believing(folder.path, { jwksFile: keyFile(folder.path, KEY) }));
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** Other claims under the same signature. */
function altered(token: string): string {
  const [head, , signature] = token.split(".");
  const body = Buffer.from(JSON.stringify(podClaims(ISSUER, { sub: "system:serviceaccount:kube-system:admin" })));
  return `${head}.${body.toString("base64url")}.${signature}`;
}

const trust = (subject: string): object => ({ issuer: ISSUER, audience: "sts.amazonaws.com", subject });

const client = (endpoint: string, secretAccessKey: string): STSClient =>
  new STSClient({
    endpoint,
    region: "us-east-1",
    maxAttempts: 1,
    credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey },
  });

test("STS answers in XML, to the letter", async () => {
  const answer = await assume(server, goodToken(), { DurationSeconds: "900", RoleSessionName: "a,b" });
  expect(answer.text.replace(/>[^<>\n]+</g, ">…<")).toBe(`\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>…</SubjectFromWebIdentityToken>
    <Audience>…</Audience>
    <AssumedRoleUser>
      <Arn>…</Arn>
      <AssumedRoleId>…</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>…</AccessKeyId>
      <SecretAccessKey>…</SecretAccessKey>
      <SessionToken>…</SessionToken>
      <Expiration>…</Expiration>
    </Credentials>
    <Provider>…</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>…</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
`);
  const lifetimeMs = Date.parse(answer.element("Expiration") ?? "") - Date.now();
  expect(lifetimeMs).toBeGreaterThan(840_000);
  expect(lifetimeMs).toBeLessThanOrEqual(900_000);

  const refused = await assume(server, "no.token.at-all");
  expect(refused.status).toBe(400);
  expect(refused.text).toBe(`\
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidIdentityToken</Code>
    <Message>The ID Token provided is not a valid JWT.</Message>
  </Error>
  <RequestId>${refused.element("RequestId")}</RequestId>
</ErrorResponse>
`);
});

describe("a token is refused", () => {
  const now = Math.floor(Date.now() / 1_000);
  const stranger = newKey("key-1");
  const otherKind = newKey("key-2", "EdDSA");
  const cases: readonly (readonly [what: string, token: () => string, code: string])[] = [
    ["whose claims were altered (Rule C3)", () => altered(goodToken()), "InvalidIdentityToken"],
    ["of a stranger's key with the same name (Rule C3)", () => goodToken({}, stranger), "InvalidIdentityToken"],
    ["of a key that is not known (Rule C7)", () => goodToken({}, newKey("other")), "InvalidIdentityToken"],
    ["without a signature: alg none (Rule C3)", () => tokenOf(podClaims(ISSUER), KEY, { alg: "none" }), "InvalidIdentityToken"],
    ["with the public key for a secret: HS256 (Rule C3)", () => tokenOf(podClaims(ISSUER), KEY, { alg: "HS256" }), "InvalidIdentityToken"],
    ["by an algorithm that is not served, with a key of its issuer's (Rule C3)", () => goodToken({}, otherKind), "InvalidIdentityToken"],
    ["that brings its own key (Rule C3)", () => tokenOf(podClaims(ISSUER), stranger, { jwk: stranger.publicKey.export({ format: "jwk" }), kid: undefined }), "InvalidIdentityToken"],
    ["with a critical header (Rule C3)", () => tokenOf(podClaims(ISSUER), KEY, { crit: ["exp"], exp: 1 }), "InvalidIdentityToken"],
    ["that has expired (Rule C3)", () => goodToken({ exp: now - 600 }), "ExpiredTokenException"],
    ["that is not valid yet (Rule C3)", () => goodToken({ nbf: now + 900 }), "IDPRejectedClaim"],
    ["without an end (Rule C3)", () => goodToken({ exp: undefined }), "InvalidIdentityToken"],
    ["without a subject (Rule C3)", () => goodToken({ sub: undefined }), "InvalidIdentityToken"],
    ["without an audience (Rule C3)", () => goodToken({ aud: undefined }), "InvalidIdentityToken"],
    ["whose audience is no text (Rule C3)", () => goodToken({ aud: [7] }), "InvalidIdentityToken"],
    ["whose issuer is no text (Rule C3)", () => goodToken({ iss: { a: 1 } }), "InvalidIdentityToken"],
    ["without a pod (Rule C5)", () => goodToken({ "kubernetes.io": { namespace: "default" } }), "InvalidIdentityToken"],
    ["with a pod of another form (Rule C5)", () => goodToken({ "kubernetes.io": { pod: { uid: ["x"] } } }), "InvalidIdentityToken"],
    ["for another audience (Rule C4)", () => goodToken({ aud: ["vault"] }), "AccessDenied"],
    ["of another subject (Rule C4)", () => goodToken({ sub: "system:serviceaccount:default:other" }), "AccessDenied"],
    ["that is cut off (Rule C3)", () => goodToken().slice(0, -10), "InvalidIdentityToken"],
    ["that is too long (Rule C6)", () => `${goodToken()}${"A".repeat(20_000)}`, "ValidationError"],
  ]; // prettier-ignore

  test("for each reason with its own error, and nothing comes of any of them", async () => {
    const own = await serverFor({ jwksFile: keyFile(newFolder(), KEY, otherKind) });
    for (const [what, token, code] of [...cases, ...cases, ...cases]) {
      const answer = await assume(own, token());
      expect([what, answer.element("Code")]).toEqual([what, code]);
      expect(answer.text, what).not.toContain("AccessKeyId");
    }
    const kept = await auditedCalls(own, "AssumeRoleWithWebIdentity");
    expect(kept.length, "ten a minute are kept").toBeGreaterThanOrEqual(10);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.every(({ errorCode, responseElements }) => errorCode !== undefined && responseElements === null)).toBe(
      true,
    );
    expect(JSON.stringify(kept)).not.toMatch(/eyJ/);
    expect((await assume(own, goodToken())).status, "and the server serves on").toBe(200);
  });

  test("Rule C3: give or take 5 minutes of clock", async () => {
    expect((await assume(server, goodToken({ exp: now - 200 }))).status).toBe(200);
    expect((await assume(server, goodToken({ nbf: now + 200 }))).status).toBe(200);
  });
});

describe("Rule C6: a request is refused", () => {
  test.each<readonly [string, Form, string]>([
    ["without a role", { RoleArn: undefined }, "Value null at 'roleArn'"],
    ["with a role that is no ARN", { RoleArn: "app" }, "at 'roleArn' failed to satisfy constraint"],
    ["without a session's name", { RoleSessionName: undefined }, "Value null at 'roleSessionName'"],
    ["with a session's name of one letter", { RoleSessionName: "a" }, "at 'roleSessionName'"],
    ["with a session's name of 65", { RoleSessionName: "a".repeat(65) }, "at 'roleSessionName'"],
    ["with a session's name that is markup", { RoleSessionName: '<a b="c">&\u0000\u001b\ufffe' }, "Value '&lt;a b=\"c\"&gt;&amp;\\u0000\\u001b\\ufffe' at"],
    ["without a token", { WebIdentityToken: undefined }, "Value null at 'webIdentityToken'"],
    ["for 899 seconds", { DurationSeconds: "899" }, "greater than or equal to 900"],
    ["for 43,201 seconds", { DurationSeconds: "43201" }, "less than or equal to 43200"],
    ["for no number of seconds", { DurationSeconds: "1e3" }, "at 'durationSeconds'"],
    ["with a session policy", { Policy: "{}" }, "Policy is not served here"],
    ["with managed policies", { "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }, "PolicyArns is not served here"],
  ])("%s", async (_what, over, message) => {
    const answer = await assume(server, goodToken(), over);
    expect([answer.status, answer.element("Code")]).toEqual([400, "ValidationError"]);
    expect(answer.element("Message")).toContain(message);
  }); // prettier-ignore

  test("that names a role that is not there, or trusts nobody, all in one way (Rule C4)", async () => {
    for (const role of [
      `${BUYER}:role/none`,
      `${BUYER}:role/untrusting`,
      "777788889999:role/app-role",
      "000000000000:role/x",
    ]) {
      const answer = await assume(server, goodToken(), { RoleArn: `arn:aws:iam::${role}` });
      expect([answer.status, answer.element("Code"), answer.element("Message")], role).toEqual([
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
      ]);
    }
  });

  test("that is no operation, too large, or ambiguous", async () => {
    expect((await sts(server, { Action: "AssumeRole", Version: "2011-06-15" })).element("Code")).toBe("InvalidAction");
    expect((await sts(server, { Action: "constructor", Version: "2011-06-15" })).element("Code")).toBe("InvalidAction");
    expect((await assume(server, goodToken(), { Version: "2010-01-01" })).element("Code")).toBe("InvalidAction");
    expect((await assume(server, "x".repeat(70_000))).element("Code")).toBe("ValidationError");
    const twice = new URLSearchParams([
      ["Action", "GetCallerIdentity"],
      ["Action", "AssumeRoleWithWebIdentity"],
    ]);
    expect((await sts(server, {}, { body: twice })).element("Message")).toBe("A parameter is given twice");
    const many = new URLSearchParams({ Action: "GetCallerIdentity" });
    for (let i = 0; i < 32; i += 1) many.append(`p${i}`, "");
    const tooMany = await sts(server, {}, { body: many });
    expect([tooMany.element("Code"), tooMany.element("Message")]).toEqual([
      "ValidationError",
      "A request has at most 32 parameters",
    ]);
    const huge = await sts(server, {}, { body: new URLSearchParams({ Action: "x", a: "x".repeat(1_100_000) }) });
    expect(huge.status).toBe(413);
    const otherwise = await sts(server, {}, { body: new URLSearchParams({ a: "b" }) });
    expect(otherwise.text, "a form that names no action is none of STS's").toContain("<AccessDeniedException>");
  });
});

test("Rule C4: a trusted subject may hold wildcards, and a pod is of one account", async () => {
  const role = { webIdentity: [trust("system:serviceaccount:*:ap?")] };
  const other = await serverFor({ jwksFile: keyFile(newFolder(), KEY) }, role);
  expect((await assume(other, goodToken())).status).toBe(200);
  expect((await assume(other, goodToken({ sub: "system:serviceaccount:x:apps" }))).element("Code")).toBe(
    "AccessDenied",
  );
  // The other account comes to trust the same pods; this pod has shown itself to be the buyer's.
  const { status } = await other.operator("PATCH", "/accounts/777788889999", { roles: [{ name: ROLE, ...role }] });
  expect(status).toBe(200);
  const otherRole = { RoleArn: `arn:aws:iam::777788889999:role/${ROLE}` };
  expect((await assume(other, goodToken(), otherRole)).element("Code"), "Rule C5").toBe("AccessDenied");
  const otherPod = { "kubernetes.io": { pod: { uid: POD_UID.replace("7d0f", "ffff") } } };
  expect((await assume(other, goodToken(otherPod), otherRole)).status).toBe(200);
});

describe("GetCallerIdentity", () => {
  test("tells users who they are (Rules N1 and C6)", async () => {
    const { endpoint } = server;
    const said = await client(endpoint, DEMO.secretAccessKey).send(new GetCallerIdentityCommand({}));
    expect(said).toMatchObject({ Account: "111122223333", Arn: "arn:aws:iam::111122223333:user/seller" });
    expect(said.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
  });

  test("refuses what is not signed, or not well, in STS's words", async () => {
    await expect(client(server.endpoint, "wrong").send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "SignatureDoesNotMatch",
      $metadata: { httpStatusCode: 403 },
    });
    const unsigned = await sts(server, { Action: "GetCallerIdentity", Version: "2011-06-15" });
    expect([unsigned.status, unsigned.element("Code")]).toEqual([403, "MissingAuthenticationToken"]);
  });
});

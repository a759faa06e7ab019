/** S2, Rules N3 and C2: what policies ask of a request, where it comes from and how, when, where to and by whom. */
import { writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { join } from "node:path";
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { certified, whyNoCertificates } from "../support/certificates.ts";
import { add } from "../support/operator-api.ts";
import { postgresArgs, testOfPostgres } from "../support/postgres/database.ts";
import { jsonOf, send, signed, wireRequest, type Signing } from "../support/raw-client.ts";
import { sessionOf } from "../support/resource-session.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, type RunningServer } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "policies ask where its requests come from" });

const OFFICE = "127.0.0.2";

interface Asked {
  readonly localAddress?: string;
  readonly region?: string;
}

/** A file that holds this, until the end of the test. */
function fileOf(name: string, text: string | Buffer): string {
  const file = join(newFolder(), name);
  writeFileSync(file, text);
  return file;
}

let accounts = 0;

/** A user of a new account with this policy. */
async function userWith(
  server: Pick<RunningServer, "operator">,
  Statement: object | object[],
): Promise<Required<Pick<Signing, "accessKeyId" | "secretAccessKey">>> {
  const n = String(accounts++);
  const key = { accessKeyId: `AKIACONDITION${n.padStart(7, "0")}`, secretAccessKey: `secret of ${n}` };
  const id = `1${n.padStart(11, "0")}`;
  await add(server, "/accounts", { id, users: [{ name: "u", ...key, policy: { Version: "2012-10-17", Statement } }] });
  return key;
}

/** Whether the policy lets a request through: what comes after is refused for want of a product. */
async function isLetIn(
  server: Pick<RunningServer, "endpoint">,
  key: Signing,
  { localAddress, region = "us-east-1" }: Asked = {},
): Promise<boolean> {
  const agent = localAddress === undefined ? false : new Agent({ localAddress });
  const request = wireRequest(server.endpoint, "BatchMeterUsage", { ProductCode: "none", UsageRecords: [] });
  const answer = jsonOf(await send(server.endpoint, signed(request, { ...key, region }), agent));
  expect(["AccessDeniedException", "InvalidProductCodeException"]).toContain(answer["__type"]);
  return answer["__type"] !== "AccessDeniedException";
}

const allow = (Condition?: object): object => ({
  Effect: "Allow",
  Action: "aws-marketplace:*",
  Resource: "*",
  Condition,
});
const deny = (Condition: object): object => ({ Effect: "Deny", Action: "*", Resource: "*", Condition });

let server: WireServer;
beforeAll(async () => {
  // The service clock is not what aws:CurrentTime goes by.
  server = await demoServer({ now: "2001-01-01T00:00:00Z" });
});
afterAll(() => server.stop());

describe("S2, Rule N3: a user is let in", () => {
  const OWN = { localAddress: "127.0.0.1" };
  const table: readonly [string, object | object[], Asked, boolean][] = [
    ["from the office", allow({ IpAddress: { "aws:SourceIp": "127.0.0.2/32" } }), { localAddress: OFFICE }, true],
    ["not from elsewhere", allow({ IpAddress: { "aws:SourceIp": ["127.0.0.2", "2001:db8::/32"] } }), OWN, false],
    ["unless it comes from elsewhere", [allow(), deny({ NotIpAddress: { "aws:SourceIp": "127.0.0.2/31" } })], { localAddress: OFFICE }, true],
    ["not from where a Deny says", [allow(), deny({ NotIpAddress: { "aws:SourceIp": "127.0.0.2/31" } })], OWN, false],
    ["for a region", allow({ StringEquals: { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } }), { region: "eu-west-1" }, true],
    ["for no other region", allow({ StringLike: { "aws:RequestedRegion": "eu-*" } }), { region: "us-east-1" }, false],
    ["not where it denies what is not over TLS", [allow(), deny({ Bool: { "aws:SecureTransport": "false" } })], OWN, false],
    ["where it denies what is over TLS", [allow(), deny({ Bool: { "aws:SecureTransport": true } })], OWN, true],
    ["until a time by the wall clock", allow({ DateLessThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }), OWN, false],
    ["from a time on by the wall clock", allow({ DateGreaterThan: { "aws:CurrentTime": 1_577_836_800 } }), OWN, true],
    ["as another user", allow({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/other" } }), OWN, false],
    ["as itself", allow({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/u" }, Null: { "aws:SourceIp": false } }), OWN, true],
    ["for all but a bucket", { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::bucket/*" }, OWN, true],
  ]; // prettier-ignore
  test.for(table)("%s", async ([, Statement, asked, expected]) => {
    expect(await isLetIn(server, await userWith(server, Statement), asked)).toBe(expected);
  });
});

test("S2, Rule N3: a policy by which nobody comes in from outside is taken as it is pasted, and shown so", async () => {
  const pasted = `{
    "Version": "2012-10-17",
    "Statement": [
      { "Sid": "Meter", "Effect": "Allow", "Action": ["aws-marketplace:BatchMeterUsage"], "Resource": "*" },
      { "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "NotIpAddress": { "aws:SourceIp": ["192.0.2.0/24", "127.0.0.2/32"] } } }
    ]
  }`;
  const key = { accessKeyId: "AKIAPASTEDPOLICY0001", secretAccessKey: "pasted" };
  const users = [{ name: "u", ...key, policy: JSON.parse(pasted) as object }];
  await add(server, "/accounts", { id: "200000000000", users });
  expect(await isLetIn(server, key, { localAddress: OFFICE })).toBe(true);
  expect(await isLetIn(server, key)).toBe(false);
  const shown = await server.operator("GET", "/accounts/200000000000");
  expect(shown.body).toMatchObject({ users: [{ policy: JSON.parse(pasted) as object }] });
});

test("S2, Rule N3: what is not supported is refused by name, and nothing of it is taken", async () => {
  const Statement = [allow({ StringEquals: { "aws:PrincipalOrgID": "o-1" }, NumericEquals: { "aws:EpochTime": 1 } })];
  const account = { id: "300000000000", users: [{ name: "u", policy: { Statement } }] };
  const answer = await server.operator("POST", "/accounts", account);
  expect(answer).toMatchObject({
    status: 422,
    body: {
      errors: [
        "users.0.policy.Statement.0.Condition.StringEquals.aws:PrincipalOrgID: the condition key aws:PrincipalOrgID is not supported here; supported are aws:CurrentTime, aws:PrincipalArn, aws:RequestedRegion, aws:SecureTransport, aws:SourceIp",
        "users.0.policy.Statement.0.Condition.NumericEquals: the condition operator NumericEquals is not supported here",
      ],
    },
  });
  expect((await server.operator("GET", "/accounts/300000000000")).status).toBe(404);
});

test("S2, Rule N3: a file that has such a policy is not started with, and says where", async () => {
  const file = fileOf(
    "shop.yaml",
    `accounts:
  - id: "300000000000"
    roles:
      - name: app
        policy:
          Statement:
            Effect: Allow
            Action: "*"
            Resource: "*"
            Condition:
              IpAddress: { aws:SourceIp: 10.0.0.0/33 }
`,
  );
  const { code, stderr } = await runCommand(["serve", "--store", "memory:", "--port", "0", "--catalog", file]);
  expect(code).toBe(2);
  expect(stderr).toContain(
    `${file}:11:42: accounts.0.roles.0.policy.Statement.Condition.IpAddress.aws:SourceIp: must be an address or a network, such as 203.0.113.0/24 or 2001:db8::/32`,
  );
});

/** What a user with this policy is told, and what is explained of it. */
async function refusalTo(Statement: object[]): Promise<object> {
  const request = wireRequest(server.endpoint, "BatchMeterUsage", { UsageRecords: [] });
  const answer = await send(server.endpoint, signed(request, await userWith(server, Statement)));
  const requestId = String(answer.headers["x-amzn-requestid"]);
  const { body } = await server.operator("GET", `/requests/${requestId}/explanation`);
  const { refusal } = body as { refusal: object };
  return { ...jsonOf(answer), ...refusal };
}

test("S2, Rule N3: which statement denied, or which condition kept another from allowing, is explained", async () => {
  const outside = deny({ NotIpAddress: { "aws:SourceIp": OFFICE } });
  expect(await refusalTo([allow(), { Sid: "OfficeOnly", ...outside }])).toMatchObject({
    __type: "AccessDeniedException",
    message: expect.stringMatching(/BatchMeterUsage with an explicit deny in an identity-based policy$/) as string,
    rule: { id: "N3" },
    compared: { verdict: "denied", statement: 2, sid: "OfficeOnly", "aws:SourceIp": "127.0.0.1" },
  });
  expect(await refusalTo([allow({ StringLike: { "aws:RequestedRegion": "eu-*" } })])).toMatchObject({
    message: expect.stringMatching(/because no identity-based policy allows the \S+BatchMeterUsage action$/) as string,
    compared: {
      verdict: "not-allowed",
      statement: 1,
      unmet: "StringLike aws:RequestedRegion",
      "aws:RequestedRegion": "us-east-1",
    },
  });
});

test("S2, Rules N3, C2: a session is its role to its role's policy, and comes from where its request does", async () => {
  const BUYER = "555566667777";
  const conditions: Readonly<Record<string, [object, boolean]>> = {
    itself: [{ ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${BUYER}:role/itself` } }, true],
    session: [{ ArnLike: { "aws:PrincipalArn": `arn:aws:sts::${BUYER}:assumed-role/*` } }, false],
    office: [{ IpAddress: { "aws:SourceIp": OFFICE } }, false],
    here: [{ IpAddress: { "aws:SourceIp": "127.0.0.1" }, DateLessThan: { "aws:CurrentTime": "9999" } }, true],
  };
  const roles = Object.entries(conditions).map(([name, [condition]]) => ({
    name,
    policy: { Statement: allow(condition) },
  }));
  await add(server, "/accounts", { id: BUYER, roles });
  for (const [roleName, [, expected]] of Object.entries(conditions)) {
    const draft = {
      platform: "ecs" as const,
      externalId: `arn:aws:ecs:us-east-1:${BUYER}:task/c/${roleName}`,
      accountId: BUYER,
      roleName,
    };
    const session = await sessionOf(server, draft);
    const call = session.client().send(new BatchMeterUsageCommand({ ProductCode: "none", UsageRecords: [] }));
    const name = expected ? "InvalidProductCodeException" : "AccessDeniedException";
    await expect(call, roleName).rejects.toMatchObject({ name });
  }
});

test.skipIf(whyNoCertificates() !== undefined)(
  "S2, Rule N3: over the listener's own TLS, transport is secure",
  async () => {
    const { key, cert, authority } = certified();
    const keys = [false, true].map((denied) => ({
      accessKeyId: `AKIADENIEDWHERE${String(denied).toUpperCase()}`,
      secretAccessKey: "secret",
      name: String(denied),
      policy: { Statement: [allow(), deny({ Bool: { "aws:SecureTransport": denied } })] },
    }));
    const catalog = fileOf("shop.yaml", JSON.stringify({ accounts: [{ id: "100000000000", users: keys }] }));
    const files = ["--tls-cert", fileOf("cert.pem", cert), "--tls-key", fileOf("key.pem", key), "--catalog", catalog];
    const { endpoint } = await start(["--store", "memory:", ...files]);
    const refusals: unknown[] = [];
    for (const credentials of keys) {
      const requestHandler = { httpsAgent: new TlsAgent({ ca: authority }) };
      const client = new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials, requestHandler });
      const call = client.send(new BatchMeterUsageCommand({ ProductCode: "none", UsageRecords: [] }));
      refusals.push(await call.catch((error: Error) => error.name));
      client.destroy();
    }
    expect(refusals).toEqual(["InvalidProductCodeException", "AccessDeniedException"]);
  },
);

const STORES = {
  memory: { storeOf: () => ["--store", "memory:"], restarts: false, testOf: test },
  sqlite: { storeOf: (folder: string) => ["--store", `sqlite:${folder}`], restarts: true, testOf: test },
  postgres: { storeOf: postgresArgs, restarts: true, testOf: testOfPostgres() },
} as const;

describe.each(Object.entries(STORES))("in %s", (_name, { storeOf, restarts, testOf }) => {
  testOf("S2, Rule N3: a condition is kept as it was written, is changed at once, and is explained", async () => {
    const args = await storeOf(newFolder());
    let own = await start(args);
    const key = await userWith(
      own,
      allow({ IpAddressIfExists: { "AWS:SourceIP": ["127.0.0.2/32", "2001:db8::/32"] } }),
    );
    if (restarts) {
      await own.stop();
      own = await start(args);
    }
    const asked = async (): Promise<boolean[]> => [
      await isLetIn(own, key),
      await isLetIn(own, key, { localAddress: OFFICE }),
    ];
    expect(await asked()).toEqual([false, true]);
    const id = `1${String(accounts - 1).padStart(11, "0")}`;
    const policy = { Statement: [allow(), deny({ IpAddress: { "aws:SourceIp": OFFICE } })] };
    const patched = await own.operator("PATCH", `/accounts/${id}`, { users: [{ name: "u", policy }] });
    expect(patched.status).toBe(200);
    expect(await asked()).toEqual([true, false]);
  });
});

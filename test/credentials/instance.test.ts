/** Instance metadata, version 2, as the official SDK asks for it. */
import { execFile, spawnSync } from "node:child_process";
import { request as openRequest } from "node:http";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { newFolder } from "../support/scoped.ts";
import { ADMITTED, BUYER, ROLE, auditedCalls, resourceOf, runProgram, startWorkload } from "../support/workload.ts";

const INSTANCE = { platform: "ec2", externalId: "i-0123456789abcdef0" } as const;
const TOKEN_PATH = "/latest/api/token";
const LIFETIME = "x-aws-ec2-metadata-token-ttl-seconds";
const ROLES_PATH = "/latest/meta-data/iam/security-credentials/";

const endpointOf = (environment: Readonly<Record<string, string>>): string =>
  environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "";

const tokenFrom = async (base: string, headers: Record<string, string> = { [LIFETIME]: "21600" }): Promise<Response> =>
  fetch(base + TOKEN_PATH, { method: "PUT", headers });

const readFrom = (base: string, path: string, token?: string): Promise<Response> =>
  fetch(base + path, { headers: token === undefined ? {} : { "x-aws-ec2-metadata-token": token } });

test("Rule C9: an unmodified program on an instance works from its environment alone", async () => {
  const server = await startWorkload();
  const environment = await server.put(INSTANCE);
  expect(Object.keys(environment).toSorted()).toEqual([
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL_MARKETPLACE_METERING",
    "AWS_REGION",
  ]);
  expect(await runProgram(environment)).toMatch(ADMITTED);
  const [call] = await auditedCalls(server, "ResolveCustomer");
  expect(call?.userIdentity).toMatchObject({
    arn: `arn:aws:sts::${BUYER}:assumed-role/${ROLE}/i-0123456789abcdef0`,
    sessionContext: { ec2RoleDelivery: "1.0" },
  });
});

test("Rule C9: with a token an instance reads what is known of it", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put(INSTANCE));
  expect(new URL(base).hostname).toBe("127.0.0.1");
  const answer = await tokenFrom(base);
  expect(answer.headers.get(LIFETIME)).toBe("21600");
  const token = await answer.text();
  const text = async (path: string): Promise<string> => (await readFrom(base, path, token)).text();
  expect(await text(ROLES_PATH)).toBe(ROLE);
  expect(await text("/latest/meta-data/instance-id")).toBe("i-0123456789abcdef0");
  expect(await text("/latest/meta-data/placement/region")).toBe("eu-central-1");
  expect(await text("/latest/meta-data/placement/availability-zone")).toBe("eu-central-1a");
  expect(JSON.parse(await text("/latest/meta-data/iam/info"))).toMatchObject({ Code: "Success" });
  expect(JSON.parse(await text(ROLES_PATH + ROLE))).toMatchObject({ Code: "Success", Type: "AWS-HMAC" });
  expect(JSON.parse(await text("/latest/dynamic/instance-identity/document"))).toMatchObject({
    accountId: BUYER,
    instanceId: "i-0123456789abcdef0",
    region: "eu-central-1",
    marketplaceProductCodes: ["ami-product"],
  });
  expect(await text("/latest/meta-data/product-codes")).toBe("ami-product");
  const nowhere = ["user-data", "meta-data/ami-id", "meta-data/instance-id/more", "meta-data/constructor", "api/token"];
  for (const path of [
    ...nowhere.map((name) => `/latest/${name}`),
    `${ROLES_PATH}untrusting`,
    "/1999-01-01/meta-data",
  ]) {
    expect((await readFrom(base, path, token)).status, path).toBe(404);
  }
});

test("Rule C9: folders are listed, a slash more makes no difference, and older versions are answered as the latest", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put(INSTANCE));
  const token = await (await tokenFrom(base)).text();
  const text = async (path: string): Promise<string> => {
    const answer = await readFrom(base, path, token);
    expect(answer.status, path).toBe(200);
    return answer.text();
  };
  const listings: Readonly<Record<string, readonly string[]>> = {
    "": ["dynamic", "meta-data"],
    dynamic: ["instance-identity/"],
    "dynamic/instance-identity": ["document"],
    "meta-data": ["iam/", "instance-id", "placement/", "product-codes"],
    "meta-data/iam": ["info", "security-credentials/"],
    "meta-data/iam/security-credentials": [ROLE],
    "meta-data/placement": ["availability-zone", "region"],
  };
  for (const version of ["latest", "2016-09-02", "2021-03-23", "1.0"]) {
    for (const [path, names] of Object.entries(listings)) {
      for (const way of [`/${version}/${path}`, `/${version}/${path}/`]) expect(await text(way)).toBe(names.join("\n"));
    }
    for (const slash of ["", "/", "//"]) {
      expect(await text(`/${version}/meta-data/placement/availability-zone${slash}`)).toBe("eu-central-1a");
      expect(await text(`/${version}/meta-data/product-codes${slash}`)).toBe("ami-product");
      const document = JSON.parse(await text(`/${version}/dynamic/instance-identity/document${slash}`)) as object;
      expect(document).toMatchObject({ marketplaceProductCodes: ["ami-product"] });
    }
  }
  const versions = (await text("/")).split("\n");
  expect(versions).toEqual([...versions].toSorted());
  expect(versions).toContain("2016-09-02");
  expect(versions.at(-1)).toBe("latest");
  // Nothing of it is to be had without a token.
  for (const path of ["/", "/2016-09-02/meta-data", "/latest/meta-data/product-codes"]) {
    expect((await readFrom(base, path)).status, path).toBe(401);
  }
});

test("Rule C9: an instance of an account without a product of images has no product codes", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put({ ...INSTANCE, accountId: "777788889999" }));
  const token = await (await tokenFrom(base)).text();
  expect((await readFrom(base, "/latest/meta-data/product-codes", token)).status).toBe(404);
  const listed = await (await readFrom(base, "/latest/meta-data/", token)).text();
  expect(listed.split("\n")).toEqual(["iam/", "instance-id", "placement/"]);
});

const LOOK_UP_REGION = `
from botocore.session import Session
from botocore.utils import IMDSRegionProvider
print(IMDSRegionProvider(Session()).provide())`;

test("Rule C9: botocore finds the region by the instance, where nothing else says it", async (context) => {
  const { status } = spawnSync("python3", ["-c", "import botocore"], { stdio: "ignore" });
  if (status !== 0) {
    process.stdout.write(`skipped: ${context.task.name} (python3 has no botocore)\n`);
    context.skip();
  }
  const server = await startWorkload();
  const endpoint = endpointOf(await server.put(INSTANCE));
  const env = {
    PATH: process.env["PATH"] ?? "",
    AWS_CONFIG_FILE: "/nowhere",
    AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
  };
  const { stdout } = await promisify(execFile)("python3", ["-c", LOOK_UP_REGION], { env });
  expect(stdout.trim()).toBe("eu-central-1");
});

test("Rule C9: without a token, or with one that is not its own, nothing is read", async () => {
  let aheadMs = 0;
  const server = await startWorkload({ world: { wallMs: () => Date.now() + aheadMs } });
  const base = endpointOf(await server.put(INSTANCE));
  const other = endpointOf(await server.put({ ...INSTANCE, externalId: "i-2" }));
  expect(other).not.toBe(base);
  for (const token of [undefined, "", "x", "AAAA".repeat(500), await (await tokenFrom(other)).text()]) {
    expect((await readFrom(base, ROLES_PATH, token)).status, token ?? "version 1").toBe(401);
  }
  const short = await (await tokenFrom(base, { [LIFETIME]: "1" })).text();
  expect((await readFrom(base, ROLES_PATH, short.slice(0, -1))).status).toBe(401);
  aheadMs = 1_000;
  expect((await readFrom(base, ROLES_PATH, short)).status, "expired").toBe(401);
});

test.each([
  ["without a lifetime", {}, 400],
  ["for no time", { [LIFETIME]: "0" }, 400],
  ["for too long", { [LIFETIME]: "21601" }, 400],
  ["for a time that is no number", { [LIFETIME]: "1e3" }, 400],
  ["to a web page", { [LIFETIME]: "60", origin: "http://127.0.0.1" }, 403],
  ["through a proxy", { [LIFETIME]: "60", "x-forwarded-for": "203.0.113.7" }, 403],
])("Rule C9: no token is given %s", async (_how, headers, status) => {
  const server = await startWorkload();
  expect((await tokenFrom(endpointOf(await server.put(INSTANCE)), headers as Record<string, string>)).status).toBe(
    status,
  );
});

test("Rule C9: the service ends with its instance, and with a reset", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put(INSTANCE));
  const token = await (await tokenFrom(base)).text();
  expect(endpointOf(await server.put(INSTANCE)), "one listener, however often it is told of").toBe(base);
  const stopped = await server.put({ ...INSTANCE, stoppedAtMs: Date.now() - 1 });
  expect(endpointOf(stopped)).toBe("");
  await expect(readFrom(base, ROLES_PATH, token)).rejects.toThrow();

  const again = endpointOf(await server.put(INSTANCE));
  expect((await server.operator("POST", "/reset")).status).toBe(204);
  await expect(tokenFrom(again)).rejects.toThrow();
});

test("Rule C9: an instance whose role is not there has metadata, and no credentials", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put({ ...INSTANCE, roleName: "gone" }));
  const token = await (await tokenFrom(base)).text();
  expect((await readFrom(base, "/latest/meta-data/instance-id", token)).status).toBe(200);
  for (const path of [ROLES_PATH, `${ROLES_PATH}gone`, "/latest/meta-data/iam/info"]) {
    expect((await readFrom(base, path, token)).status, path).toBe(404);
  }
});

test("Rule C9: after a restart every live instance has its service again, at another port, with its old tokens", async () => {
  const store = `sqlite:${newFolder()}/data`;
  const first = await startWorkload({ store });
  const base = endpointOf(await first.put(INSTANCE));
  const token = await (await tokenFrom(base)).text();
  await first.put({ ...INSTANCE, externalId: "i-2", stoppedAtMs: Date.now() - 1 });
  await first.service.close();
  await expect(tokenFrom(base)).rejects.toThrow();

  const { service, endpoint } = await startWorkload({ store });
  const again = (externalId: string): string =>
    endpointOf(service.workload.environmentOf(resourceOf({ ...INSTANCE, externalId }), endpoint));
  expect(await (await readFrom(again(INSTANCE.externalId), ROLES_PATH, token)).text()).toBe(ROLE);
  expect(again("i-2"), "one that has stopped").toBe("");
});

test("a request with a body is answered, and the metadata service takes no other method", async () => {
  const server = await startWorkload();
  const base = endpointOf(await server.put(INSTANCE));
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const outgoing = openRequest(base + ROLES_PATH, { method: "POST" }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode);
    });
    outgoing.on("error", reject);
    outgoing.end("x".repeat(100_000));
  });
  expect(status).toBe(405);
});

/** S2, Rule N3: each operation needs its permission. And access keys, which come and go at once. */
import {
  BatchMeterUsageCommand,
  MeterUsageCommand,
  ResolveCustomerCommand,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { add, registrationToken } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
const ACCOUNT = "123412341234";
const OPERATIONS = ["BatchMeterUsage", "MeterUsage", "RegisterUsage", "ResolveCustomer"];
const UNRECOGNIZED = {
  name: "UnrecognizedClientException",
  message: "The security token included in the request is invalid.",
};

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

/** The operations that are denied to a key; the others get as far as reading their (empty) input. */
async function deniedTo(key: { accessKeyId: string; secretAccessKey: string }): Promise<string[]> {
  const denied = await Promise.all(
    OPERATIONS.map(async (operation) => {
      const answer = await send(server.endpoint, signed(wireRequest(server.endpoint, operation, {}), key));
      expect(answer.status, "HTTP 400, as this service answers, not 403").toBe(400);
      const code = jsonOf(answer)["__type"];
      expect(["AccessDeniedException", "ValidationException"]).toContain(code);
      return code === "AccessDeniedException" ? [operation] : [];
    }),
  );
  return denied.flat();
}

const allow = (Action: string | string[], Resource: string | string[] = "*"): object => ({
  Effect: "Allow",
  Action,
  Resource,
});
const deny = (Action: string): object => ({ Effect: "Deny", Action, Resource: "*" });

describe("S2, Rule N3: a user", () => {
  test("who may only resolve does that, and is told what else they may not do", async () => {
    const client = officialClient(server.endpoint, READ_ONLY);
    const RegistrationToken = await registrationToken(server, "agmt-demo1");
    await expect(client.send(new ResolveCustomerCommand({ RegistrationToken }))).resolves.toMatchObject({
      CustomerIdentifier: "demoCustomer1",
    });
    const metering = client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [] }));
    await expect(metering).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: `User: arn:aws:iam::${DEMO.seller}:user/read-only is not authorized to perform: aws-marketplace:BatchMeterUsage because no identity-based policy allows the aws-marketplace:BatchMeterUsage action`,
      $metadata: { httpStatusCode: 400 },
    });
    expect(await deniedTo(READ_ONLY)).toEqual(["BatchMeterUsage", "MeterUsage", "RegisterUsage"]);
  });

  const policies: readonly [string, object | object[], string[]][] = [
    ["whose policy has every operation by name", OPERATIONS.map((name) => allow(`aws-marketplace:${name}`)), []],
    ["whose policy allows everything", allow("*"), []],
    ["whose policy has a wildcard at the end", allow("aws-marketplace:*"), []],
    ["whose policy has wildcards within", allow("aws-*:*Usage"), ["ResolveCustomer"]],
    ["whose policy has a mark for one character", allow("aws-marketplace:?eterUsage"), OPERATIONS.toSpliced(1, 1)],
    ["whose policy is in other capitals", allow("AWS-Marketplace:batchmeterusage"), OPERATIONS.slice(1)],
    ["whose policy lists actions", allow(["aws-marketplace:MeterUsage", "s3:*"]), OPERATIONS.toSpliced(1, 1)],
    ["whose policy has the endpoint's prefix", allow("meteringmarketplace:*"), OPERATIONS],
    ["whose policy names a resource", allow("*", "arn:aws:aws-marketplace:::product"), OPERATIONS],
    ["whose policy is empty", [], OPERATIONS],
    ["whose policy denies one", [allow("*"), deny("aws-marketplace:Batch*")], ["BatchMeterUsage"]],
    ["whose policy denies before it allows", [deny("*"), allow("*")], OPERATIONS],
    [
      "whose policy allows all but some",
      { Effect: "Allow", NotAction: "aws-marketplace:Re*", Resource: "*" },
      ["RegisterUsage", "ResolveCustomer"],
    ],
  ];

  test.for(policies.map((row, i) => [...row, i] as const))("%s", async ([name, Statement, denied, i]) => {
    const key = { accessKeyId: `AKIAPOLICY${String(i).padStart(10, "0")}`, secretAccessKey: `secret of ${i}` };
    const account = String(100_000_000_000 + i);
    await add(server, "/accounts", { id: account, users: [{ name: "u", ...key, policy: { Statement } }] });
    expect(await deniedTo(key), name).toEqual(denied);
  });

  test("with an explicit deny is told so", async () => {
    const key = { accessKeyId: "AKIAEXPLICITDENY0001", secretAccessKey: "denied" };
    const policy = { Version: "2012-10-17", Statement: [allow("*"), deny("aws-marketplace:MeterUsage")] };
    await add(server, "/accounts", { id: ACCOUNT, users: [{ name: "denied", ...key, policy }] });
    const command = new MeterUsageCommand({ ProductCode: "p", Timestamp: new Date(), UsageDimension: "d" });
    await expect(officialClient(server.endpoint, key).send(command)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: `User: arn:aws:iam::${ACCOUNT}:user/denied is not authorized to perform: aws-marketplace:MeterUsage with an explicit deny in an identity-based policy`,
    });
  });

  test("whose policy is changed has the new one from then on", async () => {
    const id = "432143214321";
    const key = { accessKeyId: "AKIACHANGEDPOLICY001", secretAccessKey: "changed" };
    await add(server, "/accounts", { id, users: [{ name: "u", ...key, policy: { Statement: [] } }] });
    expect(await deniedTo(key)).toEqual(OPERATIONS);
    const users = [{ name: "u", policy: { Statement: allow("*") } }];
    expect((await server.operator("PATCH", `/accounts/${id}`, { users })).status).toBe(200);
    expect(await deniedTo(key)).toEqual([]);
  });
});

describe("S2, Rule N1: an access key", () => {
  const meter = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [] });

  test("works as soon as it is made, and not once it was taken away", async () => {
    const made = await server.operator("POST", `/accounts/${DEMO.seller}/access-keys`, { userName: "metering" });
    expect(made.status).toBe(201);
    const key = made.body as { accessKeyId: string; secretAccessKey: string };
    const client = officialClient(server.endpoint, key);
    await expect(client.send(meter)).resolves.toMatchObject({ Results: [] });
    const taken = await server.operator("DELETE", `/accounts/${DEMO.seller}/access-keys/${key.accessKeyId}`);
    expect(taken.status).toBe(204);
    await expect(client.send(meter)).rejects.toMatchObject(UNRECOGNIZED);
    await expect(officialClient(server.endpoint).send(meter), "the user's other key").resolves.toBeDefined();
  });

  test("whose secret is replaced is good with the new one only, from then on", async () => {
    const id = "565656565656";
    const key = { accessKeyId: "AKIAREPLACEDSECRET01", secretAccessKey: "before" };
    await add(server, "/accounts", { id, users: [{ name: "u", ...key }] });
    await expect(officialClient(server.endpoint, key).send(meter)).rejects.toMatchObject({
      name: "InvalidProductCodeException",
    });
    const replaced = { ...key, secretAccessKey: "after" };
    const patched = await server.operator("PATCH", `/accounts/${id}`, { users: [{ name: "u", ...replaced }] });
    expect(patched.status).toBe(200);
    await expect(officialClient(server.endpoint, key).send(meter)).rejects.toMatchObject({
      name: "InvalidSignatureException",
    });
    await expect(officialClient(server.endpoint, replaced).send(meter)).rejects.toMatchObject({
      name: "InvalidProductCodeException",
    });
  });

  test("that nobody has is refused with the text seen of this very service", async () => {
    const client = officialClient(server.endpoint, { accessKeyId: "AKIANOBODY0000000001", secretAccessKey: "x" });
    await expect(client.send(meter)).rejects.toMatchObject({ ...UNRECOGNIZED, $metadata: { httpStatusCode: 400 } });
  });

  test("with another secret than its own is refused", async () => {
    const client = officialClient(server.endpoint, { ...DEMO, secretAccessKey: "example-secret-2" });
    await expect(client.send(meter)).rejects.toMatchObject({ name: "InvalidSignatureException" });
  });
});

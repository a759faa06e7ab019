/** Several servers on one database are one service: whatever is done through one of them is so for all. */
import { BatchMeterUsageCommand, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { add, meteringRecords, moveClock, registrationToken } from "../support/operator-api.ts";
import {
  newDatabase,
  nodeArgs,
  testOfPostgres,
  whyNoPostgres,
  type TestDatabase,
} from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import {
  DEMO,
  officialClient,
  runCommand,
  startServer,
  temporaryFolder,
  type RunningServer,
} from "../support/server.ts";

const test = testOfPostgres();

const NOW = "2026-07-20T12:30:00.000Z";
const folder = temporaryFolder();
let database: TestDatabase;
let nodes: readonly [RunningServer, RunningServer];

beforeAll(async () => {
  if (whyNoPostgres() !== undefined) return;
  database = await newDatabase();
  const args = [...nodeArgs(database.url, folder.path), "--clock", `manual:${NOW}`];
  // Both at once: one brings the schema up to date, and both apply the catalogue.
  nodes = await Promise.all([startServer(args), startServer(args)]);
});

afterAll(async () => {
  await Promise.all(nodes?.map((node) => node.kill()) ?? []);
  await database?.remove();
  folder.remove();
});

describe("what is done through one server is so for the other:", () => {
  test("usage is counted once, and told by both alike (Rules K2, K3, K4)", async () => {
    const [one, other] = nodes;
    const [first, replay] = [await meter(one, 5), await meter(other, 5)];
    expect(first?.Status).toBe("Success");
    expect(replay).toEqual(first);
    expect(await meter(other, 6)).toMatchObject({
      Status: "DuplicateRecord",
      MeteringRecordId: first?.MeteringRecordId,
    });
    for (const node of nodes) {
      const kept = await meteringRecords(node);
      expect(kept.map(({ meteringRecordId, quantity }) => [meteringRecordId, quantity])).toEqual([
        [first?.MeteringRecordId, 5],
      ]);
    }
  });

  test("a registration token of one resolves at the other: they have the same key (Rule T1)", async () => {
    const [one, other] = nodes;
    const token = await registrationToken(one, "agmt-demo1");
    const client = officialClient(other.endpoint);
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken: token }));
    expect(resolved).toMatchObject({ CustomerIdentifier: "demoCustomer1", ProductCode: DEMO.productCode });
    client.destroy();
  });

  test("an access key that is made or taken away at one is good, or not, at the other within a second or so", async () => {
    const [one, other] = nodes;
    const made = await one.operator("POST", `/accounts/${DEMO.seller}/access-keys`, { userName: "metering" });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const key = made.body as { readonly accessKeyId: string; readonly secretAccessKey: string };
    const status = (): Promise<unknown> =>
      meter(other, 5, key).then(
        (result) => result?.Status,
        (error: Error) => error.name,
      );
    await expect.poll(status, { timeout: 10_000 }).toBe("Success");
    const removed = await one.operator("DELETE", `/accounts/${DEMO.seller}/access-keys/${key.accessKeyId}`);
    expect(removed.status).toBe(204);
    await expect.poll(status, { timeout: 10_000 }).toBe("UnrecognizedClientException");
  });

  test("a product that is added is metered at once; so is a clock that is moved", async () => {
    const [one, other] = nodes;
    const productCode = "nodesnodesnodesnodesnodes";
    const dimensions = [{ name: "gb_ingested" }];
    await add(one, "/products", {
      productCode,
      title: "N",
      seller: DEMO.seller,
      type: "saas",
      pricing: "usage",
      dimensions,
    });
    const agreement = { agreementId: "agmt-nodes", productCode, customerAccountId: "444455556666" };
    await add(one, "/agreements", {
      ...agreement,
      customerIdentifier: "demoCustomer1",
      startsAt: "2020-01-01T00:00:00Z",
    });
    expect(await meter(other, 1, DEMO, productCode)).toMatchObject({ Status: "Success" });
    await moveClock(one, { advanceSeconds: 7 * 3_600 });
    await expect(meter(other, 1)).rejects.toThrow(/older than 21600 s \(rule W1/);
  });

  test("a reset empties the ledger of all, and brings the catalogue back", async () => {
    const [one, other] = nodes;
    expect((await one.operator("POST", "/reset")).status).toBe(204);
    expect(await meteringRecords(other)).toEqual([]);
    const status = async (): Promise<number> =>
      (await other.operator("GET", "/products/nodesnodesnodesnodesnodes")).status;
    await expect.poll(status, { timeout: 10_000 }).toBe(404);
  });
});

const replacing = (node: RunningServer, agreementId: string): ReturnType<RunningServer["operator"]> =>
  node.operator("POST", "/agreements", {
    agreementId,
    productCode: DEMO.productCode,
    customerAccountId: "777788889999",
    customerIdentifier: agreementId,
    replaces: "agmt-demo2",
    startsAt: "2030-01-01T00:00:00Z",
  });

test("of two nodes that replace one agreement at once, one does, and both tell the same (Rule G6)", async () => {
  const [one, other] = nodes;
  const answers = await Promise.all([replacing(one, "one"), replacing(other, "other"), replacing(one, "third")]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
  const made = answers.find(({ status }) => status === 201)?.body as { agreementId: string } | undefined;
  for (const node of nodes) {
    const changed = await node.operator("PATCH", "/agreements/agmt-demo2", { customerIdentifier: "renamed" });
    expect(changed.status).toBe(409);
    const { body } = await node.operator("GET", "/agreements/agmt-demo2");
    expect(body).toMatchObject({ replacedBy: made?.agreementId, endsAt: "2030-01-01T00:00:00.000Z" });
  }
});

test("a server that is started later finds everything, and does not set the clock back", async () => {
  const late = await startServer([...nodeArgs(database.url, folder.path), "--clock", `manual:${NOW}`]);
  const { body } = await late.operator("GET", "/clock");
  expect(Date.parse((body as { now: string }).now)).toBe(Date.parse(NOW) + 7 * 3_600_000);
  await late.kill();
});

describe("a start is refused, in words that name no password,", () => {
  const url = "postgres://someone:secret-word@127.0.0.1:1/ledger";
  const key = ["--secrets-key-file", "somewhere"];
  const token = ["--operator-token", "long-enough-for-a-token"];
  test.each<readonly [string, readonly string[], RegExp]>([
    ["without an operator token", ["--store", url, ...key], /needs --operator-token/],
    ["without a secrets key", ["--store", url, ...token], /needs --secrets-key-file/],
    ["with what is no URL", ["--store", "postgres://:secret-word@:x", ...key, ...token], /not a URL/],
  ])("%s", async (_what, args, reason) => {
    const { code, stderr } = await runCommand(["serve", "--port", "0", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
    expect(stderr).not.toContain("secret-word");
  });

  test("where there is no such database", async () => {
    const args = nodeArgs(database.url.replace(/test_\w+/, "not_there"), newFolder());
    const { code, stdout, stderr } = await runCommand(["serve", "--port", "0", ...args]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/database "not_there" does not exist/)]);
    expect(stdout).toBe("");
  });

  test("where the ledger is of a newer server", async () => {
    const own = await newDatabase();
    const first = await startServer(nodeArgs(own.url, folder.path));
    await first.kill();
    await own.query("INSERT INTO countinghouse.schema_version VALUES (99)");
    const { code, stderr } = await runCommand(["serve", "--port", "0", ...nodeArgs(own.url, folder.path)]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/schema version 99/)]);
    await own.remove();
  });

  test("with another secrets key than the ledger's", async () => {
    const { code, stderr } = await runCommand([
      "serve",
      "--port",
      "0",
      ...nodeArgs(database.url, newFolder()),
      "--clock",
      "manual",
    ]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/secrets key is not the one/)]);
  });
});

async function meter(
  { endpoint }: RunningServer,
  quantity: number,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } = DEMO,
  productCode: string = DEMO.productCode,
) {
  const client = officialClient(endpoint, credentials);
  const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" };
  try {
    const input = { ProductCode: productCode, UsageRecords: [{ ...record, Quantity: quantity }] };
    const { Results } = await client.send(new BatchMeterUsageCommand(input));
    return Results?.[0];
  } finally {
    client.destroy();
  }
}

/** `@countinghouse/client/aws-sdk` beside the official client: the same program, the same calls, one server for each. */
import * as official from "@aws-sdk/client-marketplace-metering";
import * as ours from "@countinghouse/client/aws-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { listen, wireError } from "../support/listener.ts";
import { registrationToken } from "../support/operator-api.ts";
import { DEMO, type Served } from "../support/server.ts";

const NOON = "2026-03-15T12:00:00Z";
const at = (minutesAgo: number): Date => new Date(Date.parse(NOON) - minutesAgo * 60_000);
const { productCode: ProductCode } = DEMO;
const CustomerIdentifier = "demoCustomer1";

/** Each meters in a market of its own, on a clock that stands still. */
const servers: DemoMarket[] = [];
beforeAll(async () => {
  servers.push(...(await Promise.all([demoMarket({ now: NOON }), demoMarket({ now: NOON })])));
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** A program written for the official client, with the package that it imports as a parameter. */
type Sdk = typeof ours;
type Program = (sdk: Sdk, client: InstanceType<Sdk["MarketplaceMeteringClient"]>, server: Served) => Promise<unknown>;

/** What can be compared: ids differ between two servers. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, member: unknown) =>
      name === "requestId" || name === "MeteringRecordId" ? typeof member : member,
    ),
  );
}

async function outcomeOf(sdk: Sdk, server: Served | { readonly endpoint: string }, program: Program): Promise<unknown> {
  const client = new sdk.MarketplaceMeteringClient({
    region: "us-east-1",
    endpoint: server.endpoint,
    credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
    maxAttempts: 1,
  });
  try {
    return { answered: comparable(await program(sdk, client, server as Served)) };
  } catch (error) {
    if (!(error instanceof sdk.MarketplaceMeteringServiceException)) throw error;
    const { name, message, $fault, $metadata } = error;
    const classes = Object.entries(sdk).filter(
      ([, value]) => typeof value === "function" && value.name.endsWith("Exception") && error instanceof value,
    );
    const known = classes.map(([className]) => className).toSorted();
    return { failed: { name, message, $fault, known, $metadata: comparable($metadata) } };
  } finally {
    client.destroy();
  }
}

const record = (more: Partial<ours.UsageRecord> = {}): ours.UsageRecord => ({
  Timestamp: at(30),
  CustomerIdentifier,
  Dimension: "gb_ingested",
  Quantity: 4,
  ...more,
});
const batch =
  (...UsageRecords: ours.UsageRecord[]): Program =>
  (sdk, client) =>
    client.send(new sdk.BatchMeterUsageCommand({ ProductCode, UsageRecords }));

const programs: readonly (readonly [string, Program])[] = [
  ["a batch that is accepted", batch(record(), record({ Dimension: "queries", Quantity: undefined }))],
  ["the same again", batch(record())],
  ["other usage of the hour", batch(record({ Quantity: 5 }))],
  ["allocations", batch(record({ Dimension: "seats", Quantity: 3, UsageAllocations: [
    { AllocatedUsageQuantity: 1, Tags: [{ Key: "team", Value: "a" }] },
    { AllocatedUsageQuantity: 2 },
  ] }))],
  ["an empty batch", batch()],
  ["an unknown customer", batch(record({ CustomerIdentifier: "stranger" }))],
  ["an unknown dimension", batch(record({ Dimension: "made-up" }))],
  ["usage that is too old", batch(record({ Timestamp: at(60 * 7) }))],
  ["two customers", batch(record({ CustomerAWSAccountId: "444455556666" }))],
  ["allocations that do not add up", batch(record({ UsageAllocations: [{ AllocatedUsageQuantity: 1 }] }))],
  ["a quantity with a fraction", batch(record({ Quantity: 1.5 }))],
  ["a quantity that is a text", batch(record({ Quantity: "4" as never }))],
  ["a member that is missing", batch({ Timestamp: at(1), CustomerIdentifier, Dimension: undefined })],
  ["no records at all", (sdk, client) => client.send(new sdk.BatchMeterUsageCommand({ ProductCode, UsageRecords: undefined }))],
  ["an unknown product", (sdk, client) => client.send(new sdk.BatchMeterUsageCommand({ ProductCode: "none", UsageRecords: [record()] }))],
  ["members in another spelling", batch({ timestamp: at(1), dimension: "d" } as never)],
  ["a time with a fraction of a second", batch(record({ Timestamp: new Date(at(90).getTime() + 1), Dimension: "queries" }))],
  ["a token that is resolved", async (sdk, client, server) =>
    client.send(new sdk.ResolveCustomerCommand({ RegistrationToken: await registrationToken(server, "agmt-demo1") }))],
  ["a token that is none", (sdk, client) => client.send(new sdk.ResolveCustomerCommand({ RegistrationToken: "none" }))],
  ["MeterUsage outside of a resource", (sdk, client) =>
    client.send(new sdk.MeterUsageCommand({ ProductCode, Timestamp: at(1), UsageDimension: "gb_ingested", UsageQuantity: 1, DryRun: true }))],
  ["RegisterUsage outside of a resource", (sdk, client) => client.send(new sdk.RegisterUsageCommand({ ProductCode, PublicKeyVersion: 1 }))],
  ["the client with methods", async (sdk, _client, { endpoint }) => {
    const methods = new sdk.MarketplaceMetering({
      region: "us-east-1",
      endpoint,
      credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
    });
    const answer = await methods.batchMeterUsage({ ProductCode, UsageRecords: [record({ Timestamp: at(120) })] });
    methods.destroy();
    return answer;
  }],
  ["a callback", (sdk, client) =>
    new Promise((resolve) =>
      client.send(new sdk.BatchMeterUsageCommand({ ProductCode, UsageRecords: [] }), (_error: unknown, output?: unknown) => resolve(output)))],
]; // prettier-ignore

test.each(programs)("%s", async (_name, program) => {
  const [first, second] = servers as [DemoMarket, DemoMarket];
  const expected = await outcomeOf(official as unknown as Sdk, first, program);
  expect(await outcomeOf(ours, second, program)).toEqual(expected);
});

const NAMES = Object.keys(official).filter((name) => name.endsWith("Exception"));

const program: Program = (sdk, client) => client.send(new sdk.ResolveCustomerCommand({ RegistrationToken: "t" }));

describe("errors", () => {
  test("all classes of the official client are there", () => {
    expect(NAMES).toHaveLength(20);
    expect(Object.keys(ours)).toEqual(expect.arrayContaining(NAMES));
  });

  const told = [...NAMES.filter((name) => !name.startsWith("Marketplace")), "AccessDeniedException", "NewerThanBoth"];
  test.each(told)("%s is told alike", async (name) => {
    const { url } = await listen(() => wireError(name, name.startsWith("Internal") ? 500 : 400));
    const server = { endpoint: url };
    expect(await outcomeOf(ours, server, program)).toEqual(
      await outcomeOf(official as unknown as Sdk, server, program),
    );
  });

  test("an abort and what middleware would be are told by name", async () => {
    const client = new ours.MarketplaceMeteringClient({
      region: "us-east-1",
      endpoint: "http://127.0.0.1:9",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    const abortSignal = AbortSignal.abort();
    const error: unknown = await client
      .send(new ours.ResolveCustomerCommand({ RegistrationToken: "t" }), { abortSignal })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "AbortError", $metadata: { attempts: 0 } });
    expect(() => client.middlewareStack).toThrow("There is no middleware here");
    client.destroy();
  });
});

test("meterAll is one property away", async () => {
  const [, server] = servers as [DemoMarket, DemoMarket];
  const client = new ours.MarketplaceMeteringClient({
    region: "us-east-1",
    endpoint: server.endpoint,
    credentials: { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey },
  });
  const usage = { timestamp: at(180), customerIdentifier: CustomerIdentifier, dimension: "queries", quantity: 1 };
  await client.countinghouse.meterAll([usage], { productCode: ProductCode }).assertAllAccepted();
  client.destroy();
});

/**
 * Every request-level refusal of the operations, through the official SDK and under the SDK's own error classes. A
 * refused batch holds a good record, too, where it can, and nothing of it is kept.
 */
import {
  BatchMeterUsageCommand,
  InvalidCustomerIdentifierException,
  InvalidLicenseException,
  InvalidProductCodeException,
  InvalidTagException,
  InvalidTokenException,
  InvalidUsageAllocationsException,
  InvalidUsageDimensionException,
  ResolveCustomerCommand,
  TimestampOutOfBoundsException,
  type MarketplaceMeteringClient,
  type UsageAllocation,
  type UsageRecord,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { add, meteringRecords, registrationToken } from "../support/operator-api.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");

const OTHER_SELLER = { accessKeyId: "AKIAOTHERSELLER00001", secretAccessKey: "other-seller-secret" };
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last.padStart(32, "0")}`;

let server: WireServer;
let client: MarketplaceMeteringClient;

beforeAll(async () => {
  server = await demoServer();
  client = officialClient(server.endpoint);
  const seller = "999900001111";
  await add(server, "/accounts", { id: seller, users: [{ name: "metering", ...OTHER_SELLER }] });
  const product = { title: "A product", type: "saas", pricing: "usage", dimensions: [{ name: "seats" }] };
  await add(server, "/products", { ...product, productCode: "of-another-seller", seller });
  await add(server, "/products", { ...product, productCode: "an-ami", type: "ami", seller: DEMO.seller });
  await add(server, "/agreements", {
    agreementId: "of-another-seller",
    productCode: "of-another-seller",
    customerAccountId: "444455556666",
    customerIdentifier: "otherCustomer",
    licenseArn: licence("f"),
    startsAt: "2020-01-01T00:00:00Z",
  });
});

afterAll(() => server.stop());

const record = (changes: Partial<UsageRecord> = {}): UsageRecord => ({
  Timestamp: new Date(),
  CustomerIdentifier: "demoCustomer1",
  Dimension: "seats",
  Quantity: 10,
  ...changes,
});
const unnamed = (changes: Partial<UsageRecord>): UsageRecord => {
  const { CustomerIdentifier: _, ...rest } = record(changes);
  return rest;
};
const licensed = (last: string, CustomerAWSAccountId: string, changes: Partial<UsageRecord> = {}): UsageRecord =>
  unnamed({ LicenseArn: licence(last), CustomerAWSAccountId, ...changes });
const split = (...UsageAllocations: UsageAllocation[]): UsageRecord => record({ UsageAllocations });
const bucket = (AllocatedUsageQuantity: number, ...Tags: NonNullable<UsageAllocation["Tags"]>): UsageAllocation => ({
  AllocatedUsageQuantity,
  ...(Tags.length === 0 ? {} : { Tags }),
});
const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
const team = { Key: "team", Value: "a" };
const site = { Key: "site", Value: "b" };

type Refusal = abstract new (...args: never[]) => Error;

/** What is beside a good record, under a product code. */
const batches: readonly [string, Refusal, UsageRecord[], string?][] = [
  ["Rule P1: an unknown product code", InvalidProductCodeException, [record()], "unknown"],
  ["Rule P1: an empty product code", InvalidProductCodeException, [record()], ""],
  ["Rule P1: another seller's product", InvalidProductCodeException, [record()], "of-another-seller"],
  ["S4, Rule P2: a product that is not SaaS", InvalidProductCodeException, [record()], "an-ami"],
  ["Rule I1: both identities", InvalidCustomerIdentifierException, [record({ CustomerAWSAccountId: "444455556666" })]],
  ["Rule I1: neither identity", InvalidCustomerIdentifierException, [unnamed({})]],
  ["Rule I4: an unknown identifier", InvalidCustomerIdentifierException, [record({ CustomerIdentifier: "nobody" })]],
  ["Rule I4: an empty identifier", InvalidCustomerIdentifierException, [record({ CustomerIdentifier: "" })]],
  ["Rule I4: an unknown account", InvalidCustomerIdentifierException, [unnamed({ CustomerAWSAccountId: "1" })]],
  [
    "Rule I4: another seller's customer",
    InvalidCustomerIdentifierException,
    [record({ CustomerIdentifier: "otherCustomer" })],
  ],
  ["Rule I3: a product code beside a licence", InvalidProductCodeException, [licensed("1", "444455556666")]],
  ["S1, Rule U1: an unknown dimension", InvalidUsageDimensionException, [record({ Dimension: "Seats" })]],
  ["S1, Rule U1: another product's dimension", InvalidUsageDimensionException, [record({ Dimension: "spans" })]],
  ["B3, Rule W1: usage of seven hours ago", TimestampOutOfBoundsException, [record({ Timestamp: ago(25_200) })]],
  ["B3, Rule W1: usage of 1970", TimestampOutOfBoundsException, [record({ Timestamp: new Date(0) })]],
  ["Rule W3: usage of the future", TimestampOutOfBoundsException, [record({ Timestamp: ago(-1_000) })]],
  ["B5, Rule A1: allocations that add up to less", InvalidUsageAllocationsException, [split(bucket(9, team))]],
  [
    "B5, Rule A1: allocations that add up to more",
    InvalidUsageAllocationsException,
    [split(bucket(10, team), bucket(1))],
  ],
  [
    "B5, Rule A2: two buckets of the same tags, in another order",
    InvalidUsageAllocationsException,
    [split(bucket(5, team, site), bucket(5, site, team))],
  ],
  ["B5, Rule A2: two buckets without tags", InvalidUsageAllocationsException, [split(bucket(5), bucket(5))]],
  ["B5, Rule A5: a tag key twice in a bucket", InvalidTagException, [split(bucket(10, team, { ...team, Value: "b" }))]],
];

/** Whole batches, without a product code. */
const licensedBatches: readonly [string, Refusal, UsageRecord[]][] = [
  ["Rule I2: neither product code nor licence", InvalidProductCodeException, [record()]],
  [
    "Rule I2: a licence on some records only",
    InvalidProductCodeException,
    [licensed("1", "444455556666"), unnamed({ CustomerAWSAccountId: "444455556666" })],
  ],
  [
    "Rule I3: an identifier beside a licence",
    InvalidCustomerIdentifierException,
    [record({ LicenseArn: licence("1") })],
  ],
  ["Rule I5: an unknown licence", InvalidLicenseException, [licensed("1", "444455556666"), licensed("e", "1")]],
  ["Rule I5: another customer's licence", InvalidLicenseException, [licensed("1", "777788889999")]],
  ["Rule I5: another seller's licence", InvalidLicenseException, [licensed("f", "444455556666")]],
  [
    "B2, Rules L4, I5: licences of two products",
    InvalidLicenseException,
    [licensed("1", "444455556666"), licensed("3", "222233334444", { Dimension: "spans" })],
  ],
];

async function refusal(command: Promise<unknown>): Promise<unknown> {
  return command.then(
    () => {
      throw new Error("It was accepted.");
    },
    (error: unknown) => error,
  );
}

function resolve(RegistrationToken: string, through = client): Promise<unknown> {
  return refusal(through.send(new ResolveCustomerCommand({ RegistrationToken })));
}

describe("a batch is refused, all of it, for", () => {
  afterEach(async () => {
    expect(await meteringRecords(server)).toEqual([]);
  });

  test.for(batches)("%s", async ([, Kind, bad, ProductCode = DEMO.productCode]) => {
    const UsageRecords = [record({ Dimension: "queries" }), ...bad];
    const error = await refusal(client.send(new BatchMeterUsageCommand({ ProductCode, UsageRecords })));
    expect(error).toBeInstanceOf(Kind);
    expect(error).toMatchObject({ name: Kind.name, $fault: "client", $metadata: { httpStatusCode: 400 } });
  });

  test.for(licensedBatches)("%s", async ([, Kind, UsageRecords]) => {
    const error = await refusal(client.send(new BatchMeterUsageCommand({ UsageRecords })));
    expect(error).toBeInstanceOf(Kind);
    expect(error).toMatchObject({ name: Kind.name, $metadata: { httpStatusCode: 400 } });
  });

  test("Rule W1, its text: the rule, the rule set and the figures it compared", async () => {
    const UsageRecords = [record({ Timestamp: new Date(0) })];
    const error = await refusal(
      client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords })),
    );
    expect((error as Error).message).toMatch(
      /^Timestamp 1970-01-01T00:00:00.000Z of usage record 1 is out of bounds: .*21600 s \(rule W1, rule set classic; the service clock says 2\d{3}-/,
    );
  });
});

describe("a registration token is refused as InvalidTokenException", () => {
  const alterations: readonly [string, (token: string) => string][] = [
    ["S5, Rule T2: when it was not issued here", () => "not-a-token"],
    ["S5, Rule T2: when it is white space", () => " "],
    ["S5, Rule T2: when its first letter was changed", (token) => (token.startsWith("A") ? "B" : "A") + token.slice(1)],
    ["S5, Rule T2: when a letter was taken away", (token) => token.slice(1)],
    ["S5, Rule T2: when its padding was taken away", (token) => token.replace(/=+$/, "")],
    ["S5, Rule T2: when it was decoded once too often", (token) => token.replaceAll("+", " ")],
    ["S5, Rule T2: when it was left encoded", (token) => encodeURIComponent(token)],
    ["S5, Rule T2: when it is in the URL's alphabet", (token) => token.replaceAll("+", "-").replaceAll("/", "_")],
  ];

  test.for(alterations)("%s", async ([, alter]) => {
    const token = await registrationToken(server, "agmt-demo1");
    const error = await resolve(alter(token));
    expect(error).toBeInstanceOf(InvalidTokenException);
    expect((error as Error).message).toMatch(/^Registration token is invalid: /);
  });

  test("V1, Rule T3: when the caller did not publish the product; its publisher may", async () => {
    const other = officialClient(server.endpoint, OTHER_SELLER);
    expect(await resolve(await registrationToken(server, "agmt-demo1"), other)).toBeInstanceOf(InvalidTokenException);
    const token = await registrationToken(server, "of-another-seller");
    expect(await resolve(token)).toBeInstanceOf(InvalidTokenException);
    await expect(other.send(new ResolveCustomerCommand({ RegistrationToken: token }))).resolves.toMatchObject({
      CustomerIdentifier: "otherCustomer",
    });
  });
});

/**
 * A seller's whole job through the official SDK: a buyer is resolved, usage is metered, sent again, sent otherwise, and
 * found again after a kill -9 on the same data folder.
 */
import {
  BatchMeterUsageCommand,
  MeterUsageCommand,
  RegisterUsageCommand,
  ResolveCustomerCommand,
  type MarketplaceMeteringClient,
  type UsageAllocation,
  type UsageRecord,
  type UsageRecordResult,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { add, meteringRecords, recordsPage, registrationToken } from "../support/operator-api.ts";
import { newDatabase, nodeArgs, type TestDatabase } from "../support/postgres/database.ts";
import { DEMO, officialClient, temporaryFolder } from "../support/server.ts";
import { demoProcess, testNeeding, type WireProcess } from "../support/wire-endpoint.ts";

const test = testNeeding("operator API");
const testOfKill = testNeeding({ ownServer: "it kills the server" });

const HOUR_MS = 3_600_000;
/** Late enough in the hour before that no record lies in the future, or leaves the window while the tests run. */
const LAST_HOUR_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
/** The demo's third agreement: a customer known by account and licence only. */
const LICENSED = {
  productCode: "1abcdefghijklmnopqrstuvwx",
  CustomerAWSAccountId: "222233334444",
  LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000003",
  Dimension: "spans",
};

const folder = temporaryFolder();
const batch = usageRecords();
let database: TestDatabase | undefined;
let server: WireProcess;
let client: MarketplaceMeteringClient;
let results: readonly UsageRecordResult[];

beforeAll(async () => {
  await start();
  results = await meter(batch);
});

afterAll(async () => {
  await server.stop();
  await database?.remove();
  folder.remove();
});

/** `test/postgres/main-job.test.ts` has all of this happen on PostgreSQL. */
async function storeArgs(): Promise<string[]> {
  if (process.env["MAIN_JOB_STORE"] !== "postgres") return ["--store", `sqlite:${folder.path}/data`];
  database ??= await newDatabase();
  return nodeArgs(database.url, folder.path);
}

async function start(): Promise<void> {
  server = await demoProcess(await storeArgs());
  client = officialClient(server.endpoint);
}

/** Meters, and holds the answer to what every answer has: a result for each record, as sent, and nothing undecided. */
async function meter(
  records: readonly UsageRecord[],
  productCode: string = DEMO.productCode,
  through = client,
): Promise<readonly UsageRecordResult[]> {
  const command = new BatchMeterUsageCommand({ ProductCode: productCode, UsageRecords: [...records] });
  const answer = await through.send(command);
  expect(answer.UnprocessedRecords).toEqual([]);
  expect(answer.Results?.map((result) => result.UsageRecord)).toEqual(records);
  return answer.Results ?? [];
}

const idsOf = (of: readonly UsageRecordResult[]): unknown[] => of.map((result) => result.MeteringRecordId);
const statusesOf = (of: readonly UsageRecordResult[]): unknown[] => of.map((result) => result.Status);
const idOf = (of: readonly UsageRecordResult[], position = 0): string => of[position]?.MeteringRecordId ?? "";

/** 25 records: two customers, three dimensions, five hours; every fifth one with allocations. */
function usageRecords(): UsageRecord[] {
  return Array.from({ length: 25 }, (_, i) => ({
    Timestamp: new Date(LAST_HOUR_MS + 1_800_000 - Math.floor(i / 6) * HOUR_MS),
    CustomerIdentifier: DEMO.customers[i % 2],
    Dimension: DEMO.dimensions[Math.floor((i % 6) / 2)],
    Quantity: 10 + i,
    ...(i % 5 === 0 ? { UsageAllocations: split(10 + i) } : {}),
  }));
}

function team(name: string): UsageAllocation["Tags"] {
  return [
    { Key: "team", Value: name },
    { Key: "cost-centre", Value: `${name}@1` },
  ];
}

function split(quantity: number, ofResearch = 7): UsageAllocation[] {
  return [
    { AllocatedUsageQuantity: ofResearch, Tags: team("research") },
    { AllocatedUsageQuantity: quantity - ofResearch - 1, Tags: team("sales") },
    { AllocatedUsageQuantity: 1 },
  ];
}

describe("a registration token", () => {
  test("S5, Rule T1: is resolved to its customer, as often as asked, with the same answer", async () => {
    const RegistrationToken = await registrationToken(server, "agmt-demo1");
    expect(RegistrationToken, "holds what a form field must have encoded").toMatch(/\+.*\/|\/.*\+/);
    expect(RegistrationToken).toMatch(/=$/);
    for (const time of ["first", "second"]) {
      const { $metadata, ...customer } = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
      expect($metadata.httpStatusCode).toBe(200);
      expect(customer, time).toEqual({
        CustomerIdentifier: "demoCustomer1",
        CustomerAWSAccountId: "444455556666",
        ProductCode: DEMO.productCode,
        LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001",
      });
    }
  });

  test("S5: of a customer without an identifier is resolved to account, product and licence only", async () => {
    const RegistrationToken = await registrationToken(server, "agmt-demo3");
    const { $metadata: _, ...customer } = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
    const { CustomerAWSAccountId, LicenseArn, productCode } = LICENSED;
    expect(customer).toEqual({ CustomerAWSAccountId, LicenseArn, ProductCode: productCode });
  });
});

describe("usage", () => {
  test("S1, S4, B5, B6: of several customers, dimensions and buckets is metered, each record under its own id", () => {
    expect(new Set(statusesOf(results))).toEqual(new Set(["Success"]));
    expect(new Set(idsOf(results)).size).toBe(25);
    for (const id of idsOf(results)) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("B1, Rule K2: the same batch again, and a part of it in another order, is answered with the same ids", async () => {
    expect(await meter(batch)).toEqual(results);
    const part = batch.slice(5, 15).toReversed();
    expect(await meter(part)).toEqual(results.slice(5, 15).toReversed());
  });

  test("B1, Rule K2: another minute of the hour, and allocations in another order, are the same usage", async () => {
    const [record] = batch as [UsageRecord];
    const again = {
      ...record,
      Timestamp: new Date(LAST_HOUR_MS + 3_599_999),
      UsageAllocations: split(10)
        .toReversed()
        .map(({ Tags, ...rest }) => (Tags === undefined ? rest : { ...rest, Tags: Tags.toReversed() })),
    };
    const answer = await meter([again]);
    expect(statusesOf(answer)).toEqual(["Success"]);
    expect(idOf(answer)).toBe(idOf(results));
  });

  test("B1, Rule K3: another quantity, or another split of it, is a duplicate that names the id which stands", async () => {
    const [record, plain] = batch as [UsageRecord, UsageRecord];
    const { UsageAllocations: _, ...unsplit } = record;
    const otherwise = [
      { ...unsplit, Quantity: 99 },
      { ...record, UsageAllocations: split(10, 6) },
      unsplit,
      { ...plain, UsageAllocations: [{ AllocatedUsageQuantity: 11 }] },
    ];
    const answer = await meter(otherwise);
    expect(statusesOf(answer)).toEqual(Array(4).fill("DuplicateRecord"));
    expect(idsOf(answer)).toEqual([...Array<string>(3).fill(idOf(results)), idOf(results, 1)]);
    expect(await meter(batch), "and the first one stands").toEqual(results);
  });

  test("B1, Rule K4: records of one key within a request are decided in their order", async () => {
    const record = { Timestamp: new Date(LAST_HOUR_MS - 3 * HOUR_MS), Dimension: "seats" };
    const [first, ...rest] = await meter(
      [4, 4, 5].map((Quantity) => ({ ...record, CustomerAWSAccountId: "777788889999", Quantity })),
    );
    expect(first?.Status).toBe("Success");
    expect(statusesOf(rest)).toEqual(["Success", "DuplicateRecord"]);
    expect(idsOf(rest)).toEqual([first?.MeteringRecordId, first?.MeteringRecordId]);
  });

  test("S4, Rule K1: named by account and product code, or by account and licence, is kept beside that by identifier", async () => {
    const Timestamp = new Date(LAST_HOUR_MS);
    const record = { Timestamp, CustomerAWSAccountId: "444455556666", Dimension: "gb_ingested", Quantity: 10 };
    const byAccount = await meter([record]);
    expect(statusesOf(byAccount)).toEqual(["Success"]);
    expect(idsOf(results)).not.toContain(idOf(byAccount));

    const { productCode, ...identity } = LICENSED;
    const byLicence = { ...identity, Timestamp, Quantity: 0 };
    const licensed = await client.send(new BatchMeterUsageCommand({ UsageRecords: [byLicence] }));
    expect(licensed.Results).toEqual([
      { UsageRecord: byLicence, Status: "Success", MeteringRecordId: expect.any(String) },
    ]);
    const { LicenseArn: _, ...byCode } = byLicence;
    expect(idOf(await meter([byCode], productCode))).not.toBe(idOf(licensed.Results ?? []));
  });

  test("Rule K1: in another region is another record", async () => {
    const elsewhere = officialClient(server.endpoint, DEMO, "eu-central-1");
    const answer = await meter(batch.slice(0, 1), DEMO.productCode, elsewhere);
    expect(statusesOf(answer)).toEqual(["Success"]);
    expect(idsOf(results)).not.toContain(idOf(answer));
  });

  test("B6, Rules G1, G2, G3: of a customer without an agreement in force has a status of its own, and no id", async () => {
    const usageAt = new Date(LAST_HOUR_MS - HOUR_MS);
    // Over for an hour and more, its final hour included (Rule G3).
    const endsAt = new Date(Date.now() - HOUR_MS);
    const over = { customerAccountId: "777788889999", startsAt: "2020-01-01T00:00:00Z", endsAt };
    const late = { customerAccountId: "444455556666", startsAt: new Date(LAST_HOUR_MS) };
    for (const agreement of [over, late]) {
      const agreementId = `of-${agreement.customerAccountId}`;
      await add(server, "/agreements", { ...agreement, agreementId, productCode: LICENSED.productCode });
    }
    const answer = await meter(
      [over.customerAccountId, late.customerAccountId, LICENSED.CustomerAWSAccountId].map((CustomerAWSAccountId) => ({
        Timestamp: usageAt,
        CustomerAWSAccountId,
        Dimension: LICENSED.Dimension,
        Quantity: 1,
      })),
      LICENSED.productCode,
    );
    expect(statusesOf(answer)).toEqual(["CustomerNotSubscribed", "CustomerNotSubscribed", "Success"]);
    expect(idsOf(answer)).toEqual([undefined, undefined, expect.any(String)]);
  });
});

describe("calls that are for metered resources", () => {
  test("S3, Rule X1: MeterUsage by a seller's user gets CustomerNotEntitledException", async () => {
    const command = new MeterUsageCommand({
      ProductCode: DEMO.productCode,
      Timestamp: new Date(),
      UsageDimension: "seats",
    });
    await expect(client.send(command)).rejects.toMatchObject({ name: "CustomerNotEntitledException" });
  });

  test("S6, Rule X2: RegisterUsage by a seller's user gets PlatformNotSupportedException", async () => {
    const command = new RegisterUsageCommand({ ProductCode: DEMO.productCode, PublicKeyVersion: 1 });
    await expect(client.send(command)).rejects.toMatchObject({ name: "PlatformNotSupportedException" });
  });
});

describe("after kill -9 and a new start on the same folder", () => {
  testOfKill("B1: the same batch is answered with the same ids, and every record is listed once", async () => {
    const before = await meteringRecords(server);
    await server.kill();
    await start();
    expect(await meteringRecords(server)).toEqual(before);
    expect(await meter(batch)).toEqual(results);
    expect(await meteringRecords(server)).toEqual(before);
    expect(new Set(before.map((record) => record.meteringRecordId)).size).toBe(before.length);
    expect(before.map((record) => record.meteringRecordId)).toEqual(expect.arrayContaining(idsOf(results)));
  });

  test("the list shows what was sent, and comes a page at a time", async () => {
    const all = await meteringRecords(server);
    const paged = [];
    let cursor: string | undefined;
    do {
      const page = await recordsPage(server, { limit: "7", ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(7);
      paged.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
    expect(all.find((record) => record.meteringRecordId === idOf(results))).toMatchObject({
      productCode: DEMO.productCode,
      customerIdentifier: "demoCustomer1",
      dimension: "gb_ingested",
      quantity: 10,
      hour: new Date(LAST_HOUR_MS).toISOString(),
      timestamp: batch[0]?.Timestamp?.toISOString(),
      region: "us-east-1",
      usageAllocations: [{ allocatedUsageQuantity: 7 }, { allocatedUsageQuantity: 2 }, { allocatedUsageQuantity: 1 }],
    });
  });

  test("the list can be narrowed by product, customer, dimension and time", async () => {
    const all = await meteringRecords(server);
    const [from, to] = [LAST_HOUR_MS - 2 * HOUR_MS, LAST_HOUR_MS].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    const filters: readonly [Record<string, string>, (record: (typeof all)[number]) => boolean][] = [
      [{ productCode: LICENSED.productCode }, (record) => record.productCode === LICENSED.productCode],
      [
        { customerAccountId: "444455556666" },
        (record) => record.customerIdentifier === "demoCustomer1" || record.customerAccountId === "444455556666",
      ],
      [{ dimension: "queries" }, (record) => record.dimension === "queries"],
      [{ from, to }, (record) => record.hour >= from && record.hour < to],
      [
        { dimension: "queries", from, customerAccountId: "777788889999" },
        (record) =>
          record.dimension === "queries" && record.hour >= from && record.customerIdentifier === "demoCustomer2",
      ],
    ];
    for (const [filter, holds] of filters) {
      const expected = all.filter(holds);
      expect(expected.length, JSON.stringify(filter)).toBeGreaterThan(0);
      expect(expected.length, JSON.stringify(filter)).toBeLessThan(all.length);
      expect(await meteringRecords(server, filter), JSON.stringify(filter)).toEqual(expected);
    }
    expect((await server.operator("GET", "/metering-records?cursor=made-up")).status).toBe(400);
  });
});

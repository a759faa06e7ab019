/** Registration tokens and metering records through the operator API. */
import { BatchMeterUsageCommand, ResolveCustomerCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { DEMO, officialClient } from "../support/server.ts";

const NOW = "2026-07-20T12:00:00.000Z";
const OTHER_PRODUCT = "1abcdefghijklmnopqrstuvwx";
const LICENSE = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000003";

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ now: NOW });
});
afterAll(() => server.stop());

const call = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });

describe("registration tokens", () => {
  test("a token stands for its agreement, for four hours of the service clock", async () => {
    const { status, json } = await call("POST", "/registration-tokens", { agreementId: "agmt-demo1" });
    expect(status).toBe(201);
    expect(json).toEqual({
      registrationToken: expect.stringMatching(/^[A-Za-z0-9+/]+=+$/) as string,
      expiresAt: "2026-07-20T16:00:00.000Z",
    });
    const client = officialClient(server.endpoint);
    const { registrationToken } = json as { registrationToken: string };
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken: registrationToken }));
    expect(resolved).toMatchObject({ CustomerIdentifier: "demoCustomer1", ProductCode: DEMO.productCode });
    client.destroy();
  });

  test("there is none for an unknown agreement", async () => {
    expectProblem(
      await call("POST", "/registration-tokens", { agreementId: "nothing" }),
      404,
      /^No agreement nothing\.$/,
    );
  });

  test.each([[{}], [{ agreementId: 1 }], [{ agreementId: "agmt-demo1", expiresAt: NOW }]])(
    "a request like %j does not fit",
    async (body) => {
      const answer = await call("POST", "/registration-tokens", body);
      expectProblem(answer, 422, /does not fit/, [expect.stringMatching(/agreementId|expiresAt/) as string]);
    },
  );
});

const hoursAgo = (hours: number): Date => new Date(Date.parse(NOW) - hours * 3_600_000 + 60_000);

function usage(CustomerIdentifier: string, Dimension: string, hours: number): UsageRecord {
  return { Timestamp: hoursAgo(hours), CustomerIdentifier, Dimension, Quantity: hours * 10 };
}

interface Page {
  readonly items: Readonly<Record<string, unknown>>[];
  readonly nextCursor?: string;
}

async function list(query: Readonly<Record<string, string>> = {}): Promise<Page> {
  const answer = await call("GET", `/metering-records?${new URLSearchParams(query).toString()}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Page;
}

const idsOf = ({ items }: Page): unknown[] => items.map(({ meteringRecordId }) => meteringRecordId);

describe("metering records", () => {
  const ids: string[] = [];

  beforeAll(async () => {
    const client = officialClient(server.endpoint);
    const first = await client.send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: [
          usage("demoCustomer1", "seats", 1),
          usage("demoCustomer1", "seats", 2),
          usage("demoCustomer1", "queries", 2),
          {
            ...usage("demoCustomer2", "seats", 3),
            UsageAllocations: [
              { AllocatedUsageQuantity: 20, Tags: [{ Key: "team", Value: "a" }] },
              { AllocatedUsageQuantity: 10 },
            ],
          },
        ],
      }),
    );
    const second = await client.send(
      new BatchMeterUsageCommand({
        UsageRecords: [
          {
            Timestamp: hoursAgo(2),
            CustomerAWSAccountId: "222233334444",
            LicenseArn: LICENSE,
            Dimension: "spans",
            Quantity: 7,
          },
        ],
      }),
    );
    ids.push(...[first, second].flatMap(({ Results = [] }) => Results.map((result) => result.MeteringRecordId ?? "")));
    expect(new Set(ids).size).toBe(5);
    client.destroy();
  });

  test("are listed by hour, with all that was sent and kept", async () => {
    const { items, nextCursor } = await list();
    expect(nextCursor).toBeUndefined();
    const hours = items.map(({ hour }) => hour as string);
    expect(hours).toEqual(hours.toSorted());
    expect(new Set(idsOf({ items }))).toEqual(new Set(ids));
    expect(items[0]).toEqual({
      meteringRecordId: ids[3],
      productCode: DEMO.productCode,
      customerIdentifier: "demoCustomer2",
      dimension: "seats",
      quantity: 30,
      hour: "2026-07-20T09:00:00.000Z",
      timestamp: "2026-07-20T09:01:00.000Z",
      region: "us-east-1",
      recordedAt: NOW,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      usageAllocations: [
        { allocatedUsageQuantity: 20, tags: [{ key: "team", value: "a" }] },
        { allocatedUsageQuantity: 10 },
      ],
    });
    expect(items.find(({ licenseArn }) => licenseArn !== undefined)).toMatchObject({
      meteringRecordId: ids[4],
      productCode: OTHER_PRODUCT,
      licenseArn: LICENSE,
      customerAccountId: "222233334444",
    });
  });

  test.each([
    ["a product, by code", { productCode: DEMO.productCode }, [3, 1, 2, 0]],
    ["a product that was metered by licence", { productCode: OTHER_PRODUCT }, [4]],
    ["a customer by account, who was named by identifier", { customerAccountId: "777788889999" }, [3]],
    ["a customer who was named by account", { customerAccountId: "222233334444" }, [4]],
    ["a dimension", { dimension: "queries" }, [2]],
    ["hours from a time on", { from: "2026-07-20T10:59:00Z" }, [1, 2, 4, 0]],
    ["hours before a time", { to: "2026-07-20T10:00:00Z" }, [3]],
    ["an hour, in another time zone", { from: "2026-07-20T13:00:00+02:00", to: "2026-07-20T13:30:00+02:00" }, [0]],
    [
      "all of these at once",
      { productCode: DEMO.productCode, dimension: "seats", from: "2026-07-20T10:00:00Z" },
      [1, 0],
    ],
    ["an unknown product", { productCode: "nothing" }, []],
    ["an unknown customer", { customerAccountId: "999999999999" }, []],
  ])("can be asked for by %s", async (_name, query, wanted) => {
    const found = idsOf(await list(query));
    expect(found).toHaveLength(wanted.length);
    expect(new Set(found)).toEqual(new Set(wanted.map((i) => ids[i])));
  });

  test("come in pages that together are the whole list", async () => {
    const whole = await list();
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await list({ limit: "2", ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      found.push(...idsOf(page));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(found).toEqual(idsOf(whole));
  });

  test.each([
    ["from=yesterday", /^from: /],
    ["to=2026-07-20", /^to: /],
    ["limit=0", /^limit: /],
    ["limit=1001", /^limit: /],
  ])("a query with %s does not fit", async (query, member) => {
    const answer = await call("GET", `/metering-records?${query}`);
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(member) as string]);
  });

  test.each(["x", "W10", "WzEsMiwzXQ"])("a cursor that was never given out (%s) is a bad request", async (cursor) => {
    expectProblem(await call("GET", `/metering-records?cursor=${cursor}`), 400, /^The cursor is invalid\.$/);
  });
});

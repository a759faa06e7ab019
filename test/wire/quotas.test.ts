/** Rules Q2, Q3 and Q4: AWS's request quotas, for each account and region. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { meteringService, trailService } from "@countinghouse/protocol";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { bytesOf, exchange, send, signed, wireRequest, withHeaders, type Signing } from "../support/raw-client.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type Served } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "servers with quotas" });

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ quotas: "aws" });
});
afterAll(() => server.stop());

const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
const seats = (hoursAgo: number): object => ({
  ProductCode: DEMO.productCode,
  UsageRecords: [
    {
      Timestamp: Math.floor(Date.now() / 1_000) - hoursAgo * 3_600,
      CustomerIdentifier: DEMO.customers[0],
      Dimension: "seats",
      Quantity: 1,
    },
  ],
});

/** Sends so many requests in one piece; answers how many were throttled and how many were not. */
async function flood(
  to: Served,
  operation: string,
  input: object,
  requests: number,
  signing: Signing = {},
): Promise<{ throttled: number; through: number; atMost: (perSecond: number) => number }> {
  const startMs = performance.now();
  const packed = Array.from({ length: requests }, (_, i) => {
    const service = operation === "LookupEvents" ? trailService : meteringService;
    const unsigned = wireRequest(to.endpoint, operation, input, service);
    const request = signed(unsigned, { service: service.signingName, ...signing });
    return bytesOf(withHeaders(request, { connection: i === requests - 1 ? "close" : "keep-alive" }));
  });
  const text = await exchange(to.endpoint, Buffer.concat(packed));
  const seconds = (performance.now() - startMs) / 1_000;
  const throttled = text.split('{"__type":"ThrottlingException","message":"Rate exceeded"}').length - 1;
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(requests);
  // A burst of one second's worth, and what came back while it went on; generous by a second more.
  const atMost = (perSecond: number): number => perSecond * (2 + seconds);
  return { throttled, through: requests - throttled, atMost };
}

test.each([
  ["BatchMeterUsage", "Q2", 10, seats(0)],
  ["MeterUsage", "Q2", 10, { ProductCode: DEMO.productCode, Timestamp: 1, UsageDimension: "seats" }],
  ["LookupEvents", "Q4", 2, {}],
  ["RegisterUsage", "Q3", 5, { ProductCode: DEMO.productCode, PublicKeyVersion: 1 }],
] as const)(
  "%s, Rule %s: %i requests get through at once, and hardly more of a flood",
  async (operation, _rule, perSecond, input) => {
    const { throttled, through, atMost } = await flood(server, operation, input, 300);
    expect(throttled).toBeGreaterThan(0);
    expect(through).toBeGreaterThanOrEqual(perSecond);
    expect(through).toBeLessThanOrEqual(atMost(perSecond));
  },
);

test("Rule Q2: whoever sends more than the quota in one region is not held up in another", async () => {
  await flood(server, "BatchMeterUsage", seats(0), 100);
  const elsewhere = signed(wireRequest(server.endpoint, "BatchMeterUsage", seats(0)), { region: "eu-west-1" });
  expect((await send(server.endpoint, elsewhere)).status).toBe(200);
});

test("ResolveCustomer has no quota", async () => {
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  expect(await flood(server, "ResolveCustomer", { RegistrationToken }, 60)).toMatchObject({
    throttled: 0,
    through: 60,
  });
});

test("Rule Q2: requests without a good signature use nobody's quota; those without permission use their account's", async () => {
  const region = "ap-south-1";
  await flood(server, "BatchMeterUsage", seats(0), 100, { region, secretAccessKey: "wrong" });
  const mine = signed(wireRequest(server.endpoint, "BatchMeterUsage", seats(0)), { region });
  expect((await send(server.endpoint, mine)).status).toBe(200);
  const denied = await flood(server, "BatchMeterUsage", seats(0), 300, { ...READ_ONLY, region });
  expect(denied.throttled).toBeGreaterThan(0);
  expect(denied.through).toBeLessThanOrEqual(denied.atMost(10));
});

test("B1, Rule Q2: what is over the quota is not kept; the SDK sends it again until it is, once", async () => {
  const aws = await demoMarket({ quotas: "aws" });
  onTestFinished(() => aws.stop());
  const client = officialClient(aws.endpoint);
  const records = DEMO.dimensions.flatMap((Dimension) =>
    DEMO.customers.flatMap((CustomerIdentifier) =>
      [1, 2, 3].map((hours) => ({
        Timestamp: new Date(Date.now() - hours * 3_600_000),
        CustomerIdentifier,
        Dimension,
        Quantity: hours,
      })),
    ),
  );
  const answers = await Promise.all(
    records.map(async (record) => {
      const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
      // A seller goes on where the SDK gives up.
      for (;;) {
        try {
          return await client.send(command);
        } catch (error) {
          if ((error as Error).name !== "ThrottlingException") throw error;
        }
      }
    }),
  );
  client.destroy();
  const ids = answers.map(({ Results }) => Results?.[0]?.MeteringRecordId);
  expect(new Set(ids).size).toBe(records.length);
  const kept = await meteringRecords(aws);
  expect(new Set(kept.map(({ meteringRecordId }) => meteringRecordId))).toEqual(new Set(ids));
  expect(kept).toHaveLength(records.length);
});

const counted = (code: string): string => `countinghouse_requests_total{operation="BatchMeterUsage",code="${code}"}`;

test("what is throttled costs no entry in the ledger, and is counted in the metrics", async () => {
  const aws = await start(["--store", `sqlite:${newFolder()}/data`, "--quotas", "aws"]);
  const { throttled, through } = await flood(aws, "BatchMeterUsage", seats(0), 200);
  const metrics = await (await fetch(`${aws.endpoint}/metrics`)).text();
  expect(metrics).toContain(`${counted("ThrottlingException")} ${throttled}\n`);
  expect(metrics).toContain(`${counted("ok")} ${through}\n`);
  const [, works] = /^countinghouse_commit_works_sum (\d+)$/m.exec(metrics) ?? [];
  // The catalogue and a registration key, at the start, are the others.
  expect(Number(works)).toBe(through + 2);
  const answer = await send(aws.endpoint, signed(wireRequest(aws.endpoint, "BatchMeterUsage", seats(0))));
  const id = String(answer.headers["x-amzn-requestid"]);
  const explained = await aws.operator("GET", `/requests/${id}/explanation`);
  expect(explained.status).toBe(answer.status === 200 ? 200 : 404);
});

test("the quotas in force are said at the start, and anything but off and aws is refused", async () => {
  const started = await start(["--store", "memory:", "--quotas", "aws"]);
  expect(started.output()).toContain(
    "  quotas          10 BatchMeterUsage, 10 MeterUsage, 5 RegisterUsage, 2 LookupEvents a second, per account and region\n",
  );
  const refused = await runCommand(["serve", "--store", "memory:", "--port", "0", "--quotas", "20"]);
  expect([refused.code, refused.stderr]).toEqual([2, "countinghouse: --quotas must be off or aws; got 20.\n"]);
});

test("without --quotas nobody is held up", async () => {
  const free = await demoMarket();
  onTestFinished(() => free.stop());
  expect(await flood(free, "BatchMeterUsage", seats(0), 200)).toMatchObject({ throttled: 0 });
});

/** Rule F1: faults on demand, as the official SDK meets them. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
  type BatchMeterUsageCommandOutput,
  type MarketplaceMeteringServiceException,
} from "@aws-sdk/client-marketplace-metering";
import type { Market } from "countinghouse/testkit";
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { explanationOf, faultsOf, inject } from "../support/faults.ts";
import { matchers } from "../support/market-matchers.ts";
import { meteringRecords, registrationToken } from "../support/operator-api.ts";
import { DEMO } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

expect.extend(matchers);

const test = testNeeding({ ownServer: "a manual clock and a data folder" });

const TRACES = "1abcdefghijklmnopqrstuvwx";
const NOW = "2026-07-20T12:00:00Z";
const BATCH = { operation: "BatchMeterUsage" };
const BUYER = DEMO.customers[0];

let server: DemoMarket;
let market: Market;
beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  ({ market } = server);
});
afterEach(() => market.restore());
afterAll(() => server.stop());

/** The official client with its own retries, unless it is to make one attempt only. */
function clientOf(
  credentials: { accessKeyId: string; secretAccessKey: string } = DEMO,
  over: { maxAttempts?: number; requestHandler?: { requestTimeout: number; throwOnRequestTimeout: boolean } } = {},
): MarketplaceMeteringClient {
  const { accessKeyId, secretAccessKey } = credentials;
  const client = new MarketplaceMeteringClient({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
    ...over,
  });
  onTestFinished(() => client.destroy());
  return client;
}

const seats = (Quantity: number, hoursAgo = 0): object => ({
  Timestamp: new Date(Date.parse(NOW) - hoursAgo * 3_600_000),
  CustomerIdentifier: BUYER,
  Dimension: "seats",
  Quantity,
});
type Records = ConstructorParameters<typeof BatchMeterUsageCommand>[0]["UsageRecords"];
const batch = (
  records: readonly object[],
  ProductCode: string | undefined = DEMO.productCode,
): BatchMeterUsageCommand => new BatchMeterUsageCommand({ ProductCode, UsageRecords: records as Records });

async function refusalOf(call: Promise<unknown>): Promise<MarketplaceMeteringServiceException> {
  return call.then(
    () => expect.unreachable("it was answered"),
    (error: unknown) => error as MarketplaceMeteringServiceException,
  );
}

const idsOf = ({ Results = [] }: BatchMeterUsageCommandOutput): (string | undefined)[] =>
  Results.map(({ MeteringRecordId }) => MeteringRecordId);

test.each([
  ["throttle", "ThrottlingException", 400],
  ["internal-error", "InternalServiceErrorException", 500],
])(
  "%s with a count of 2: the SDK gets through at its third attempt, and all is kept once",
  async (kind, name, status) => {
    const { faultId } = await inject(server, { ...BATCH, kind, count: 2 });
    const answer = await clientOf().send(batch([seats(3)]));
    expect(answer.$metadata.attempts).toBe(3);
    expect(await meteringRecords(server)).toMatchObject([{ meteringRecordId: idsOf(answer)[0], quantity: 3 }]);
    expect(await faultsOf(server)).toMatchObject([{ faultId, hits: 2, remaining: 0 }]);

    await inject(server, { ...BATCH, kind });
    const refused = await refusalOf(clientOf(DEMO, { maxAttempts: 1 }).send(batch([seats(4, 1)])));
    expect([refused.name, refused.$metadata.httpStatusCode]).toEqual([name, status]);
    expect(await meteringRecords(server)).toHaveLength(1);
    expect(await explanationOf(server, refused.$metadata.requestId)).toMatchObject({
      event: "call-refused",
      faults: [{ kind }],
      refusal: { code: name, rule: { id: "F1" } },
    });
  },
);

test("drop-answer: what was cut off is kept, and the SDK's next attempt gets the same record", async () => {
  await market.faults.dropAnswer("BatchMeterUsage");
  const answer = await clientOf().send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBe(2);
  expect(market).toHaveSeenCalls({ BatchMeterUsage: 2 });
  expect(market).toHaveMetered({ customer: BUYER, dimension: "seats", units: 3 });
  const [id] = idsOf(answer);
  const explanation = await explanationOf(server, id);
  expect(explanation).toMatchObject({ faults: [{ kind: "drop-answer" }], records: [{ outcome: "accepted" }] });
  expect(explanation["requestId"], "made by the attempt that got no answer").not.toBe(answer.$metadata.requestId);
});

test("drop-answer without a retry: the caller gets a broken connection and no answer", async () => {
  await market.faults.dropAnswer("BatchMeterUsage");
  const error = await refusalOf(clientOf(DEMO, { maxAttempts: 1 }).send(batch([seats(3)])));
  expect(error.$response).toBeUndefined();
  expect(error.$metadata?.httpStatusCode).toBeUndefined();
  expect(market).toHaveMetered({ customer: BUYER, units: 3 });
});

test("unprocessed: all records come back bare and in their order; sent again, they are kept", async () => {
  await market.faults.unprocessed();
  const records = [seats(1), seats(2, 1), seats(3, 2)];
  const { Results, UnprocessedRecords = [] } = await clientOf().send(batch(records));
  expect(Results).toEqual([]);
  expect(UnprocessedRecords).toEqual(records);
  expect(market).toHaveMeteredNothingFor(BUYER);
  const again = await clientOf().send(batch(UnprocessedRecords));
  expect(again.Results?.map(({ Status }) => Status)).toEqual(["Success", "Success", "Success"]);
  expect(again.UnprocessedRecords).toEqual([]);
  expect(await meteringRecords(server)).toHaveLength(3);
});

test("unprocessed with a number: so many come back from the end, and the others are decided as ever", async () => {
  await market.faults.unprocessed({ records: 2 });
  const records = [seats(1), seats(1), seats(3, 2), seats(4, 3)];
  const answer = await clientOf().send(batch(records));
  expect(answer.UnprocessedRecords).toEqual(records.slice(2));
  expect(new Set(idsOf(answer)).size, "the second is a replay of the first").toBe(1);
  expect(await meteringRecords(server)).toHaveLength(1);
  expect(await explanationOf(server, answer.$metadata.requestId)).toMatchObject({
    summary: "4 usage records: 1 accepted, 1 replay, 2 unprocessed.",
    records: [{}, {}, { record: 3, outcome: "unprocessed", sent: { quantity: 3 } }, { record: 4, rule: { id: "F1" } }],
  });
  const again = await clientOf().send(batch(records));
  expect(idsOf(again).slice(0, 2)).toEqual(idsOf(answer));
  expect(await meteringRecords(server)).toHaveLength(3);
});

test("delay: it is done at once and answered late; the SDK gives up waiting, and its next attempt gets the same record", async () => {
  await market.faults.delay("BatchMeterUsage", 60_000);
  const impatient = clientOf(DEMO, { requestHandler: { requestTimeout: 2_000, throwOnRequestTimeout: true } });
  const answer = await impatient.send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBeGreaterThan(1);
  const [id] = idsOf(answer);
  expect(await meteringRecords(server)).toMatchObject([{ meteringRecordId: id }]);
  expect(await explanationOf(server, id)).toMatchObject({ faults: [{ kind: "delay", delayMs: 60_000 }] });
});

test("a delay that can be waited for changes nothing else, and goes with another fault", async () => {
  await market.faults.delay("BatchMeterUsage", 30, { count: 2 });
  const { faultId } = await market.faults.throttle("BatchMeterUsage");
  const answer = await clientOf().send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBe(2);
  expect(await faultsOf(server)).toMatchObject([
    { hits: 2, remaining: 0 },
    { faultId, hits: 1 },
  ]);
});

test("a probability without a count hits some requests and not others, until it is taken away", async () => {
  const { faultId, remaining } = await market.faults.throttle("BatchMeterUsage", { probability: 0.5 });
  expect(remaining).toBeUndefined();
  const client = clientOf(DEMO, { maxAttempts: 1 });
  const answers = await Promise.allSettled(Array.from({ length: 80 }, () => client.send(batch([seats(3)]))));
  const throttled = answers.filter(({ status }) => status === "rejected").length;
  expect(throttled).toBeGreaterThan(0);
  expect(throttled).toBeLessThan(80);
  expect(await faultsOf(server)).toMatchObject([{ faultId, hits: throttled }]);
  await server.operator("DELETE", `/faults/${faultId}`);
  await Promise.all(Array.from({ length: 20 }, () => client.send(batch([seats(3)]))));
});

test("two callers at once: a fault for one account, or for one product, leaves the other alone", async () => {
  const other = market.product({ dimensions: { seats: null }, seller: "another" });
  market.customer(other, { accountId: "444455556666", customerIdentifier: BUYER });
  const key = market.credentials(other);
  const [mine, others] = [clientOf(DEMO, { maxAttempts: 1 }), clientOf(key, { maxAttempts: 1 })];
  const both = async (): Promise<string[]> =>
    Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const sent = [mine.send(batch([seats(3, i % 5)])), others.send(batch([seats(3, i % 5)], other.productCode))];
        const [a, b] = await Promise.allSettled(sent);
        return `${a?.status} ${b?.status}`;
      }),
    );
  for (const match of [{ accountId: DEMO.seller }, { productCode: DEMO.productCode }]) {
    await market.faults.throttle("BatchMeterUsage", { probability: 1, match });
    expect(await both(), JSON.stringify(match)).toEqual(Array(10).fill("rejected fulfilled"));
    await market.faults.clear();
  }
  expect(await both()).toEqual(Array(10).fill("fulfilled fulfilled"));
});

test("a request that names its product by a licence is for that product", async () => {
  await market.faults.throttle("BatchMeterUsage", { probability: 1, match: { productCode: TRACES } });
  const client = clientOf(DEMO, { maxAttempts: 1 });
  const spans = {
    Timestamp: new Date(NOW),
    CustomerAWSAccountId: "222233334444",
    LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000003",
    Dimension: "spans",
    Quantity: 1,
  };
  const byLicence = new BatchMeterUsageCommand({ UsageRecords: [spans] });
  expect((await refusalOf(client.send(byLicence))).name).toBe("ThrottlingException");
  expect((await client.send(batch([seats(3)]))).Results).toMatchObject([{ Status: "Success" }]);
});

test("other operations have faults of their own", async () => {
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  await market.faults.internalError("ResolveCustomer");
  const client = clientOf(DEMO, { maxAttempts: 1 });
  expect((await client.send(batch([seats(3)]))).Results).toHaveLength(1);
  const resolve = new ResolveCustomerCommand({ RegistrationToken });
  expect((await refusalOf(client.send(resolve))).name).toBe("InternalServiceErrorException");
  expect((await client.send(resolve)).CustomerIdentifier).toBe(DEMO.customers[0]);
});

test("a request that is refused before it reaches the operation uses up no fault", async () => {
  const { faultId } = await market.faults.throttle("BatchMeterUsage");
  const wrongSecret = clientOf({ ...DEMO, secretAccessKey: "wrong" }, { maxAttempts: 1 });
  const readOnly = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };
  const refusals = [
    await refusalOf(wrongSecret.send(batch([seats(3)]))),
    await refusalOf(clientOf(readOnly, { maxAttempts: 1 }).send(batch([seats(3)]))),
    await refusalOf(clientOf(DEMO, { maxAttempts: 1 }).send(batch([], "not allowed!"))),
  ];
  expect(refusals.map(({ name }) => name)).toEqual([
    "InvalidSignatureException",
    "AccessDeniedException",
    "ValidationException",
  ]);
  expect(await faultsOf(server)).toMatchObject([{ faultId, hits: 0, remaining: 1 }]);
});

test("hits are counted in the metrics", async () => {
  const before = await hitsCounted();
  await market.faults.throttle("BatchMeterUsage");
  await clientOf().send(batch([seats(3)]));
  expect((await hitsCounted()) - before).toBe(1);
});

async function hitsCounted(): Promise<number> {
  const text = await (await fetch(`${server.endpoint}/metrics`)).text();
  const [, hits = "0"] =
    /^countinghouse_fault_hits_total\{operation="BatchMeterUsage",kind="throttle"\} (\d+)$/m.exec(text) ?? [];
  return Number(hits);
}

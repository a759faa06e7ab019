/** Rule F1: faults on demand, as the official SDK meets them. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
  type BatchMeterUsageCommandOutput,
  type MarketplaceMeteringServiceException,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from "vitest";
import { explanationOf, faultsOf, inject } from "../support/faults.ts";
import { add, meteringRecords, registrationToken } from "../support/operator-api.ts";
import { DEMO, startServer, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "a manual clock and a data folder" });

const OTHER_SELLER = "999900001111";
const OTHER_PRODUCT = "9abcdefghijklmnopqrstuvwx";
const TRACES = "1abcdefghijklmnopqrstuvwx";
const NOW = "2026-07-20T12:00:00Z";
const BATCH = { operation: "BatchMeterUsage" };

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", `manual:${NOW}`]);
});
afterAll(() => server.kill());
beforeEach(async () => {
  expect((await server.operator("POST", "/reset")).status).toBe(204);
});

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
  CustomerIdentifier: DEMO.customers[0],
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
  await inject(server, { ...BATCH, kind: "drop-answer" });
  const answer = await clientOf().send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBe(2);
  const [id] = idsOf(answer);
  expect(await meteringRecords(server)).toMatchObject([{ meteringRecordId: id, quantity: 3 }]);
  const explanation = await explanationOf(server, id);
  expect(explanation).toMatchObject({ faults: [{ kind: "drop-answer" }], records: [{ outcome: "accepted" }] });
  expect(explanation["requestId"], "made by the attempt that got no answer").not.toBe(answer.$metadata.requestId);
});

test("drop-answer without a retry: the caller gets a broken connection and no answer", async () => {
  await inject(server, { ...BATCH, kind: "drop-answer" });
  const error = await refusalOf(clientOf(DEMO, { maxAttempts: 1 }).send(batch([seats(3)])));
  expect(error.$response).toBeUndefined();
  expect(error.$metadata?.httpStatusCode).toBeUndefined();
  expect(await meteringRecords(server)).toHaveLength(1);
});

test("unprocessed: all records come back bare and in their order; sent again, they are kept", async () => {
  await inject(server, { ...BATCH, kind: "unprocessed" });
  const records = [seats(1), seats(2, 1), seats(3, 2)];
  const { Results, UnprocessedRecords = [] } = await clientOf().send(batch(records));
  expect(Results).toEqual([]);
  expect(UnprocessedRecords).toEqual(records);
  expect(await meteringRecords(server)).toEqual([]);
  const again = await clientOf().send(batch(UnprocessedRecords));
  expect(again.Results?.map(({ Status }) => Status)).toEqual(["Success", "Success", "Success"]);
  expect(again.UnprocessedRecords).toEqual([]);
  expect(await meteringRecords(server)).toHaveLength(3);
});

test("unprocessed with a number: so many come back from the end, and the others are decided as ever", async () => {
  await inject(server, { ...BATCH, kind: "unprocessed", records: 2 });
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
  await inject(server, { ...BATCH, kind: "delay", delayMs: 60_000 });
  const impatient = clientOf(DEMO, { requestHandler: { requestTimeout: 2_000, throwOnRequestTimeout: true } });
  const answer = await impatient.send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBeGreaterThan(1);
  const [id] = idsOf(answer);
  expect(await meteringRecords(server)).toMatchObject([{ meteringRecordId: id }]);
  expect(await explanationOf(server, id)).toMatchObject({ faults: [{ kind: "delay", delayMs: 60_000 }] });
});

test("a delay that can be waited for changes nothing else, and goes with another fault", async () => {
  await inject(server, { ...BATCH, kind: "delay", delayMs: 30, count: 2 });
  const { faultId } = await inject(server, { ...BATCH, kind: "throttle" });
  const answer = await clientOf().send(batch([seats(3)]));
  expect(answer.$metadata.attempts).toBe(2);
  expect(await faultsOf(server)).toMatchObject([
    { hits: 2, remaining: 0 },
    { faultId, hits: 1 },
  ]);
});

test("a probability without a count hits some requests and not others, until it is taken away", async () => {
  const { faultId, remaining } = await inject(server, { ...BATCH, kind: "throttle", probability: 0.5 });
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
  await add(server, "/accounts", { id: OTHER_SELLER, users: [{ name: "metering" }] });
  await add(server, "/products", {
    productCode: OTHER_PRODUCT,
    title: "Other",
    seller: OTHER_SELLER,
    type: "saas",
    pricing: "usage",
    dimensions: [{ name: "seats" }],
  });
  await add(server, "/agreements", {
    agreementId: "agmt-other",
    productCode: OTHER_PRODUCT,
    customerAccountId: "444455556666",
    customerIdentifier: DEMO.customers[0],
    startsAt: "2020-01-01T00:00:00Z",
  });
  const key = (await server.operator("POST", `/accounts/${OTHER_SELLER}/access-keys`, {})).body as typeof DEMO;
  const [mine, others] = [clientOf(DEMO, { maxAttempts: 1 }), clientOf(key, { maxAttempts: 1 })];
  const both = async (): Promise<string[]> =>
    Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const sent = [mine.send(batch([seats(3, i % 5)])), others.send(batch([seats(3, i % 5)], OTHER_PRODUCT))];
        const [a, b] = await Promise.allSettled(sent);
        return `${a?.status} ${b?.status}`;
      }),
    );
  for (const match of [{ accountId: DEMO.seller }, { productCode: DEMO.productCode }]) {
    await inject(server, { ...BATCH, kind: "throttle", probability: 1, match });
    expect(await both(), JSON.stringify(match)).toEqual(Array(10).fill("rejected fulfilled"));
    await server.operator("DELETE", "/faults");
  }
  expect(await both()).toEqual(Array(10).fill("fulfilled fulfilled"));
});

test("a request that names its product by a licence is for that product", async () => {
  await inject(server, { ...BATCH, kind: "throttle", probability: 1, match: { productCode: TRACES } });
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
  await inject(server, { operation: "ResolveCustomer", kind: "internal-error" });
  const client = clientOf(DEMO, { maxAttempts: 1 });
  expect((await client.send(batch([seats(3)]))).Results).toHaveLength(1);
  const resolve = new ResolveCustomerCommand({ RegistrationToken });
  expect((await refusalOf(client.send(resolve))).name).toBe("InternalServiceErrorException");
  expect((await client.send(resolve)).CustomerIdentifier).toBe(DEMO.customers[0]);
});

test("a request that is refused before it reaches the operation uses up no fault", async () => {
  const { faultId } = await inject(server, { ...BATCH, kind: "throttle" });
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
  await inject(server, { ...BATCH, kind: "throttle" });
  await clientOf().send(batch([seats(3)]));
  expect((await hitsCounted()) - before).toBe(1);
});

async function hitsCounted(): Promise<number> {
  const text = await (await fetch(`${server.endpoint}/metrics`)).text();
  const [, hits = "0"] =
    /^countinghouse_fault_hits_total\{operation="BatchMeterUsage",kind="throttle"\} (\d+)$/m.exec(text) ?? [];
  return Number(hits);
}

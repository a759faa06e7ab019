/** Explanations: what was asked, what came of it, by which rule, and the figures that were compared. */
import {
  BatchMeterUsageCommand,
  ResolveCustomerCommand,
  type BatchMeterUsageCommandOutput,
  type MarketplaceMeteringClient,
} from "@aws-sdk/client-marketplace-metering";
import { ruleBook } from "@countinghouse/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { explanationOf } from "../support/faults.ts";
import { add, moveClock, registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { DEMO, officialClient } from "../support/server.ts";

const NOW = "2026-07-20T12:00:00Z";
const LICENCE = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001";

let server: DemoMarket;
let client: MarketplaceMeteringClient;
beforeAll(async () => {
  server = await demoMarket({ now: NOW });
  client = officialClient(server.endpoint);
  await add(server, "/agreements", {
    agreementId: "agmt-ended",
    productCode: DEMO.productCode,
    customerAccountId: "777788889999",
    customerIdentifier: "leftLastYear",
    startsAt: "2024-01-01T00:00:00Z",
    endsAt: "2025-01-01T00:00:00Z",
  });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

type UsageRecord = NonNullable<ConstructorParameters<typeof BatchMeterUsageCommand>[0]["UsageRecords"]>[number];

const usage = (over: Partial<UsageRecord>): UsageRecord => ({
  Timestamp: new Date(NOW),
  CustomerIdentifier: DEMO.customers[0],
  Dimension: "seats",
  Quantity: 3,
  ...over,
});
const meter = (...UsageRecords: UsageRecord[]): Promise<BatchMeterUsageCommandOutput> =>
  client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
const rule = (id: keyof typeof ruleBook): object => ({ id, ...ruleBook[id] });

/** A hint that holds these words, in this order. */
const hint = (...words: string[]): string => expect.stringMatching(words.join(".*")) as string;

/** The id of a call that is refused. */
async function refusedId(call: Promise<unknown>): Promise<string> {
  const error = (await call.then(
    () => expect.unreachable("it was answered"),
    (reason: unknown) => reason,
  )) as { $metadata: { requestId: string } };
  return error.$metadata.requestId;
}

test("accepted usage: who, when, where, and the metering record that was made", async () => {
  const { Results = [], $metadata } = await meter(usage({ Dimension: "queries" }));
  const id = Results[0]?.MeteringRecordId ?? "";
  const { userAgent, ...explanation } = await explanationOf(server, $metadata.requestId);
  expect(userAgent).toMatch(/^aws-sdk-js/);
  expect(explanation).toEqual({
    requestId: $metadata.requestId,
    operation: "BatchMeterUsage",
    principal: `arn:aws:iam::${DEMO.seller}:user/metering`,
    accountId: DEMO.seller,
    accessKeyId: DEMO.accessKeyId,
    region: "us-east-1",
    sourceAddress: "127.0.0.1",
    at: "2026-07-20T12:00:00.000Z",
    event: "usage-metered",
    summary: "1 usage record: 1 accepted.",
    records: [
      {
        record: 1,
        outcome: "accepted",
        status: "Success",
        meteringRecordId: id,
        sent: {
          timestamp: "2026-07-20T12:00:00.000Z",
          customerIdentifier: DEMO.customers[0],
          dimension: "queries",
          quantity: 3,
        },
        rule: rule("K1"),
        compared: {},
      },
    ],
    details: { productCode: DEMO.productCode },
  });
  // The id of the record leads to the same, however it is written.
  for (const written of [id, id.toUpperCase()]) {
    expect(await explanationOf(server, written)).toEqual({ meteringRecordId: id, userAgent, ...explanation });
  }
});

test("a replay, a duplicate: what is kept, what was sent, and that neither is added up", async () => {
  const first = await meter(usage({ Timestamp: new Date("2026-07-20T10:00:00Z") }));
  const id = first.Results?.[0]?.MeteringRecordId;
  await moveClock(server, { now: "2026-07-20T12:01:00Z" });
  const later = new Date("2026-07-20T10:20:00Z");
  const buckets = [{ AllocatedUsageQuantity: 3, Tags: [{ Key: "team", Value: "a" }] }];
  const again = await meter(
    usage({ Timestamp: new Date("2026-07-20T10:00:00Z") }),
    usage({ Timestamp: later }),
    usage({ Timestamp: later, Quantity: 4 }),
    usage({ Timestamp: later, UsageAllocations: buckets }),
  );
  const kept = {
    meteringRecordId: id,
    requestId: first.$metadata.requestId,
    recordedAt: "2026-07-20T12:00:00.000Z",
    timestamp: "2026-07-20T10:00:00.000Z",
    customerIdentifier: DEMO.customers[0],
    dimension: "seats",
    quantity: 3,
  };
  const explanation = await explanationOf(server, again.$metadata.requestId);
  expect(explanation["summary"]).toBe("4 usage records: 2 replays, 2 duplicates.");
  expect(explanation["records"]).toMatchObject([
    {
      outcome: "replay",
      status: "Success",
      meteringRecordId: id,
      kept,
      rule: rule("K2"),
      hint: hint("counted once", "billed too little"),
    },
    {
      outcome: "replay",
      sent: { timestamp: "2026-07-20T10:20:00.000Z" },
      compared: { timestamp: "2026-07-20T10:20:00.000Z", keptTimestamp: "2026-07-20T10:00:00.000Z" },
      hint: hint("another time within the hour", "not added up"),
    },
    {
      outcome: "duplicate",
      status: "DuplicateRecord",
      sent: { quantity: 4 },
      kept,
      rule: rule("K3"),
      compared: { quantity: 4, keptQuantity: 3 },
      hint: hint("nothing of this one is billed", "not added up"),
    },
    {
      outcome: "duplicate",
      sent: { usageAllocations: [{ allocatedUsageQuantity: 3, tags: [{ key: "team", value: "a" }] }] },
      compared: { quantity: 3, keptQuantity: 3 },
      hint: hint("allocations differ"),
    },
  ]);
  await moveClock(server, { now: "2026-07-20T12:02:00Z" });
});

test("a replay of a record of the same request is explained by that record", async () => {
  const { Results = [], $metadata } = await meter(
    usage({ Dimension: "gb_ingested" }),
    usage({ Dimension: "gb_ingested" }),
  );
  const id = Results[0]?.MeteringRecordId ?? "";
  expect(await explanationOf(server, $metadata.requestId)).toMatchObject({
    records: [
      { outcome: "accepted" },
      { outcome: "replay", kept: { meteringRecordId: id, requestId: $metadata.requestId } },
    ],
  });
  const second = `${id.slice(0, -2)}01`;
  expectProblem(await callOperator(server, "GET", `/requests/${second}/explanation`), 404, /is kept/);
});

test("a customer who is not subscribed: his agreements, and the times they were held against", async () => {
  const gone = await meter(usage({ CustomerIdentifier: "leftLastYear" }));
  expect((await explanationOf(server, gone.$metadata.requestId))["records"]).toMatchObject([
    {
      outcome: "not-subscribed",
      status: "CustomerNotSubscribed",
      rule: rule("G3"),
      compared: { calledAt: "2026-07-20T12:02:00.000Z", usedAt: "2026-07-20T12:00:00.000Z" },
      agreements: [
        { agreementId: "agmt-ended", startsAt: "2024-01-01T00:00:00.000Z", endsAt: "2025-01-01T00:00:00.000Z" },
      ],
      hint: expect.stringContaining("as they are now") as string,
    },
  ]);
  await server.operator("POST", "/agreements/agmt-demo1/suspend");
  const record = usage({ CustomerAWSAccountId: "444455556666", LicenseArn: LICENCE });
  delete record.CustomerIdentifier;
  const licensed = await client.send(new BatchMeterUsageCommand({ UsageRecords: [record] }));
  expect((await explanationOf(server, licensed.$metadata.requestId))["records"]).toMatchObject([
    {
      outcome: "not-subscribed",
      rule: rule("G4"),
      sent: { licenseArn: LICENCE },
      agreements: [{ agreementId: "agmt-demo1", status: "suspended" }],
    },
  ]);
  await server.operator("POST", "/agreements/agmt-demo1/resume");
});

test("Rule W1: a refusal with its rule, as the rule book has it, and the figures", async () => {
  const id = await refusedId(meter(usage({ Timestamp: new Date("2026-07-20T05:00:00Z") })));
  const explanation = await explanationOf(server, id);
  expect(explanation).toMatchObject({
    event: "call-refused",
    summary: "Refused by Rule W1: TimestampOutOfBoundsException.",
    refusal: {
      code: "TimestampOutOfBoundsException",
      message: expect.stringMatching(/./) as string,
      rule: rule("W1"),
      compared: { record: 1, ageSeconds: 25_320, ageSecondsLimit: 21_600, ruleSet: "classic" },
    },
  });
  expect(explanation).not.toHaveProperty("records");
});

test("Rules T2 and N3: other refusals of the wire", async () => {
  const badToken = await refusedId(client.send(new ResolveCustomerCommand({ RegistrationToken: "c2VjcmV0" })));
  expect(await explanationOf(server, badToken)).toMatchObject({ refusal: { rule: { id: "T2" } } });
  const readOnly = officialClient(server.endpoint, {
    accessKeyId: "AKIACOUNTINGHOUSE002",
    secretAccessKey: "example-secret-2",
  });
  const denied = await refusedId(readOnly.send(new BatchMeterUsageCommand({ UsageRecords: [] })));
  readOnly.destroy();
  expect(await explanationOf(server, denied)).toMatchObject({
    refusal: { rule: { id: "N3" }, compared: { action: "aws-marketplace:BatchMeterUsage" } },
  });
});

test("an empty batch has no records to explain", async () => {
  const { $metadata } = await client.send(new BatchMeterUsageCommand({ UsageRecords: [] }));
  expect(await explanationOf(server, $metadata.requestId)).toMatchObject({ summary: "No usage records.", records: [] });
});

test("other calls: a customer resolved, and what the operator did", async () => {
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
  const explanation = await explanationOf(server, resolved.$metadata.requestId);
  expect(explanation).toMatchObject({ summary: "Customer resolved.", details: { agreementId: "agmt-demo1" } });
  expect(JSON.stringify(explanation)).not.toContain(RegistrationToken);

  const explained = async (method: string, path: string, body: object): Promise<object> => {
    const { headers } = await callOperator(server, method, path, { body });
    return explanationOf(server, headers.get("x-request-id") ?? "");
  };
  expect(await explained("POST", "/registration-tokens", { agreementId: "agmt-demo1" })).toMatchObject({
    operation: "IssueRegistrationToken",
    principal: "operator",
    details: { agreementId: "agmt-demo1", expiresAt: "2026-07-20T16:02:00.000Z" },
  });
  expect(await explained("PUT", "/clock", { now: "2026-07-20T12:03:00Z" })).toMatchObject({
    summary: "Clock moved.",
    details: { from: "2026-07-20T12:02:00.000Z", to: "2026-07-20T12:03:00.000Z" },
  });
  expect(await explained("POST", "/accounts", { id: "999900001111" })).toMatchObject({
    summary: "Catalogue changed.",
    details: { changes: [{ kind: "account", id: "999900001111", action: "put" }] },
  });
  const refused = await explained("POST", "/accounts", { id: "999900001111" });
  expect(refused).toMatchObject({ summary: "Refused: conflict.", refusal: { code: "conflict" } });
  expect(refused).not.toHaveProperty("refusal.rule");
});

test("a request that authentication refused: who it said it was, and why it was not believed", async () => {
  const stranger = officialClient(server.endpoint, { ...DEMO, secretAccessKey: "wrong" });
  const id = await refusedId(stranger.send(new BatchMeterUsageCommand({ UsageRecords: [] })));
  stranger.destroy();
  expect(await explanationOf(server, id)).toMatchObject({
    principal: "unknown",
    accessKeyId: DEMO.accessKeyId,
    refusal: { code: "InvalidSignatureException", rule: { id: "N1" } },
  });
});

test("an id that is not kept: refused before authentication, made up, or none at all", async () => {
  const unread = await fetch(server.endpoint, { method: "POST", body: "{" });
  const { $metadata } = await client.send(new BatchMeterUsageCommand({ UsageRecords: [] }));
  for (const id of [
    unread.headers.get("x-amzn-requestid"),
    `${$metadata.requestId}00`,
    "nothing",
    "01a2074f-d819-74d3-8bb6-23fd1b7234ff",
    "%00",
  ]) {
    const answer = await callOperator(server, "GET", `/requests/${id}/explanation`);
    expectProblem(answer, 404, /is kept\. Requests that were refused before authentication, .* are not kept/);
  }
});

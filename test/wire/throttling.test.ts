/** Rule Q1: more requests than the server holds. Those that it has no room for change nothing, and SDKs send them again. */
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it sets --queued-requests-max" });

const HOUR_MS = 3_600_000;
const folder = temporaryFolder();
let server: RunningServer;

beforeAll(async () => {
  server = await startServer(["--store", `sqlite:${folder.path}/data`, "--queued-requests-max", "1"]);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** A record for each customer and dimension, of each of these hours ago. */
function recordsOf(
  hoursAgo: readonly number[],
  Quantity: number,
): { Timestamp: number; CustomerIdentifier: string; Dimension: string; Quantity: number }[] {
  return DEMO.customers.flatMap((CustomerIdentifier) =>
    DEMO.dimensions.flatMap((Dimension) =>
      hoursAgo.map((hours) => {
        const Timestamp = (Date.now() - hours * HOUR_MS) / 1000;
        return { Timestamp, CustomerIdentifier, Dimension, Quantity };
      }),
    ),
  );
}

test("Rule Q1: a request too many gets ThrottlingException, and nothing of it is kept", async () => {
  const { endpoint } = server;
  const requests = recordsOf([0, 1], 1).map((record) =>
    signed(wireRequest(endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords: [record] })),
  );
  const answers = await Promise.all(requests.map((request) => send(endpoint, request)));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.map(jsonOf)).toEqual(refused.map(() => ({ __type: "ThrottlingException", message: "Rate exceeded" })));
  const kept = await meteringRecords(server);
  expect(kept).toHaveLength(answers.length - refused.length);
  const taken = answers
    .map(({ text }) => /"MeteringRecordId":"([^"]+)"/.exec(text)?.[1] ?? "")
    .filter((id) => id !== "");
  expect(kept.map(({ meteringRecordId }) => meteringRecordId).toSorted()).toEqual(taken.toSorted());
});

test("B1, Rule Q1: what SDKs send again until it is taken in is kept once, and nothing is lost", async () => {
  const { endpoint } = server;
  const client = new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials: DEMO, maxAttempts: 20 });
  const records = recordsOf([2, 3, 4, 5], 2).map((record) => ({
    ...record,
    Timestamp: new Date(record.Timestamp * 1000),
  }));
  const answers = await Promise.all(
    records.map((record) =>
      client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] })),
    ),
  );
  const attempts = answers.map(({ $metadata }) => $metadata.attempts ?? 0);
  expect(Math.max(...attempts), "some were throttled").toBeGreaterThan(1);
  expect(answers.map(({ Results }) => Results?.[0]?.Status)).toEqual(Array(records.length).fill("Success"));
  const kept = (await meteringRecords(server)).filter(({ quantity }) => quantity > 1);
  const ids = answers.map(({ Results }) => Results?.[0]?.MeteringRecordId);
  expect(kept.map((record) => record.meteringRecordId)).toEqual(expect.arrayContaining(ids));
  expect(kept).toHaveLength(new Set(ids).size);
  expect(kept).toHaveLength(records.length);
  process.stdout.write(`throttling: ${records.length} requests in ${attempts.reduce((a, b) => a + b)} attempts\n`);
});

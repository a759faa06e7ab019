/** Rule Q1: more requests than the server holds. Those that it has no room for change nothing, and SDKs send them again. */
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { bytesOf, exchange, signed, wireRequest, withHeaders } from "../support/raw-client.ts";
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

test("Rule Q1: a request too many gets ThrottlingException, and nothing of it is kept", async () => {
  const packed = DEMO.dimensions.map((Dimension, i) => {
    const record = { Timestamp: Date.now() / 1000, CustomerIdentifier: "demoCustomer1", Dimension, Quantity: 1 };
    const input = { ProductCode: DEMO.productCode, UsageRecords: [record] };
    const request = signed(wireRequest(server.endpoint, "BatchMeterUsage", input));
    return bytesOf(withHeaders(request, { connection: i === 2 ? "close" : "keep-alive" }));
  });
  const text = await exchange(server.endpoint, Buffer.concat(packed));
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400", "HTTP/1.1 400"]);
  expect(text.split('{"__type":"ThrottlingException","message":"Rate exceeded"}')).toHaveLength(3);
  expect(await meteringRecords(server)).toMatchObject([{ dimension: DEMO.dimensions[0] }]);
});

test("B1, Rule Q1: what SDKs send again until it is taken in is kept once, and nothing is lost", async () => {
  const { endpoint } = server;
  const client = new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials: DEMO, maxAttempts: 20 });
  const records = DEMO.customers.flatMap((CustomerIdentifier) =>
    DEMO.dimensions.flatMap((Dimension) =>
      [2, 3, 4, 5].map((hours) => {
        const Timestamp = new Date(Date.now() - hours * HOUR_MS);
        return { Timestamp, CustomerIdentifier, Dimension, Quantity: hours };
      }),
    ),
  );
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

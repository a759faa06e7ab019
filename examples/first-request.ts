/**
 * The smallest program that meters: it sends one usage record to a running server, with the official AWS SDK.
 *
 *   npm start (in one terminal)
 *   npm run first-request (in another)
 *
 * Only the endpoint and the demo catalogue's names are special to Countinghouse.
 */
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";

const client = new MarketplaceMeteringClient({
  endpoint: process.env["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] ?? "http://127.0.0.1:7420",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
});

const answer = await client.send(
  new BatchMeterUsageCommand({
    ProductCode: "0abcdefghijklmnopqrstuvwx",
    UsageRecords: [
      { Timestamp: new Date(), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 3 },
    ],
  }),
);

for (const result of answer.Results ?? []) {
  const { Dimension, Quantity } = result.UsageRecord ?? {};
  console.log(`${Dimension} ${Quantity}: ${result.Status}, metering record ${result.MeteringRecordId}`);
}

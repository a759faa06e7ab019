/** A seller's program that meters the hour that is over, as `countinghouse rehearse --meter` runs it. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  type UsageRecord,
} from "@aws-sdk/client-marketplace-metering";

const HOUR_MS = 3_600_000;
const variable = (name: string): string => process.env[name] ?? "";
const nowMs = Date.parse(variable("COUNTINGHOUSE_NOW"));
const isCareless = variable("CARELESS") === "yes";
const hour = Math.floor(nowMs / HOUR_MS) - 1;

const client = new MarketplaceMeteringClient({
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
  ...(isCareless ? { maxAttempts: 1 } : {}),
});

async function send(UsageRecords: UsageRecord[]): Promise<void> {
  const command = new BatchMeterUsageCommand({ ProductCode: variable("COUNTINGHOUSE_PRODUCT_CODE"), UsageRecords });
  const { UnprocessedRecords: rest = [] } = await client.send(command);
  if (rest.length > 0 && !isCareless) await send(rest);
}

await send([
  {
    Timestamp: new Date(hour * HOUR_MS),
    CustomerIdentifier: variable("COUNTINGHOUSE_CUSTOMER_IDENTIFIER"),
    Dimension: "gb_ingested",
    Quantity: hour % 3,
  },
]);

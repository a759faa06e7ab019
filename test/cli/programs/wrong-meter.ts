/** Sellers' programs that meter the hour that is over, and are wrong in one respect each, which `HABIT` names. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  type UsageRecord,
} from "@aws-sdk/client-marketplace-metering";

const HOUR_MS = 3_600_000;
const variable = (name: string): string => process.env[name] ?? "";
const habit = variable("HABIT");
const nowMs = Date.parse(variable("COUNTINGHOUSE_NOW"));
const hour = Math.floor(nowMs / HOUR_MS) - (habit === "late" ? 2 : 1);

const client = new MarketplaceMeteringClient({
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
  // Each of them wants to know by itself what becomes of a call.
  maxAttempts: 1,
});

const recordOf = (Dimension: string): UsageRecord => ({
  Timestamp: new Date(hour * HOUR_MS),
  CustomerIdentifier: variable("COUNTINGHOUSE_CUSTOMER_IDENTIFIER"),
  Dimension,
  Quantity: 1 + (hour % 3),
});

async function send(UsageRecords: UsageRecord[], by = client): Promise<boolean> {
  const command = new BatchMeterUsageCommand({ ProductCode: variable("COUNTINGHOUSE_PRODUCT_CODE"), UsageRecords });
  return by.send(command).then(
    ({ UnprocessedRecords: rest = [] }) => rest.length === 0,
    () => false,
  );
}

const dimensions = ["gb_ingested", "queries"];
if (habit === "a call for each dimension, and none again") {
  for (const dimension of dimensions) await send([recordOf(dimension)]);
} else if (habit === "takes a lost answer for a success" || habit === "late") {
  await send(dimensions.map(recordOf));
} else if (habit === "tries again in another region") {
  const elsewhere = new MarketplaceMeteringClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
    maxAttempts: 1,
  });
  const records = dimensions.map(recordOf);
  if (!(await send(records))) await send(records, elsewhere);
}

/**
 * A complete example of `@countinghouse/client`: a day of usage is metered, and every result is read.
 *
 *   npm start (in one terminal)
 *   npm run example:client (in another)
 *
 * Against AWS, leave out `endpoint` and `credentials`.
 */
import { MarketplaceMeteringClient, type MeterableRecord } from "@countinghouse/client";

const HOUR_MS = 3_600_000;

await using client = new MarketplaceMeteringClient({
  endpoint: process.env["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] ?? "http://127.0.0.1:7420",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
});

/** Usage of the last five hours: two customers, three dimensions. One record is invalid, and one comes too late. */
function* usage(): Generator<MeterableRecord> {
  const now = Date.now();
  for (const customerIdentifier of ["demoCustomer1", "demoCustomer2"]) {
    for (const dimension of ["gb_ingested", "queries", "seats"]) {
      for (const hoursAgo of [1, 2, 3, 4, 5]) {
        yield { timestamp: now - hoursAgo * HOUR_MS, customerIdentifier, dimension, quantity: hoursAgo };
      }
    }
  }
  yield { timestamp: now, customerIdentifier: "demoCustomer1", dimension: "no_such_dimension", quantity: 1 };
  yield { timestamp: now - 48 * HOUR_MS, customerIdentifier: "demoCustomer1", dimension: "seats", quantity: 1 };
}

const counts = new Map<string, number>();
for await (const result of client.meterAll(usage(), { productCode: "0abcdefghijklmnopqrstuvwx" })) {
  counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
  if (result.status === "refused")
    console.log(`refused: record ${result.index + 1}, ${result.errorName}: ${result.message}`);
  if (result.status === "expired")
    console.log(`expired: record ${result.index + 1}, ${result.ageSeconds} s old, which is too late`);
}
console.log(Object.fromEntries(counts));

/**
 * A reading, from the seller's program to the ledger. Run `npm start` in one terminal, and `npm run example:outbox` in another.
 */
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { openOutbox } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";

const HOUR_MS = 3_600_000;
const productCode = "0abcdefghijklmnopqrstuvwx";

await using client = new MarketplaceMeteringClient({
  region: "us-east-1",
  endpoint: process.env["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] ?? "http://127.0.0.1:7420",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
});
await using outbox = await openOutbox({
  name: "acme-dev",
  store: sqliteStore(process.argv[2] ?? "./usage.outbox"),
  client,
  meters: { bytes: { productCode, dimension: "gb_ingested", per: "1000000000" } },
  // `npm start` serves by the windows of 6 hours. In production leave both out.
  ruleSet: "classic",
  holdOpenSeconds: 300,
});

// Once, when a customer has signed up: whose usage the program's own tenant is.
await outbox.bind({
  tenant: "t-42",
  productCode,
  customerIdentifier: "demoCustomer1",
  from: Date.now() - 24 * HOUR_MS,
});

// Wherever something is used. An hour closes when it has been over for a while, so this one is of two hours ago.
const at = new Date(Date.now() - 2 * HOUR_MS);
const readingId = `request-${at.getTime()}`;
const [answer] = await outbox.record({ readingId, tenant: "t-42", meter: "bytes", quantity: 1_730_000_000, at });
console.log(`The reading is ${answer?.answer}.`);

// From a timer, cron or Lambda; or `await using worker = outbox.start()` in a program that goes on.
const { settled, stoppedBy } = await outbox.deliverDue();
console.log(
  stoppedBy === undefined ? `Entries: ${JSON.stringify(settled)}` : `Nothing could be sent: ${stoppedBy.message}`,
);

const { entries } = await outbox.explain({ tenant: "t-42", meter: "bytes", hour: at });
for (const { entry } of entries) console.log(`${entry.units} GB are ${entry.state}: ${entry.meteringRecordId}`);

/**
 * A SaaS seller's day, from a buyer's registration to a crash: with the official AWS SDK, against a server of its own.
 *
 *   npm run example
 *
 * 1. A buyer arrives with a registration token; the seller resolves it to a customer.
 * 2. The seller meters 25 usage records: several customers and dimensions, one with allocations.
 * 3. The answer is lost, say: the batch is sent again, and then a part of it. Same ids: counted once.
 * 4. A record is sent with another quantity: DuplicateRecord, and the first one stands.
 * 5. The server is killed with kill -9, and started again: the same records, under the same ids.
 * 6. The server is asked for advice, and has none.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
  type UsageAllocation,
  type UsageRecord,
  type UsageRecordResult,
} from "@aws-sdk/client-marketplace-metering";
import { startServer } from "./server.ts";

const PRODUCT = "0abcdefghijklmnopqrstuvwx";
const folder = mkdtempSync(join(tmpdir(), "countinghouse-example-"));

let server = await startServer(folder);
let client = clientFor(server.endpoint);

console.log("1. A buyer registers.");
const token = await server.operator("POST", "/registration-tokens", { agreementId: "agmt-demo1" });
const RegistrationToken = String(token["registrationToken"]);
const customer = await client.send(new ResolveCustomerCommand({ RegistrationToken }));
console.log(
  `   token ${RegistrationToken.slice(0, 12)}… is ${customer.CustomerIdentifier} of ${customer.CustomerAWSAccountId}`,
);

console.log("2. 25 usage records.");
const batch = usageRecords(String(customer.CustomerIdentifier));
const first = await meter(batch);
const ids = first.map((result) => result.MeteringRecordId);
console.log(`   ${count(first, "Success")} kept, the first one as ${ids[0]}`);

console.log("3. The same batch again, and then five records of it.");
const again = await meter(batch);
const some = await meter(batch.slice(10, 15));
check(again.every((result, i) => result.Status === "Success" && result.MeteringRecordId === ids[i]));
check(some.every((result, i) => result.Status === "Success" && result.MeteringRecordId === ids[10 + i]));
console.log("   same ids: nothing was counted twice");

console.log("4. One record with another quantity.");
const [changed] = await meter([{ ...(batch[0] as UsageRecord), UsageAllocations: undefined, Quantity: 999 }]);
check(changed?.Status === "DuplicateRecord" && changed.MeteringRecordId === ids[0]);
console.log(`   ${changed?.Status}: ${changed?.MeteringRecordId} stands`);

console.log("5. kill -9, and a new start.");
server.process.kill("SIGKILL");
server = await startServer(folder);
client = clientFor(server.endpoint);
const after = await meter(batch);
check(after.every((result, i) => result.Status === "Success" && result.MeteringRecordId === ids[i]));
const kept = (await server.operator("GET", `/metering-records?productCode=${PRODUCT}`))["items"] as unknown[];
check(kept.length === batch.length);
console.log(`   ${kept.length} metering records, under the same ids`);

console.log("6. What does this seller do wrong?");
const advice = (await server.operator("GET", "/advice"))["items"] as unknown[];
check(advice.length === 0);
console.log("   nothing that shows");

const stopped = once(server.process, "exit");
server.process.kill("SIGTERM");
await stopped;
rmSync(folder, { recursive: true, force: true });
console.log("Done.");

/** Three dimensions, two customers, five hours, the first record with allocations by department; times are fixed once. */
function usageRecords(customerIdentifier: string): UsageRecord[] {
  const now = Date.now();
  return Array.from({ length: 25 }, (_, i): UsageRecord => {
    const record: UsageRecord = {
      Timestamp: new Date(now - Math.floor(i / 6) * 3_600_000),
      CustomerIdentifier: i % 2 === 0 ? customerIdentifier : "demoCustomer2",
      Dimension: ["gb_ingested", "queries", "seats"][Math.floor((i % 6) / 2)],
      Quantity: 10 + i,
    };
    if (i > 0) return record;
    return { ...record, UsageAllocations: [allocation("research", 7), allocation("sales", 3)] };
  });
}

function allocation(department: string, AllocatedUsageQuantity: number): UsageAllocation {
  return { AllocatedUsageQuantity, Tags: [{ Key: "department", Value: department }] };
}

async function meter(records: UsageRecord[]): Promise<UsageRecordResult[]> {
  const answer = await client.send(new BatchMeterUsageCommand({ ProductCode: PRODUCT, UsageRecords: records }));
  // Records that the service did not get to are sent again; SDKs do not do this by themselves.
  const rest = answer.UnprocessedRecords ?? [];
  return [...(answer.Results ?? []), ...(rest.length > 0 ? await meter(rest) : [])];
}

function clientFor(endpoint: string): MarketplaceMeteringClient {
  const credentials = { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" };
  return new MarketplaceMeteringClient({ endpoint, region: "us-east-1", credentials });
}

function count(results: UsageRecordResult[], status: string): number {
  return results.filter((result) => result.Status === status).length;
}

function check(holds: boolean): void {
  if (!holds) throw new Error("This should not happen.");
}

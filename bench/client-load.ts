/**
 * A process that calls BatchMeterUsage with one of the clients, as its parent says: how many calls at once, and for how long.
 * It uses the build for release, like the official client's.
 */
import type { UsageRecord } from "@countinghouse/client";

export interface ClientCommand {
  readonly concurrency: number;
  readonly seconds: number;
}

export interface ClientResult {
  readonly calls: number;
  readonly seconds: number;
  readonly cpuMs: number;
}

const [, , name, endpoint = ""] = process.argv;
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const region = "us-east-1";
const productCode = "0abcdefghijklmnopqrstuvwx";
/** About 5 KB on the wire: 25 records, each with allocations by one tag. */
const records = Array.from({ length: 25 }, (_, i) => ({ customer: `1111222233${10 + i}`, quantity: 100 + i }));
const timestamp = new Date("2026-07-01T05:00:00Z");

const call = name === "ours" ? await ours() : await official();

async function ours(): Promise<() => Promise<unknown>> {
  const { MarketplaceMeteringClient } = await import("@countinghouse/client");
  const client = new MarketplaceMeteringClient({ region, endpoint, credentials });
  const usageRecords = records.map(({ customer, quantity }): UsageRecord => ({
    timestamp,
    customerAccountId: customer,
    dimension: "gb_ingested",
    quantity,
    usageAllocations: [{ allocatedUsageQuantity: quantity, tags: [{ key: "department", value: "research" }] }],
  }));
  return () => client.batchMeterUsage({ productCode, usageRecords });
}

async function official(): Promise<() => Promise<unknown>> {
  const { BatchMeterUsageCommand, MarketplaceMeteringClient } = await import("@aws-sdk/client-marketplace-metering");
  const client = new MarketplaceMeteringClient({ region, endpoint, credentials });
  const UsageRecords = records.map(({ customer, quantity }) => ({
    Timestamp: timestamp,
    CustomerAWSAccountId: customer,
    Dimension: "gb_ingested",
    Quantity: quantity,
    UsageAllocations: [{ AllocatedUsageQuantity: quantity, Tags: [{ Key: "department", Value: "research" }] }],
  }));
  return () => client.send(new BatchMeterUsageCommand({ ProductCode: productCode, UsageRecords }));
}

async function run({ concurrency, seconds }: ClientCommand): Promise<ClientResult> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const cpuBefore = process.cpuUsage();
  let calls = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const cpu = process.cpuUsage(cpuBefore);
  return { calls, seconds: (performance.now() - startMs) / 1000, cpuMs: (cpu.user + cpu.system) / 1000 };
}

process.on("message", (command: ClientCommand) => {
  void run(command).then((result) => process.send?.(result));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

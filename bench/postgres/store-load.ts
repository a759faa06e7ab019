/** Load for the store alone: requests of 25 new records, with a number of callers for each node, about a number of products. */
import { ruleSets } from "@countinghouse/protocol";
import { requestId } from "../../packages/server/src/ledger/ids.ts";
import type { Work } from "../../packages/server/src/ledger/ledger.ts";
import { keyOf } from "../../packages/server/src/domain/metering/metering-record.ts";
import { startClock } from "../../packages/server/src/clock.ts";
import { openPostgres } from "../../packages/server/src/stores/postgres/open-postgres.ts";
import type { PostgresLedger } from "../../packages/server/src/stores/postgres/postgres-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";

export const RECORDS = 25;
const CALLERS = 16;
const LANES = 4;

export async function openNode(url: string): Promise<PostgresLedger> {
  const store = await openPostgres(url, realWorld);
  return store.open({
    ...realWorld,
    ruleSet: ruleSets.current,
    clock: startClock({ mode: "system" }, store.loaded, realWorld.wallMs),
    queuedMax: 10_000,
    groupMax: 256,
    lanes: LANES,
    schedule: (run) => void setImmediate(run),
    fraction: Math.random,
  });
}

let made = 0;

/** New records of one product and one hour, as one request meters them. */
export function newUsage(productCode: string): Work<undefined> {
  made += 1;
  const atMs = Date.now();
  const usage = Array.from({ length: RECORDS }, (_, i) => ({
    timestampMs: atMs,
    customerAccountId: String(100_000_000_000 + ((made * RECORDS + i) % 500_000)),
    dimension: `dimension-${made % 7}-${made}`,
    quantity: 1 + i,
  }));
  const keys = usage.map((record) => keyOf(record, productCode, "us-east-1"));
  const call = {
    requestId: requestId(atMs, realWorld.uuid()),
    operation: "BatchMeterUsage",
    region: "us-east-1",
    principal: "arn:aws:iam::111122223333:user/metering",
    accountId: "111122223333",
    sourceAddress: "127.0.0.1",
    userAgent: "bench",
  };
  return {
    call,
    keys,
    decide: () => ({
      event: {
        kind: "usage-metered",
        productCode,
        records: usage.map((usageRecord) => ({ usageRecord, status: "Success" })),
      },
      records: keys.map((key, position) => ({ key, position, quantity: usage[position]?.quantity ?? 0 })),
      answer: undefined,
    }),
  };
}

/** Committed requests a second. Failed ones are not counted, and their callers pause a moment. */
export async function measure(
  nodes: readonly PostgresLedger[],
  products: readonly string[],
  seconds: number,
): Promise<number> {
  let requests = 0;
  const startMs = performance.now();
  const untilMs = startMs + seconds * 1_000;
  const call = async (node: PostgresLedger, first: number): Promise<void> => {
    for (let n = first; performance.now() < untilMs; n += 1) {
      try {
        await node.transact(newUsage(products[n % products.length] as string));
        requests += 1;
      } catch {
        await realWorld.sleep(20);
      }
    }
  };
  await Promise.all(nodes.flatMap((node) => Array.from({ length: CALLERS }, (_, i) => call(node, i))));
  return requests / ((performance.now() - startMs) / 1_000);
}

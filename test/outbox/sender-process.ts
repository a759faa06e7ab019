/**
 * A sender in a process of its own, which ends, or stops, where it is told to. Prints the ids of readings once they are
 * acknowledged. Settings come as JSON: see `SenderSettings`.
 */
import { writeSync } from "node:fs";
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { openOutbox } from "@countinghouse/outbox";
import type { SenderSettings } from "../support/outbox-sender.ts";
import { storeAt } from "../support/outbox-store.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as SenderSettings;
const { endpoint, store, at, machineAheadMs, record } = settings;

let left = at?.nth ?? 0;
let jumpedMs = 0;
function reached(point: string): void {
  if (at === undefined || point !== at.point || left-- > 0) return;
  if (at.signal === "SIGSTOP") {
    jumpedMs = at.jumpMs ?? 0;
    writeSync(1, "stopped\n");
  }
  process.kill(process.pid, at.signal);
}

const client = new MarketplaceMeteringClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIACOUNTINGHOUSE001", secretAccessKey: "example-secret" },
});
const outbox = await openOutbox({
  name: "acme-test",
  store: storeAt(store),
  client,
  world: {
    machineMs: () => Date.now() + machineAheadMs,
    monotonicMs: () => performance.now() + jumpedMs,
    reached,
  },
});

if (record !== undefined) {
  const { from, count, tenants, atMs } = record;
  const writers = [0, 1, 2, 3].map(async (writer) => {
    for (let number = from + writer; number < from + count; number += 4) {
      const tenant = tenants[number % tenants.length] ?? "";
      const reading = {
        readingId: `r-${number}`,
        tenant,
        meter: "queries",
        quantity: 1,
        at: new Date(atMs + (number % 3_600) * 1000),
      };
      const [answer] = await outbox.record(reading);
      if (answer?.answer === "recorded" || answer?.answer === "known") writeSync(1, `${reading.readingId}\n`);
    }
  });
  const delivering = (async () => {
    for (let run = 0; run < 5; run += 1) await outbox.deliverDue();
  })();
  await Promise.all([...writers, delivering]);
} else await outbox.deliverDue();
await outbox.close();
await client.close();

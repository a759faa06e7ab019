import { test } from "vitest";
import { startServer } from "../support/server.ts";
import { signed, wireRequest, bytesOf, exchange } from "../support/raw-client.ts";
test("x", async () => {
  const s = await startServer(["--store", "memory:"]);
  const input = (n: number) => ({ UsageRecords: [{Timestamp: Date.now()/1000, CustomerIdentifier:"demoCustomer1", Dimension:"seats", Quantity: 2}], ProductCode: "0abcdefghijklmnopqrstuvwx", Pad: "x".repeat(n) });
  const sized = (total: number) => { let n = total - 1000; for (;;) { const b = bytesOf(signed(wireRequest(s.endpoint, "BatchMeterUsage", input(n)))); if (b.length === total) return b; n += total - b.length; } };
  for (const total of [65536, 65537, 131072]) for (let i=0;i<5;i++) {
    const one = sized(total);
    s.process.kill("SIGSTOP");
    const p = exchange(s.endpoint, one, "end");
    await new Promise(r => setTimeout(r, 200));
    s.process.kill("SIGCONT");
    console.log(total, JSON.stringify((await p).slice(0, 30)));
  }
  await s.stop();
});

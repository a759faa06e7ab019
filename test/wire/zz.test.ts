import { test } from "vitest";
import { startServer } from "../support/server.ts";
import { signed, wireRequest, bytesOf, exchange } from "../support/raw-client.ts";
test("x", async () => {
  const s = await startServer(["--store", "memory:"]);
  const r = wireRequest(s.endpoint, "BatchMeterUsage", { UsageRecords: [{Timestamp: Date.now()/1000, CustomerIdentifier:"demoCustomer1", Dimension:"seats", Quantity: 2}], ProductCode: "0abcdefghijklmnopqrstuvwx" });
  const one = bytesOf(signed(r));
  for (let i=0;i<5;i++) console.log((await exchange(s.endpoint, Buffer.concat(Array.from({length: 600}, () => one)), "end")).split("HTTP/1.1 200").length-1);
  const gap = Buffer.alloc(65536 - (one.length%65536));
  // exactly fills the read buffer
  const pad = (n: number) => { const b = one.toString("latin1"); return b; };
  await s.stop();
});

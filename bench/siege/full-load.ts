/** The server under its normal load: requests of 25 records, on many connections at once. */
import { Agent } from "node:http";
import { send, signed, wireRequest } from "../../test/support/raw-client.ts";
import { DEMO } from "../../test/support/server.ts";
import { memoryMiBOf } from "../machine.ts";
import type { Besieged } from "./round.ts";

const CLIENTS = 64;
const RECORDS = 25;

/** The server's highest memory, and how many requests were answered. */
export async function fullLoad(
  { endpoint, pid }: Besieged,
  seconds: number,
): Promise<{ readonly memoryMiB: number; readonly answered: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const endsAtMs = performance.now() + seconds * 1_000;
  let memoryMiB = 0;
  let answered = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      const UsageRecords = Array.from({ length: RECORDS }, () => ({
        Timestamp: Math.floor(Date.now() / 1_000) - Math.floor(Math.random() * 18_000),
        CustomerIdentifier: DEMO.customers[0],
        Dimension: "seats",
        Quantity: 1 + Math.floor(Math.random() * 1_000),
      }));
      const input = { ProductCode: DEMO.productCode, UsageRecords };
      const { status } = await send(endpoint, signed(wireRequest(endpoint, "BatchMeterUsage", input)), agent);
      if (status === 200) answered += 1;
      memoryMiB = Math.max(memoryMiB, memoryMiBOf(pid, "VmRSS") ?? 0);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return { memoryMiB, answered };
}

/**
 * The server's processor time for each kind of hostile request, beside that for a refused plain request of the same size, sent
 * to the same process.
 *
 *   npm run bench:hostile -- [--cpu-ms 300] [--only TEXT] [--json FILE]
 *
 * Method. One server, with everything in memory. Each input is sent again and again on one connection, each time after the
 * answer to the one before, until the server has used the given processor time (user and system, which the system counts in
 * steps of 10 ms). A plain request of the same size follows. The table is sorted by cost for each KiB.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startServer, type RunningServer } from "../test/support/server.ts";
import { Client } from "./hostile/client.ts";
import { hostileInputs, plainRequest } from "./hostile/inputs.ts";
import { cpuMsOf } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    "cpu-ms": { type: "string", default: "300" },
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const REQUESTS_MIN = 20;

interface Cost {
  readonly name: string;
  readonly kibibytes: number;
  readonly cpuMs: number;
  readonly plainCpuMs: number;
}

const server = await startServer(["--store", "memory:"]);
try {
  await main();
} finally {
  await server.stop();
}

async function main(): Promise<void> {
  await costOf(server, plainRequest(1_000), 1_000);
  const costs: Cost[] = [];
  for (const { name, bytes } of hostileInputs().filter((input) => input.name.includes(flags.only))) {
    const cpuMs = await costOf(server, bytes, Number(flags["cpu-ms"]));
    const plainCpuMs = await costOf(server, plainRequest(bytes.length), Number(flags["cpu-ms"]));
    costs.push({ name, kibibytes: bytes.length / 1_024, cpuMs, plainCpuMs });
  }
  costs.sort((a, b) => b.cpuMs / b.kibibytes - a.cpuMs / a.kibibytes);
  console.log("| input | KiB | CPU ms | of a plain one | times | µs/KiB |\n|---|---:|---:|---:|---:|---:|");
  for (const { name, kibibytes, cpuMs, plainCpuMs } of costs) {
    const figures = [kibibytes.toFixed(1), cpuMs.toFixed(2), plainCpuMs.toFixed(2), (cpuMs / plainCpuMs).toFixed(1)];
    console.log(`| ${name} | ${figures.join(" | ")} | ${((cpuMs / kibibytes) * 1_000).toFixed(0)} |`);
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(costs, undefined, 2)}\n`);
}

/** The processor time of one such request. */
async function costOf({ endpoint, process: child }: RunningServer, bytes: Buffer, budgetMs: number): Promise<number> {
  const pid = child.pid ?? 0;
  let client = await Client.open(endpoint);
  const startMs = cpuMsOf(pid) ?? 0;
  let requests = 0;
  let usedMs = 0;
  while (usedMs < budgetMs || requests < REQUESTS_MIN) {
    await client.exchange(bytes);
    requests += 1;
    if (client.isClosed) client = await Client.open(endpoint);
    usedMs = (cpuMsOf(pid) ?? 0) - startMs;
  }
  client.close();
  return usedMs / requests;
}

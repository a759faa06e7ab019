/**
 * Whether a second processor pays: Countinghouse with its sockets on threads of their own, beside Countinghouse as it is.
 *
 *   npm run bench:second-core -- [--rounds 5] [--seconds 3] [--threads 1] [--connections 32] [--json FILE]
 *
 * Method. Two servers on SQLite get the load of `bench/ingest.ts` in turns. One is `countinghouse serve`. The other is put
 * together here of the same parts, but for its listeners: `--threads` threads hold the sockets, read and write HTTP,
 * and hand whole requests over to the one thread that has the ledger, the clock, the quotas and everything else; answers
 * come back the same way. So nothing that has to be one is two. What is compared is throughput in the same round, and the
 * processor time of a request.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cpuMsOf, machineOf } from "./machine.ts";
import { catalogueText } from "./load/records.ts";
import { startCountinghouse } from "./servers/targets.ts";
import { startLoad } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
  },
});
const SOURCE_FLAG = "--conditions=@countinghouse/source";
const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-second-core-"));
const load = startLoad();

interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

try {
  await main();
} finally {
  load.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const workspace = fileURLToPath(new URL("..", import.meta.url));
  const servers = [await startCountinghouse("as it is", workspace, join(folder, "one")), await startThreaded()];
  const rates = servers.map((): number[] => []);
  const cpuUs = servers.map((): number[] => []);
  const rounds = Number(flags.rounds);
  const seconds = Number(flags.seconds);
  let needed = 4_000 * seconds;
  for (let round = 0; round <= rounds; round += 1) {
    await load.call({ kind: "prepare", count: needed });
    for (const [i, server] of servers.entries()) {
      const before = cpuMsOf(server.pid) ?? Number.NaN;
      const connections = Number(flags.connections);
      const run = { kind: "run", port: server.port, seconds, connections, expectSuccess: true, repeat: false } as const;
      const result = await load.call(run);
      if (result.failures > 0) throw new Error(`${server.name}: ${result.firstFailure}`);
      const rate = result.answers / result.seconds;
      needed = Math.max(needed, Math.ceil(rate * seconds * 1.25));
      if (round === 0) continue;
      rates[i]?.push(rate);
      cpuUs[i]?.push((((cpuMsOf(server.pid) ?? Number.NaN) - before) * 1000) / result.answers);
      console.log(`round ${round}  ${server.name.padEnd(18)} ${Math.round(rate)} requests/s`);
    }
  }
  for (const server of servers) await server.stop();
  const [one = [], threaded = []] = rates;
  const ratios = threaded.map((rate, i) => rate / (one[i] ?? Number.NaN));
  const machine = machineOf(folder);
  console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, commit ${machine.commit}`);
  console.log(
    `Sockets on ${flags.threads} thread(s): ${median(ratios).toFixed(2)} times the requests, median of rounds`,
  );
  console.log(`Processor time a request, µs: ${cpuUs.map((list) => Math.round(median(list))).join(" and ")}`);
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ machine, flags, rates, cpuUs })}\n`);
}

async function startThreaded(): Promise<Server> {
  const own = join(folder, "threaded");
  mkdirSync(own);
  const [catalogFile, readyFile] = [join(own, "catalogue.yaml"), join(own, "ready.json")];
  writeFileSync(catalogFile, catalogueText());
  const program = fileURLToPath(new URL("servers/threaded-server.ts", import.meta.url));
  const args = [SOURCE_FLAG, program, join(own, "ledger"), catalogFile, readyFile, flags.threads];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  for (;;) {
    await sleep(50);
    if (child.exitCode !== null) throw new Error("The server did not get ready.");
    try {
      const { port } = JSON.parse(readFileSync(readyFile, "utf8")) as { port: number };
      return { name: `${flags.threads} socket thread(s)`, pid: child.pid ?? 0, port, stop: () => stopped(child) };
    } catch {
      // Not written yet.
    }
  }
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

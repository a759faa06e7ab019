/**
 * How much containers that register themselves slow metering down, and how many of them a server can register.
 *
 *   npm run bench:containers -- [--postgres] [--rate 500] [--rounds 5] [--seconds 5] [--connections 32] [--json FILE] [--quick]
 *
 * Method. One `countinghouse serve` runs on SQLite or (`--postgres`) over a PostgreSQL that is started for it. In each round a
 * process of its own sends BatchMeterUsage requests of 25 new records, over 32 connections, as soon as each answer is there:
 * once alone, and once while another process sends RegisterUsage, each for a task that has not registered yet, at times that do
 * not depend on the server (a Poisson process of `--rate`). The order of the two alternates. The tasks were added by the
 * operator API before; all requests are signed before the clock starts. The result is the median of the rounds' own ratios.
 *
 * Each answer to RegisterUsage is signed with RSA, which takes processor time whatever the ledger does. This is part of the
 * measurement, and so is the load's second process, because all of them share the processors.
 *
 * The run ends with an error if an answer was not a 200, or if the number of registered tasks differs from the number of
 * acknowledged registrations.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LoadResult } from "./load/load.ts";
import { BUYER, HOURLY, openContainerMarket, registered, tellOfTasks } from "./load/tasks.ts";
import { cpuMsOf, machineOf } from "./machine.ts";
import { startCountinghouse, startOnPostgres, type MeteringTarget } from "./servers/targets.ts";
import { startLoad } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    postgres: { type: "boolean", default: false },
    rate: { type: "string", default: "500" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const perSecond = Number(flags.rate);
const rounds = Number(flags.rounds ?? (flags.quick ? 2 : 5));
const seconds = Number(flags.seconds ?? (flags.quick ? 2 : 5));
const connections = Number(flags.connections);
/** How many metering requests the one second of warm-up has. */
const FIRST_GUESS = 3_000;

interface Turn {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly serverCpuMs: number | undefined;
  readonly registrations: LoadResult | undefined;
}

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
const metering = startLoad();
const containers = startLoad();
let target: MeteringTarget | undefined;
try {
  await main();
} finally {
  metering.stop();
  containers.stop();
  await target?.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const machine = machineOf(folder);
  const checkout = fileURLToPath(new URL("..", import.meta.url));
  const start = flags.postgres ? startOnPostgres : startCountinghouse;
  const server = await start("countinghouse", checkout, join(folder, "server"));
  target = server;
  await openContainerMarket(server);
  let guess = FIRST_GUESS;
  let tasks = 0;
  let acknowledged = 0;
  const turn = async (beside: boolean): Promise<Turn> => {
    await metering.call({ kind: "prepare", count: Math.ceil(guess * seconds * 1.5) });
    const count = beside ? Math.ceil(perSecond * seconds * 1.3) : 0;
    if (beside) {
      const { secretsKeyFile } = server;
      await tellOfTasks(server, tasks, count);
      await containers.call({ kind: "prepare", count, tasks: { secretsKeyFile, first: tasks } });
      tasks += count;
    }
    const cpuBefore = cpuMsOf(server.pid);
    const run = { kind: "run", port: server.port, seconds, connections, repeat: false } as const;
    const [metered, registrations] = await Promise.all([
      metering.call({ ...run, expectSuccess: true }),
      beside ? containers.call({ ...run, expectSuccess: false, perSecond }) : undefined,
    ]);
    for (const result of [metered, registrations]) {
      if (result !== undefined && result.failures > 0) throw new Error(`An answer was wrong: ${result.firstFailure}`);
    }
    acknowledged += registrations?.answers ?? 0;
    guess = metered.answers / metered.seconds;
    const cpu = cpuMsOf(server.pid);
    return {
      requestsPerSecond: guess,
      p99Ms: metered.p99Ms,
      serverCpuMs: cpu === undefined || cpuBefore === undefined ? undefined : cpu - cpuBefore,
      registrations,
    };
  };
  // Servers get faster for a while after their start.
  for (let warmUp = 0; warmUp < 2; warmUp += 1) await turn(true);
  const pairs: { readonly alone: Turn; readonly beside: Turn }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = await turn(round % 2 === 1);
    const second = await turn(round % 2 === 0);
    pairs.push(round % 2 === 0 ? { alone: first, beside: second } : { alone: second, beside: first });
    console.log(`round ${round + 1}: ${textOf(pairs.at(-1) as (typeof pairs)[number])}`);
  }
  const kept = await registered(server);
  if (kept !== acknowledged) throw new Error(`${kept} tasks are registered, ${acknowledged} were acknowledged.`);
  const ratio = median(pairs.map(({ alone, beside }) => beside.requestsPerSecond / alone.requestsPerSecond));
  const rate = median(pairs.map(({ beside }) => rateOf(beside.registrations)));
  const report = {
    machine,
    settings: { store: flags.postgres ? "postgres" : "sqlite", perSecond, rounds, seconds, connections },
    meteringBesideToAlone: ratio,
    registrationsPerSecond: rate,
    registrationP50Ms: median(pairs.map(({ beside }) => beside.registrations?.p50Ms ?? 0)),
    registrationP99Ms: median(pairs.map(({ beside }) => beside.registrations?.p99Ms ?? 0)),
    tasks: { told: tasks, registered: kept },
    pairs,
  };
  console.log(
    `\n${machine.cores} processors, ${machine.cpu}; flush ${machine.flushMs.toFixed(2)} ms; commit ${machine.commit}\n` +
      `${rate.toFixed(0)} registrations a second (${HOURLY}, account ${BUYER}; p50 ${report.registrationP50Ms.toFixed(1)} ms, ` +
      `p99 ${report.registrationP99Ms.toFixed(1)} ms): metering beside them is ${ratio.toFixed(2)} of metering alone.\n` +
      `${kept} tasks registered, each once.`,
  );
  if (flags.quick) console.log("A quick run: good for a look, too short to be quoted.");
  if (flags.json !== undefined) {
    mkdirSync(dirname(resolve(flags.json)), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
}

function textOf({ alone, beside }: { readonly alone: Turn; readonly beside: Turn }): string {
  const ratio = beside.requestsPerSecond / alone.requestsPerSecond;
  return `${alone.requestsPerSecond.toFixed(0)} requests/s alone, ${beside.requestsPerSecond.toFixed(0)} beside ${rateOf(beside.registrations).toFixed(0)} registrations/s: ${ratio.toFixed(2)}`;
}

function rateOf(result: LoadResult | undefined): number {
  return result === undefined ? 0 : result.answers / result.seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

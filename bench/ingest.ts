/**
 * How fast Countinghouse takes usage in, held against the least that a JSON service on `node:http` does.
 *
 *   npm run bench -- [--rounds 7] [--seconds 5] [--connections 32] [--json FILE] [--baseline CHECKOUT] [--quick]
 *
 * Method. Three servers, each a process of its own: the floor (`floor.ts`: reads a body, parses it, writes it back);
 * `countinghouse serve` on SQLite, with signatures verified, keys checked and every record flushed to disk before its
 * answer; and moto's server, where it is installed. One load process sends them the same bytes: BatchMeterUsage
 * requests of 25 records with the headers and the signature of an official SDK, made and signed before the clock
 * starts. In every round each server has its turn, so that what else the machine does falls on all of them alike.
 *
 * How to read it. Requests a second depend on the machine, and here the load takes part of it too; what can be
 * compared between machines is the ratio to the floor: the median of the rounds' own ratios. Server CPU is what
 * `/proc` says the server's process used, so it counts threads of Node and of SQLite, and work of the kernel for them.
 * p50 and p99 are times in a closed loop: with 32 connections, a server twice as fast halves them. A round in which
 * any answer was not a success, or in which fewer records were kept than were acknowledged, ends the run.
 *
 * `--baseline` adds a second Countinghouse, from another checkout of this workspace, to the same rounds.
 */
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { LoadCommand, LoadResult } from "./load.ts";
import { cpuMsOf, machineOf, memoryMiBOf } from "./machine.ts";
import { RECORDS_PER_REQUEST, REQUESTS_MAX } from "./requests.ts";
import { machineText, tableOf, type Footprint, type Report, type Round } from "./report.ts";
import { startCountinghouse, startFloor, startMoto, type MeteringTarget, type Target } from "./targets.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
    baseline: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 5));
const connections = Number(flags.connections);
/** Before anything is measured: until the code is compiled and the caches are warm. */
const WARM_UP_SECONDS = Math.min(seconds, 4);
const FIRST_GUESS_PER_SECOND = 2_500;
/** More is prepared than was needed before; a round that runs out of requests ends early. */
const SPARE = 1.25;

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const machine = machineOf(folder);
  if (machine.memoryFileSystem) console.log(`${folder} is in memory: flushing costs nothing there. Set TMPDIR.`);
  const load = startLoad();
  const workspace = fileURLToPath(new URL("..", import.meta.url));
  const metering = [await startCountinghouse("countinghouse", workspace, join(folder, "a"))];
  if (flags.baseline !== undefined) {
    metering.push(await startCountinghouse("baseline", resolve(flags.baseline), join(folder, "b")));
  }
  const moto = await startMoto();
  if (moto === undefined) console.log("moto_server is not installed (pip install 'moto[server]'): left out.");
  const floor = await startFloor();
  const targets: Target[] = [floor, ...metering, ...(moto === undefined ? [] : [moto])];
  const atRest = new Map(targets.map(({ name, pid }) => [name, memoryMiBOf(pid, "VmRSS")]));
  const diskBefore = new Map(metering.map((target) => [target.name, target.diskBytes()]));

  const results: Round[] = [];
  let needed = FIRST_GUESS_PER_SECOND * WARM_UP_SECONDS;
  let prepared = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const count = Math.ceil(needed);
    prepared += count;
    if (prepared > REQUESTS_MAX) throw new Error(`There are keys for ${REQUESTS_MAX} requests: fewer rounds, please.`);
    await load.call({ kind: "prepare", count });
    const roundSeconds = round === 0 ? WARM_UP_SECONDS : seconds;
    for (const target of targets) {
      const meter = metering.find((candidate) => candidate === target);
      const result = await measure(load, target, meter, round, roundSeconds);
      if (round > 0) results.push(result);
      if (meter === metering[0]) needed = Math.max(needed, (result.requests / result.seconds) * seconds * SPARE);
      const rate = `${Math.round(result.requests / result.seconds)} requests/s`;
      console.log(`${round === 0 ? "warm-up" : `round ${round}`}  ${target.name.padEnd(14)} ${rate}`);
    }
  }

  const peak = new Map(targets.map(({ name, pid }) => [name, memoryMiBOf(pid, "VmHWM")]));
  const kept = new Map<string, number>();
  for (const target of metering) kept.set(target.name, await target.metric("countinghouse_metering_records_total"));
  load.stop();
  for (const target of targets) await target.stop();
  const diskBytes = new Map(metering.map((target) => [target.name, target.diskBytes()]));
  const footprints = targets.map(({ name }): Footprint => {
    const grown = (diskBytes.get(name) ?? 0) - (diskBefore.get(name) ?? 0);
    const records = kept.get(name);
    return {
      target: name,
      restMiB: atRest.get(name),
      peakMiB: peak.get(name),
      diskBytesPerRecord: records === undefined ? undefined : grown / records,
    };
  });
  const settings = { rounds, seconds, connections, recordsPerRequest: RECORDS_PER_REQUEST };
  const report: Report = { machine, settings, rounds: results, footprints };
  const names = targets.map(({ name }) => name);
  console.log(`\n${machineText(report)}\n\n${tableOf(report, names, floor.name)}`);
  if (flags.quick) console.log("\nA quick run: good for a look, too short to be quoted.");
  if (flags.json !== undefined) {
    mkdirSync(dirname(resolve(flags.json)), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
}

async function measure(
  load: Load,
  target: Target,
  meter: MeteringTarget | undefined,
  round: number,
  roundSeconds: number,
): Promise<Round> {
  const before = await meterReadings(meter);
  const cpuBefore = cpuMsOf(target.pid);
  const result = await load.call({
    kind: "run",
    port: target.port,
    seconds: roundSeconds,
    connections,
    expectSuccess: meter !== undefined,
    repeat: meter === undefined,
  });
  const cpuAfter = cpuMsOf(target.pid);
  const after = await meterReadings(meter);
  if (result.failures > 0) {
    throw new Error(`${target.name}: ${result.failures} of ${result.answers} answers failed: ${result.firstFailure}`);
  }
  const kept = after && before ? after.records - before.records : undefined;
  if (kept !== undefined && kept !== result.answers * RECORDS_PER_REQUEST) {
    throw new Error(`${target.name}: ${kept} records were kept, ${result.answers * RECORDS_PER_REQUEST} acknowledged.`);
  }
  return {
    target: target.name,
    round,
    requests: result.answers,
    seconds: result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    bytesPerRequest: result.bytesPerRequest,
    serverCpuMs: cpuAfter === undefined || cpuBefore === undefined ? undefined : cpuAfter - cpuBefore,
    loadCpuMs: result.cpuMs,
    commits: after && before ? after.commits - before.commits : undefined,
    commitSeconds: after && before ? after.commitSeconds - before.commitSeconds : undefined,
  };
}

interface MeterReadings {
  readonly records: number;
  readonly commits: number;
  readonly commitSeconds: number;
}

async function meterReadings(meter: MeteringTarget | undefined): Promise<MeterReadings | undefined> {
  if (meter === undefined) return undefined;
  return {
    records: await meter.metric("countinghouse_metering_records_total"),
    commits: await meter.metric("countinghouse_commit_seconds_count"),
    commitSeconds: await meter.metric("countinghouse_commit_seconds_sum"),
  };
}

interface Load {
  call(command: LoadCommand): Promise<LoadResult>;
  stop(): void;
}

function startLoad(): Load {
  const child = fork(new URL("load.ts", import.meta.url), { execArgv: ["--conditions=@countinghouse/source"] });
  return {
    call: (command) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null): void => reject(new Error(`The load process ended with ${code}.`));
        child.once("exit", ended);
        child.once("message", (result) => {
          child.off("exit", ended);
          resolve(result as LoadResult);
        });
        child.send(command);
      }),
    stop: () => child.disconnect(),
  };
}

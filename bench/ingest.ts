/**
 * How fast Countinghouse takes usage in, held against the least that a JSON service on `node:http` does.
 *
 *   npm run bench -- [--rounds 7] [--seconds 5] [--connections 32] [--json FILE] [--baseline CHECKOUT] [--trail] [--postgres] [--quick]
 *
 * Method. Three servers, each a process of its own: the floor (`floor.ts`: reads a body, parses it, writes it back);
 * `countinghouse serve` on SQLite, with signatures verified, keys checked and every record flushed to disk before its
 * answer; and moto's server, where it is installed. One load process sends them the same bytes: BatchMeterUsage
 * requests of 25 records with the headers and the signature of an official SDK, made and signed before the clock
 * starts. In every round each server has its turn, so that what else the machine does falls on all of them alike. The
 * embedded store alone (`store.ts`) has its turn too, with the same records in commits of the size just seen.
 *
 * How to read it. Requests a second depend on the machine, and here the load takes part of it too; what can be
 * compared between machines is the ratio to the floor: the median of the rounds' own ratios. Server CPU is what
 * `/proc` says the server's process used, so it counts threads of Node and of SQLite, and work of the kernel for them.
 * p50 and p99 are times in a closed loop: with 32 connections, a server twice as fast halves them. A round in which
 * any answer was not a success, or in which fewer records were kept than were acknowledged, ends the run.
 *
 * `--trail` adds Countinghouse without its audit trail, and a second turn of the whole one while its chain is verified
 * over and over beside the load.
 *
 * `--postgres` adds Countinghouse over a PostgreSQL that is started for it beside all the rest: node and database share the
 * processors, and its server CPU is that of both. Memory is the node's alone; disk is tables and indexes, without the log.
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
import type { StoreCommand, StoreResult } from "./store.ts";
import {
  startCountinghouse,
  startFloor,
  startMoto,
  startOnPostgres,
  startWithoutTrail,
  type MeteringTarget,
  type Target,
} from "./targets.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
    baseline: { type: "string" },
    trail: { type: "boolean", default: false },
    postgres: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const FLOOR = "floor";
const STORE = "store alone";
const VERIFYING = "verifying";
const POSTGRES = "postgres";
const WITHOUT_TRAIL = "without trail";
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7));
const seconds = Number(flags.seconds ?? (flags.quick ? 1 : 5));
const connections = Number(flags.connections);
/** Before anything is measured: until the code is compiled and the caches are warm. */
const WARM_UP_SECONDS = Math.min(seconds, 4);
const FIRST_GUESS_PER_SECOND = 2_500;
/** Groups for the store are made before its clock starts; this many are more than it gets through. */
const STORE_REQUESTS_PER_SECOND = 6_000;
/** More is prepared than was needed before; a round that runs out of requests ends early. */
const SPARE = 1.25;

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-"));
const targets: Target[] = [];
const load = startLoad();
const store = startStore(join(folder, "store"));
try {
  await main();
} finally {
  load.stop();
  store.stop();
  for (const target of targets) await target.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const machine = machineOf(folder);
  if (machine.memoryFileSystem) console.log(`${folder} is in memory: flushing costs nothing there. Set TMPDIR.`);
  const metering = await startTargets();
  const atRest = new Map(targets.map(({ name, pid }) => [name, memoryMiBOf(pid, "VmRSS")]));
  const diskBefore = new Map(metering.map((target) => [target.name, target.diskBytes()]));
  const results = await runRounds(metering);
  const peak = new Map(targets.map(({ name, pid }) => [name, memoryMiBOf(pid, "VmHWM")]));
  const kept = new Map<string, number>();
  for (const target of metering) kept.set(target.name, await target.metric("countinghouse_metering_records_total"));
  // Stopping moves what stands in the write-ahead log to its place.
  for (const target of metering) await target.stop();
  const diskAfter = new Map(metering.map((target) => [target.name, target.diskBytes()]));
  const footprints = targets.map(({ name }): Footprint => {
    const grown = (diskAfter.get(name) ?? 0) - (diskBefore.get(name) ?? 0);
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
  const names = targets.flatMap(({ name }) =>
    name === "countinghouse" ? [STORE, name, ...(flags.trail ? [VERIFYING] : [])] : [name],
  );
  console.log(`\n${machineText(report)}\n\n${tableOf(report, names, FLOOR)}`);
  if (flags.quick) console.log("\nA quick run: good for a look, too short to be quoted.");
  if (flags.json !== undefined) {
    mkdirSync(dirname(resolve(flags.json)), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
}

/** Fills `targets`, and answers those of them that keep what they are sent. */
async function startTargets(): Promise<MeteringTarget[]> {
  targets.push(await startFloor(FLOOR));
  const metering: MeteringTarget[] = [];
  const checkouts = [["countinghouse", fileURLToPath(new URL("..", import.meta.url))]];
  if (flags.baseline !== undefined) checkouts.push(["baseline", resolve(flags.baseline)]);
  for (const [name, checkout] of checkouts as [string, string][]) {
    const target = await startCountinghouse(name, checkout, join(folder, name));
    metering.push(target);
    targets.push(target);
  }
  if (flags.trail) {
    const target = await startWithoutTrail(WITHOUT_TRAIL, join(folder, "without-trail"));
    metering.push(target);
    targets.push(target);
  }
  if (flags.postgres) {
    const target = await startOnPostgres(
      POSTGRES,
      fileURLToPath(new URL("..", import.meta.url)),
      join(folder, POSTGRES),
    );
    metering.push(target);
    targets.push(target);
  }
  const moto = await startMoto("moto_server");
  if (moto === undefined) console.log("moto_server is not installed (pip install 'moto[server]'): left out.");
  else targets.push(moto);
  return metering;
}

async function runRounds(metering: readonly MeteringTarget[]): Promise<Round[]> {
  const results: Round[] = [];
  let needed = FIRST_GUESS_PER_SECOND * WARM_UP_SECONDS;
  let prepared = 0;
  for (let round = 0; round <= rounds; round += 1) {
    prepared += needed;
    if (prepared > REQUESTS_MAX) throw new Error(`There are keys for ${REQUESTS_MAX} requests: fewer rounds, please.`);
    await load.call({ kind: "prepare", count: needed });
    for (const target of targets) {
      const meter = metering.find((candidate) => candidate === target);
      const result = await measure(target, meter, round);
      if (round > 0) results.push(result);
      const perSecond = result.requests / result.seconds;
      if (meter !== undefined) needed = Math.max(needed, Math.ceil(perSecond * seconds * SPARE));
      const label = round === 0 ? "warm-up" : `round ${round}`;
      console.log(`${label}  ${target.name.padEnd(14)} ${Math.round(perSecond)} requests/s`);
      if (target.name !== "countinghouse") continue;
      if (flags.trail && meter !== undefined) {
        // What it has been sent before would be replays.
        prepared += needed;
        await load.call({ kind: "prepare", count: needed });
        const verifying = await measureVerifying(meter, round);
        if (round > 0) results.push(verifying);
        console.log(
          `${label}  ${VERIFYING.padEnd(14)} ${Math.round(verifying.requests / verifying.seconds)} requests/s`,
        );
      }
      const alone = await measureStore(round, Math.round(result.requests / (result.commits ?? result.requests)));
      if (round > 0) results.push(alone);
      console.log(`${label}  ${STORE.padEnd(14)} ${Math.round(alone.requests / alone.seconds)} requests/s`);
    }
  }
  return results;
}

async function measure(target: Target, meter: MeteringTarget | undefined, round: number): Promise<Round> {
  const before = await readMeter(meter);
  const cpuBefore = cpuMsOfAll(target);
  const result = await load.call({
    kind: "run",
    port: target.port,
    seconds: round === 0 ? WARM_UP_SECONDS : seconds,
    connections,
    expectSuccess: meter !== undefined,
    repeat: meter === undefined,
  });
  const cpuAfter = cpuMsOfAll(target);
  const after = await readMeter(meter);
  if (result.failures > 0) {
    throw new Error(`${target.name}: ${result.failures} of ${result.answers} answers failed: ${result.firstFailure}`);
  }
  const acknowledged = result.answers * RECORDS_PER_REQUEST;
  if (before && after && after.records - before.records !== acknowledged) {
    throw new Error(`${target.name}: ${after.records - before.records} records kept, ${acknowledged} acknowledged.`);
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
    commits: before && after && after.commits - before.commits,
    commitSeconds: before && after && after.commitSeconds - before.commitSeconds,
  };
}

/** A helper that began meanwhile began at nothing; one that ended is not counted. */
function cpuMsOfAll({ pid, helpers }: Target): number | undefined {
  const own = cpuMsOf(pid);
  return own === undefined ? undefined : (helpers?.() ?? []).reduce((sum, helper) => sum + (cpuMsOf(helper) ?? 0), own);
}

/** The same load, while the chain is recomputed from its first entry, again and again. */
async function measureVerifying(target: MeteringTarget, round: number): Promise<Round> {
  const going = { on: true };
  const verifying = (async (): Promise<void> => {
    while (going.on) {
      const { intact } = await target.verifyTrail();
      if (!intact) throw new Error("The trail is not intact.");
    }
  })();
  try {
    return { ...(await measure(target, target, round)), target: VERIFYING };
  } finally {
    going.on = false;
    await verifying;
  }
}

async function measureStore(round: number, requestsPerCommit: number): Promise<Round> {
  const requests = STORE_REQUESTS_PER_SECOND * (round === 0 ? 1 : seconds);
  const result = await store.call({ seconds, requests, requestsPerCommit });
  return { ...result, target: STORE, round, serverCpuMs: result.cpuMs };
}

interface MeterReadings {
  readonly records: number;
  readonly commits: number;
  readonly commitSeconds: number;
}

async function readMeter(meter: MeteringTarget | undefined): Promise<MeterReadings | undefined> {
  if (meter === undefined) return undefined;
  return {
    records: await meter.metric("countinghouse_metering_records_total"),
    commits: await meter.metric("countinghouse_commit_seconds_count"),
    commitSeconds: await meter.metric("countinghouse_commit_seconds_sum"),
  };
}

/** A process of this benchmark that does one thing at a time. */
interface Worker<Command, Result> {
  call(command: Command): Promise<Result>;
  stop(): void;
}

function startLoad(): Worker<LoadCommand, LoadResult> {
  return startWorker("load.ts", []);
}

function startStore(path: string): Worker<StoreCommand, StoreResult> {
  return startWorker("store.ts", [path]);
}

function startWorker<Command extends object, Result>(file: string, args: string[]): Worker<Command, Result> {
  const child = fork(new URL(file, import.meta.url), args, { execArgv: ["--conditions=@countinghouse/source"] });
  return {
    call: (command) =>
      new Promise((answer, reject) => {
        const ended = (code: number | null): void => reject(new Error(`The process of ${file} ended with ${code}.`));
        child.once("exit", ended);
        child.once("message", (result) => {
          child.off("exit", ended);
          answer(result as Result);
        });
        child.send(command);
      }),
    stop: () => child.disconnect(),
  };
}

/**
 * How fast Countinghouse takes usage in, compared with the least that a JSON service on `node:http` does.
 *
 *   npm run bench -- [--workload full|mixed|single] [--rounds 7] [--seconds 5] [--connections 32] [--json FILE]
 *                    [--per-second N] [--baseline CHECKOUT] [--bounds] [--trail] [--postgres] [--quick]
 *
 * Method. There are three servers, each a process of its own: the floor (`servers/floor.ts`: reads a body, parses it, writes it
 * back); `countinghouse serve` on SQLite, with signatures verified, keys checked and every record flushed to disk before its
 * answer; and moto's server, where it is installed. One load process sends them the same bytes: BatchMeterUsage requests with
 * the headers and the signature of an official SDK, made and signed before the clock starts. In every round each server has its
 * turn, so that other programs on the machine affect all of them alike. The embedded store alone (`servers/store.ts`) has its
 * turn, too, with the same records in commits of the size that the server has just made.
 *
 * Workloads (`load/workload.ts`). `full`, the default: batches of 25 records, all keys distinct. `mixed`: batches of 25, of
 * which one in ten is a replay of a request whose answer has come, and one record in a hundred is a duplicate (the key of an
 * earlier one, another quantity); drawn from a seed, so the same in every run. `single`: requests of one record, all keys
 * distinct. The floor and the store get the same.
 *
 * Each turn has two parts of equal length. At full load, each of 32 connections sends as soon as its answer is there. Then the
 * same server gets half as many requests a second, over as many connections, at times that do not depend on it (a Poisson
 * process from a seed); the time of a request counts from when it was due, whether or not a connection was free.
 *
 * `--per-second` measures a steady load in place of both parts: this many requests a second are due at the times of such a
 * process, over as many connections. At a load that a server could easily take, each commit carries one or two requests, so this
 * shows what a commit costs. The rounds that are not measured have the same load, so that memory is that of this load.
 *
 * How to read it. Requests a second depend on the machine, and here the load uses a part of it, too; only the ratio to the
 * floor can be compared between machines: the median of the rounds' own ratios. Server CPU is what `/proc` says the server's
 * process used at full load, so it includes threads of Node and of SQLite, and work of the kernel for them; storage CPU is the
 * part of the threads that write, found by their names (`ledger-…`). Percentiles at full load are of a closed loop: with 32
 * connections, a server that is twice as fast halves them. Percentiles at half load include, for all servers, how late the load
 * itself was (in the raw data: `lateP50Ms`, `lateP99Ms`).
 *
 * The run ends with an error if an answer was not a 200, or if other records were kept than were acknowledged. For one request
 * in sixteen and its replays, the body of the answer is checked: each record a success, duplicates called duplicates, replays
 * with the ids of the first answer.
 *
 * `--bounds` adds two servers that do a little more than the floor (`servers/least.ts`): one verifies signatures and sends
 * answers of the necessary length; the other also appends bodies to a file and flushes it. They are not services; they show how
 * much of the floor a service could reach.
 *
 * `--trail` adds Countinghouse without its audit trail, and a second turn of the whole one while its chain is verified again
 * and again beside the load.
 *
 * `--postgres` adds Countinghouse over a PostgreSQL that is started for it beside the other servers: node and database share
 * the processors, and its server CPU is that of both. Memory is the node's alone; disk is tables and indexes, without the log.
 *
 * Countinghouse is started as no lab, as a server that meters for money is; with `--lab` it is one, as by default on loopback,
 * and keeps the newest requests and their answers in memory.
 *
 * `--baseline` adds a second Countinghouse, from another checkout of this workspace, to the same rounds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { aimsText } from "./ingest/aims.ts";
import { COUNTINGHOUSE, FLOOR, STORE, type Footprint, type Report } from "./ingest/report.ts";
import { Rounds, VERIFYING } from "./ingest/rounds.ts";
import { runText, tableOf } from "./ingest/table.ts";
import { WORKLOADS, isWorkloadName, type WorkloadName } from "./load/workload.ts";
import { machineOf, memoryMiBOf } from "./machine.ts";
import {
  startCountinghouse,
  startFloor,
  startLeast,
  startMoto,
  startOnPostgres,
  startWithoutTrail,
  type MeteringTarget,
  type Target,
} from "./servers/targets.ts";
import { startLoad, startStore } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    workload: { type: "string", default: "full" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
    "per-second": { type: "string" },
    baseline: { type: "string" },
    bounds: { type: "boolean", default: false },
    trail: { type: "boolean", default: false },
    lab: { type: "boolean", default: false },
    postgres: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});
const POSTGRES = "postgres";
const WITHOUT_TRAIL = "without trail";

const workload = workloadOf(flags.workload);
const { recordsPerRequest } = WORKLOADS[workload];
const perSecond = perSecondOf(flags["per-second"]);
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : perSecond === undefined ? 7 : 5));
/** Servers were seen to get faster for some fifteen seconds of full load. */
const warmUps = flags.quick ? 1 : 3;
const seconds = Number(flags.seconds ?? (flags.quick ? 1 : perSecond === undefined ? 5 : 20));
const connections = Number(flags.connections);

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
  const results = await new Rounds(
    { load, store, workload, rounds, warmUps, seconds, perSecond, connections, verifying: flags.trail, folder },
    targets,
    metering,
  ).run();
  const peak = new Map(targets.map(({ name, pid }) => [name, memoryMiBOf(pid, "VmHWM")]));
  const kept = new Map<string, number>();
  for (const target of metering) kept.set(target.name, await target.metric("countinghouse_metering_records_total"));
  // When a server stops, it moves what is in the write-ahead log to its place.
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
  const settings = { workload, rounds, seconds, connections, recordsPerRequest, perSecond };
  const report: Report = { machine, settings, ...results, footprints };
  const names = targets.flatMap(({ name }) =>
    name === COUNTINGHOUSE ? [STORE, name, ...(flags.trail ? [VERIFYING] : [])] : [name],
  );
  console.log(`\n${runText(report)}\n\n${tableOf(report, names)}\n\n${aimsText(report)}`);
  if (flags.quick) console.log("\nA quick run: good for a look, too short to be quoted.");
  if (flags.json !== undefined) {
    mkdirSync(dirname(resolve(flags.json)), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
}

function workloadOf(name: string): WorkloadName {
  if (isWorkloadName(name)) return name;
  throw new Error(`--workload is one of ${Object.keys(WORKLOADS).join(", ")}.`);
}

function perSecondOf(text: string | undefined): number | undefined {
  const found = text === undefined ? undefined : Number(text);
  if (found !== undefined && !(found > 0 && Number.isFinite(found))) {
    throw new Error(`--per-second is a number of requests above 0, not ${String(text)}.`);
  }
  if (found !== undefined && flags.trail) throw new Error("--trail is measured at full load, without --per-second.");
  return found;
}

/** Fills `targets`; answers those that keep what they are sent. */
async function startTargets(): Promise<MeteringTarget[]> {
  targets.push(await startFloor(FLOOR));
  if (flags.bounds) {
    for (const bound of ["signed", "flushed"] as const) targets.push(await startLeast(bound, join(folder, "bodies")));
  }
  const metering: MeteringTarget[] = [];
  const checkouts = [[COUNTINGHOUSE, fileURLToPath(new URL("..", import.meta.url))]];
  if (flags.baseline !== undefined) checkouts.push(["baseline", resolve(flags.baseline)]);
  for (const [name, checkout] of checkouts as [string, string][]) {
    const target = await startCountinghouse(name, checkout, join(folder, name), [flags.lab ? "--lab" : "--no-lab"]);
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
  // Moto's server answers too few requests a second for a steady load.
  if (perSecond !== undefined) return metering;
  const moto = await startMoto("moto_server");
  if (moto === undefined) console.log("moto_server is not installed (pip install 'moto[server]'): left out.");
  else targets.push(moto);
  return metering;
}

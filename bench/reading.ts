/**
 * What reading beside ingestion costs: sums that follow the entries, and a month's report from them.
 *
 *   npm run bench:reading -- [--large 30000000] [--small 1000000] [--reports 9] [--rounds 5] [--beside 200000] [--seconds 5] [--readers 20] [--one-month]
 *     [--folder FOLDER] [--json FILE]
 *
 * Method. Two ledgers are filled through the product's own engine, in batches of 25, with as many records a month as the small one
 * has in all: the large one has more months, and the same last one. Then each is added up for the first time, while a commit is made
 * every 20 ms: how long that takes, and how long the ledger's log becomes meanwhile. Then the report of the last month is made from
 * both in turns. With `--one-month`, the large ledger has all its records in that month instead, of more customers. At the end, batches are committed to two fresh ledgers in turns, one with a follower and one without: the
 * throughput of the one with is compared with that of the other in the same round, and so are the times of single commits; the
 * processor time of the follower's thread is compared with that of the whole process. Then the same is done over the wire, with
 * `--readers` readers of the activity and a report that is asked for again and again, on two whole servers.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HOUR_MS, ruleSets } from "@countinghouse/protocol";
import { systemClock } from "../packages/server/src/clock.ts";
import type { Product } from "../packages/server/src/domain/catalogue/product.ts";
import { SingleWriterLedger } from "../packages/server/src/ledger/single-writer-ledger.ts";
import { SumsBehindError } from "../packages/server/src/ledger/sums/sums.ts";
import { monthOf, type Month } from "../packages/server/src/reports/month.ts";
import { usageByInstanceType } from "../packages/server/src/reports/usage-by-instance-type.ts";
import { openSqliteEngine, type SqliteEngine } from "../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { PRODUCT_CODE, RECORDS_PER_BATCH, customerName } from "./load/records.ts";
import { cpuMsOf, cpuMsOfThreads, machineOf, memoryMiBOf } from "./machine.ts";
import { besideReaders, type ReadTurn } from "./reading/beside-readers.ts";
import { batchEntry } from "./servers/entries.ts";

const { values: flags } = parseArgs({
  options: {
    large: { type: "string", default: "30000000" },
    small: { type: "string", default: "1000000" },
    reports: { type: "string", default: "9" },
    rounds: { type: "string", default: "5" },
    beside: { type: "string", default: "200000" },
    seconds: { type: "string", default: "5" },
    readers: { type: "string", default: "20" },
    "one-month": { type: "boolean", default: false },
    // Where the ledgers are made: 30 million records need some 15 GB.
    folder: { type: "string", default: tmpdir() },
    json: { type: "string" },
  },
});
const NAMES = ["small", "large"] as const;
type Name = (typeof NAMES)[number];
type Served = Awaited<ReturnType<typeof besideReaders>>;
const BATCHES_A_COMMIT = 200;
const DIMENSIONS = 5;
const FOLLOWER = "ledger-sums";
const MONTH = lastMonth();
const HOURS_A_MONTH = MONTH.toHour - MONTH.fromHour;
/** Each record of an hour has a key of its own. */
const perHourOf = (records: number): number =>
  Math.ceil(Math.max(Number(flags.small), flags["one-month"] ? records : 0) / HOURS_A_MONTH);
const PRODUCT: Product = {
  productCode: PRODUCT_CODE,
  title: "Bench",
  seller: "111122223333",
  type: "saas",
  pricing: "usage",
  dimensions: Array.from({ length: DIMENSIONS }, (_, i) => ({
    name: `kind_${i}`,
    price: "0.25",
    kind: "metered" as const,
  })),
};

const folder = mkdtempSync(join(flags.folder, "countinghouse-bench-reading-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  for (const name of NAMES) await fill(name, Number(flags[name]));
  const builds = { small: await firstBuild("small"), large: await firstBuild("large") };
  const reports = await timedReports();
  const beside = await besideIngestion();
  const served = await besideReaders({
    workspace: fileURLToPath(new URL("..", import.meta.url)),
    folder,
    rounds: Number(flags.rounds),
    seconds: Number(flags.seconds),
    readers: Number(flags.readers),
  });
  const machine = machineOf(folder);
  console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, commit ${machine.commit}`);
  console.table(builds);
  console.table({
    "report, median ms": { small: median(reports.small), large: median(reports.large) },
    "of small": { small: 1, large: median(reports.large) / median(reports.small) },
  });
  console.table(beside);
  console.table(ratiosOf(served));
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ machine, flags, builds, reports, beside, served })}\n`);
}

/** The last one that is over. */
function lastMonth(): Month {
  const now = new Date();
  const before = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1));
  return monthOf(before.toISOString().slice(0, "2026-03".length)) as Month;
}

/** The last of so many records is of the last hour of the month. */
function batchOf(batch: number, records: number): ReturnType<typeof batchEntry>["entry"] {
  const perHour = perHourOf(records);
  const hours = Math.ceil(records / perHour);
  const made = Array.from({ length: RECORDS_PER_BATCH }, (_, r) => {
    const n = batch * RECORDS_PER_BATCH + r;
    const inHour = n % perHour;
    const hour = MONTH.toHour - hours + Math.floor(n / perHour);
    return {
      Timestamp: hour * (HOUR_MS / 1000),
      Dimension: `kind_${inHour % DIMENSIONS}`,
      CustomerIdentifier: customerName(Math.floor(inHour / DIMENSIONS)),
      Quantity: 1 + (inHour % 1_000),
    };
  });
  return batchEntry(made, "us-east-1", (made[0]?.Timestamp ?? 0) * 1000 + HOUR_MS).entry;
}

async function commit(engine: SqliteEngine, first: number, count: number, records: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, i) => batchOf(first + i, records));
  const catalogue = first === 0 ? [{ kind: "product" as const, id: PRODUCT_CODE, value: PRODUCT }] : [];
  await engine.commit({ reset: false, entries, catalogue, resources: [], clock: undefined });
}

async function fill(name: Name, records: number): Promise<void> {
  const engine = openSqliteEngine(join(folder, name), { synchronous: "NORMAL" });
  engine.load();
  const startMs = performance.now();
  const batches = Math.floor(records / RECORDS_PER_BATCH);
  for (let batch = 0; batch < batches; batch += BATCHES_A_COMMIT) {
    await commit(engine, batch, Math.min(BATCHES_A_COMMIT, batches - batch), records);
    if (batch % 40_000 === 0 && batch > 0) console.log(`${name}: ${batch * RECORDS_PER_BATCH} records`);
  }
  await engine.close();
  console.log(`${name}: ${records} records in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

interface Build {
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly followerCpuUsPerRecord: number | undefined;
  readonly longestLogMiB: number;
  readonly sumsMiB: number;
  readonly memoryMiB: number | undefined;
}

/** Adds up everything, while somebody commits. */
async function firstBuild(name: Name): Promise<Build> {
  const engine = openSqliteEngine(join(folder, name));
  engine.load();
  const records = Number(flags[name]);
  let longestLog = 0;
  const build = { isDone: false };
  const committing = (async () => {
    while (!build.isDone) {
      await engine.probe();
      longestLog = Math.max(longestLog, engine.logBytes());
      await new Promise((resume) => setTimeout(resume, 20));
    }
  })();
  const startMs = performance.now();
  for (;;) {
    try {
      await engine.sums({});
      break;
    } catch (error) {
      if (!(error instanceof SumsBehindError)) throw error;
      console.log(`${name}: ${error.progress.done} of ${error.progress.of} entries added up`);
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  const cpuMs = cpuMsOfThreads(process.pid, [FOLLOWER]);
  const memoryMiB = memoryMiBOf(process.pid, "VmRSS");
  build.isDone = true;
  await committing;
  await engine.close();
  return {
    seconds,
    recordsPerSecond: Math.round(records / seconds),
    followerCpuUsPerRecord: cpuMs === undefined ? undefined : (cpuMs * 1000) / records,
    longestLogMiB: longestLog / 2 ** 20,
    sumsMiB: statSync(join(folder, name, "sums.db")).size / 2 ** 20,
    memoryMiB,
  };
}

async function timedReports(): Promise<Record<Name, number[]>> {
  const times: Record<Name, number[]> = { small: [], large: [] };
  const ledgers = NAMES.map((name) => [name, ledgerOver(openSqliteEngine(join(folder, name)))] as const);
  // The first opens the file of sums.
  for (let turn = 0; turn <= Number(flags.reports); turn += 1) {
    for (const [name, ledger] of ledgers) {
      const startMs = performance.now();
      const { rows } = await usageByInstanceType(ledger, MONTH, Date.now());
      if (rows.length === 0) throw new Error(`${name}: the report is empty.`);
      if (turn > 0) times[name].push(performance.now() - startMs);
    }
  }
  for (const [, ledger] of ledgers) await ledger.close();
  return times;
}

function ledgerOver(engine: SqliteEngine): SingleWriterLedger {
  return new SingleWriterLedger(engine, engine.load(), {
    clock: systemClock(() => Date.now()),
    ruleSet: ruleSets.classic,
    queuedMax: 1_000,
    groupMax: 256,
    schedule: (run) => void setImmediate(run),
    monotonicMs: () => performance.now(),
  });
}

/** Of each round: the read server's figures, of those of the other in the same round. */
function ratiosOf({ alone, read, events, gaps, reports }: Served): Record<string, number> {
  const ratios = (of: (turn: ReadTurn) => number): number[] =>
    read.map((turn, round) => of(turn) / of(alone[round] ?? turn));
  return {
    "records a second, median": median(alone.map(({ recordsPerSecond }) => recordsPerSecond)),
    "throughput beside readers, of without": median(ratios(({ recordsPerSecond }) => recordsPerSecond)),
    "p99 beside readers, of without": median(ratios(({ p99Ms }) => p99Ms)),
    "events told": events,
    "gaps told": gaps,
    "reports answered": reports,
  };
}

interface Ingested {
  readonly perSecond: number;
  readonly p99Ms: number;
}

async function besideIngestion(): Promise<Record<string, number | undefined>> {
  const ratios: number[] = [];
  const p99s: number[] = [];
  let [cpuMs, followerCpuMs] = [0, 0];
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    const alone = await ingested(`alone-${round}`, false);
    const before = cpuMsOf(process.pid) ?? Number.NaN;
    const beside = await ingested(`beside-${round}`, true);
    followerCpuMs += beside.followerCpuMs ?? Number.NaN;
    cpuMs += (cpuMsOf(process.pid) ?? Number.NaN) - before;
    ratios.push(beside.perSecond / alone.perSecond);
    p99s.push(beside.p99Ms / alone.p99Ms);
  }
  return {
    "throughput beside the follower, of without": median(ratios),
    "p99 of a commit beside the follower, of without": median(p99s),
    "follower's CPU, of the rest of the process": followerCpuMs / (cpuMs - followerCpuMs),
  };
}

async function ingested(
  name: string,
  addsUp: boolean,
): Promise<Ingested & { readonly followerCpuMs: number | undefined }> {
  const engine = openSqliteEngine(join(folder, name), { addsUp });
  engine.load();
  const records = Number(flags.beside);
  const batches = Math.floor(records / RECORDS_PER_BATCH);
  const commitMs: number[] = [];
  const startMs = performance.now();
  for (let batch = 0; batch < batches; batch += 8) {
    const begunMs = performance.now();
    await commit(engine, batch, Math.min(8, batches - batch), records);
    commitMs.push(performance.now() - begunMs);
  }
  const perSecond = records / ((performance.now() - startMs) / 1000);
  const followerCpuMs = addsUp ? cpuMsOfThreads(process.pid, [FOLLOWER]) : undefined;
  await engine.close();
  rmSync(join(folder, name), { recursive: true });
  const p99Ms = commitMs.toSorted((a, b) => a - b)[Math.floor(commitMs.length * 0.99)] ?? Number.NaN;
  return { perSecond, p99Ms, followerCpuMs };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

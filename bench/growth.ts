/**
 * How much a long ledger slows metering down.
 *
 *   npm run bench:growth -- [--old 30000000] [--window 5000000] [--rounds 5] [--seconds 3] [--starts 5] [--json FILE]
 *
 * Method. Three ledgers are filled through the product's own engine, in batches of 25: an empty one; one with `--old` metering
 * records of the 90 days before the acceptance window; one with `--window` records inside the window, with keys in random order
 * and between the keys that the load will write. Then a server is started on each, several times and in turns, to measure the
 * time until it is ready. At the end, the three servers get the load of `bench/ingest.ts` in turns; the throughput of each is
 * compared with that of the empty one in the same round, and their memory is compared.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HOUR_MS } from "@countinghouse/protocol";
import { openSqliteEngine } from "../packages/server/src/stores/sqlite/sqlite-engine.ts";
import {
  CUSTOMERS,
  HOURS,
  RECORDS_PER_BATCH,
  REGIONS as ALL_REGIONS,
  customerName,
  type BenchRecord,
} from "./load/records.ts";
import { machineOf, memoryMiBOf } from "./machine.ts";
import { batchEntry } from "./servers/entries.ts";
import { startCountinghouse, type MeteringTarget } from "./servers/targets.ts";
import { startLoad } from "./worker.ts";

const { values: flags } = parseArgs({
  options: {
    old: { type: "string", default: "30000000" },
    window: { type: "string", default: "5000000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    starts: { type: "string", default: "5" },
    connections: { type: "string", default: "32" },
    json: { type: "string" },
  },
});
const NAMES = ["empty", "old", "window"] as const;
type Name = (typeof NAMES)[number];
/** Few regions, so that the load writes where the ledgers are full. */
const REGIONS = ALL_REGIONS.slice(0, 7);
const BATCHES_A_COMMIT = 200;
const OLD_HOURS = 90 * 24;
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const nowHour = Math.floor(Date.now() / HOUR_MS);
const workspace = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-growth-"));
const load = startLoad();
try {
  await main();
} finally {
  load.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  await fill("old", Number(flags.old), oldRecord);
  await fill("window", Number(flags.window), windowRecord(Number(flags.window)));
  const starts = await timedStarts();
  const running = await startAll();
  const restMiB = memoryOf(running, "VmRSS");
  const throughput = await measured(running);
  const peakMiB = memoryOf(running, "VmHWM");
  for (const { target } of running) await target.stop();
  const machine = machineOf(folder);
  console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, commit ${machine.commit}`);
  console.table(
    Object.fromEntries(
      NAMES.map((name) => [
        name,
        {
          "start ms": median(starts[name]),
          "requests/s": median(throughput[name]),
          "of empty": median(throughput[name].map((perSecond, i) => perSecond / (throughput.empty[i] ?? Number.NaN))),
          "rest MiB": restMiB[name],
          "peak MiB": peakMiB[name],
        },
      ]),
    ),
  );
  const report = { machine, flags, starts, throughput, restMiB, peakMiB };
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report)}\n`);
}

type RecordMaker = (n: number) => { readonly record: BenchRecord; readonly region: string };

/** Hour after hour, and region after region: the order in which it would have come in. */
function oldRecord(n: number): ReturnType<RecordMaker> {
  const perHour = Math.ceil(Number(flags.old) / OLD_HOURS);
  const hour = nowHour - HOURS - 2 - OLD_HOURS + Math.floor(n / perHour);
  const inHour = n % perHour;
  const region = Math.floor((inHour * REGIONS.length) / perHour);
  return recordOf(hour, region, inHour % CUSTOMERS, Math.floor(inHour / CUSTOMERS), "usage_kind");
}

/** Region after region, batch by batch, with random keys. Their dimensions are not the load's, but sort between those. */
function windowRecord(count: number): RecordMaker {
  const batches = Math.ceil(count / RECORDS_PER_BATCH);
  const place = shuffledPlaces(Math.ceil(batches / REGIONS.length) * RECORDS_PER_BATCH);
  return (n) => {
    const batch = Math.floor(n / RECORDS_PER_BATCH);
    const at = place(Math.floor(batch / REGIONS.length) * RECORDS_PER_BATCH + (n % RECORDS_PER_BATCH));
    const ofHour = Math.floor(at / HOURS);
    const hour = nowHour - HOURS + (at % HOURS);
    return recordOf(hour, batch % REGIONS.length, ofHour % CUSTOMERS, Math.floor(ofHour / CUSTOMERS), "random_kind");
  };
}

function recordOf(
  hour: number,
  region: number,
  customer: number,
  kind: number,
  prefix: string,
): ReturnType<RecordMaker> {
  const record = {
    Timestamp: hour * (HOUR_MS / 1000),
    Dimension: `${prefix}_${String(kind).padStart(2, "0")}`,
    CustomerIdentifier: customerName(customer),
    Quantity: 1 + (customer % 1_000),
  };
  return { record, region: REGIONS[region] as string };
}

/** Each number below `count` once, in no order from which an index could profit. */
function shuffledPlaces(count: number): (n: number) => number {
  let step = 2_654_435_761;
  // If step and count have no common factor, the steps visit every place once.
  while (gcd(step % count, count) !== 1) step += 2;
  const reduced = BigInt(step % count);
  return (n) => Number((BigInt(n) * reduced) % BigInt(count));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

async function fill(name: Name, records: number, make: RecordMaker): Promise<void> {
  const engine = openSqliteEngine(join(folder, name, "ledger"));
  engine.load();
  const startedAt = performance.now();
  const batches = Math.ceil(records / RECORDS_PER_BATCH);
  for (let batch = 0; batch < batches; batch += BATCHES_A_COMMIT) {
    const count = Math.min(BATCHES_A_COMMIT, batches - batch);
    const entries = Array.from({ length: count }, (_, i) => {
      const first = (batch + i) * RECORDS_PER_BATCH;
      const made = Array.from({ length: RECORDS_PER_BATCH }, (_unused, r) => make(first + r));
      const { region, record } = made[0] as ReturnType<RecordMaker>;
      const atMs = Math.min(record.Timestamp * 1000 + HOUR_MS, Date.now());
      return batchEntry(
        made.map((one) => one.record),
        region,
        name === "old" ? atMs : Date.now(),
      ).entry;
    });
    await engine.commit({ reset: false, entries, catalogue: [], resources: [], clock: undefined });
    if (batch % 40_000 === 0 && batch > 0) console.log(`${name}: ${batch * RECORDS_PER_BATCH} records`);
  }
  await engine.close();
  const db = new DatabaseSync(join(folder, name, "ledger", "ledger.sqlite"));
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  console.log(`${name}: ${records} records in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

type OfEach<T> = Record<Name, T>;

/** A server's first start puts its catalogue in place, and is not counted. */
async function timedStarts(): Promise<OfEach<number[]>> {
  const times: OfEach<number[]> = { empty: [], old: [], window: [] };
  for (let start = 0; start <= Number(flags.starts); start += 1) {
    for (const name of NAMES) {
      const startMs = performance.now();
      const target = await started(name);
      if (start > 0) times[name].push(performance.now() - startMs);
      await target.stop();
    }
  }
  return times;
}

function started(name: Name): Promise<MeteringTarget> {
  return startCountinghouse(name, workspace, join(folder, name));
}

async function startAll(): Promise<{ name: Name; target: MeteringTarget }[]> {
  const running: { name: Name; target: MeteringTarget }[] = [];
  for (const name of NAMES) running.push({ name, target: await started(name) });
  return running;
}

function memoryOf(running: Awaited<ReturnType<typeof startAll>>, field: "VmRSS" | "VmHWM"): OfEach<number> {
  const sizes = running.map(({ name, target }) => [name, Math.round(memoryMiBOf(target.pid, field) ?? Number.NaN)]);
  return Object.fromEntries(sizes) as OfEach<number>;
}

async function measured(running: Awaited<ReturnType<typeof startAll>>): Promise<OfEach<number[]>> {
  const perSecond: OfEach<number[]> = { empty: [], old: [], window: [] };
  let needed = 4_000 * seconds;
  for (let round = 0; round <= rounds; round += 1) {
    await load.call({ kind: "prepare", count: needed, regions: REGIONS });
    for (const { name, target } of running) {
      const command = { kind: "run", port: target.port, seconds, connections: Number(flags.connections) } as const;
      const result = await load.call({ ...command, expectSuccess: true, repeat: false });
      if (result.failures > 0) throw new Error(`${name}: ${result.firstFailure}`);
      const rate = result.answers / result.seconds;
      if (round > 0) perSecond[name].push(rate);
      needed = Math.max(needed, Math.ceil(rate * seconds * 1.25));
      console.log(`${round === 0 ? "warm-up" : `round ${round}`}  ${name.padEnd(8)} ${Math.round(rate)} requests/s`);
    }
  }
  return perSecond;
}

function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return middle < 10 ? Math.round(middle * 100) / 100 : Math.round(middle);
}

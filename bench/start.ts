/**
 * How long `countinghouse serve` takes from its start until it is ready, as built for release (`npm run build` comes first) and from
 * the sources, in an empty folder and in one that has a ledger:
 *
 *   npm run bench:start -- [--rounds 15] [--baseline ../other-checkout] [--json FILE]
 *
 * The starts are in turns, also with those of the other checkout, which must be built as well. A server is ready when it prints its
 * address, which it does once it listens and its ready file is written. Processor time is that of all its threads until then.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineOf } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    baseline: { type: "string" },
    json: { type: "string" },
  },
});

/** Linux counts processor time in such steps. */
const TICK_MS = 10;
const workspace = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countinghouse-start-"));

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
}

interface Program {
  readonly name: string;
  readonly checkout: string;
  readonly isBuilt: boolean;
  readonly startsOf: Readonly<Record<Place, Start[]>>;
}

type Place = "empty" | "ledger";

function programsOf(name: string, checkout: string): Program[] {
  return [true, false].map((isBuilt) => ({
    name: `${isBuilt ? "built" : "sources"}${name}`,
    checkout,
    isBuilt,
    startsOf: { empty: [], ledger: [] },
  }));
}

const { baseline } = flags;
const programs = [
  ...programsOf("", workspace),
  ...(baseline === undefined ? [] : programsOf(", baseline", resolve(baseline))),
];
try {
  for (let round = 0; round <= Number(flags.rounds); round += 1) {
    for (const program of programs) {
      const data = join(folder, `${program.name}-${round}`);
      const starts = { empty: await start(program, data), ledger: await start(program, data) };
      rmSync(data, { recursive: true });
      // In the first round the operating system reads the files from the disk, and Node compiles the sources.
      if (round === 0) continue;
      for (const place of ["empty", "ledger"] as const) program.startsOf[place].push(starts[place]);
    }
  }
  console.table(programs.flatMap(rowsOf));
  if (flags.json !== undefined) {
    const starts = programs.map(({ name, startsOf }) => ({ name, startsOf }));
    writeFileSync(flags.json, `${JSON.stringify({ machine: machineOf(folder), flags, starts }, null, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function start({ checkout, isBuilt }: Program, data: string): Promise<Start> {
  const server = join(checkout, "packages/server");
  const { NODE_COMPILE_CACHE: cache, ...env } = process.env;
  const program = isBuilt
    ? [join(server, "dist/main.js")]
    : ["--disable-warning=ExperimentalWarning", "--conditions=@countinghouse/source", join(server, "src/main.ts")];
  const startMs = performance.now();
  const child = spawn(process.execPath, [...program, "serve", "--port", "0", "--store", `sqlite:${data}`], {
    stdio: ["ignore", "pipe", "inherit"],
    // As `scripts/run.mjs` runs the sources; who runs what is built has no cache.
    env: isBuilt || cache === undefined ? env : { ...env, NODE_COMPILE_CACHE: cache },
  });
  const exited = once(child, "exit");
  const isReady = await Promise.race([once(child.stdout, "data").then(() => true), exited.then(() => false)]);
  if (!isReady) throw new Error(`${program.join(" ")} did not get ready. Is ${checkout} built (npm run build)?`);
  const ms = performance.now() - startMs;
  const cpuMs = processorMs(child.pid as number);
  child.kill("SIGTERM");
  await exited;
  return { ms, cpuMs };
}

function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function rowsOf({ name, isBuilt, startsOf }: Program): Record<string, string | number>[] {
  const other = programs.find((program) => program.checkout !== workspace && program.isBuilt === isBuilt);
  return (["empty", "ledger"] as const).map((place) => {
    const starts = startsOf[place];
    return {
      program: name,
      folder: place,
      ms: Math.round(median(starts.map(({ ms }) => ms))),
      "half in the middle": middleOf(starts.map(({ ms }) => ms)),
      "cpu ms": median(starts.map(({ cpuMs }) => cpuMs)),
      ...(other === undefined ? {} : ratiosTo(starts, other.startsOf[place])),
    };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** The medians of the rounds' own ratios. */
function ratiosTo(starts: readonly Start[], others: readonly Start[]): Record<string, string> {
  const ratios = (of: keyof Start): number[] => starts.map((one, i) => one[of] / (others[i] as Start)[of]);
  return { "ms of baseline": median(ratios("ms")).toFixed(2), "cpu of baseline": median(ratios("cpuMs")).toFixed(2) };
}

function middleOf(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] as number);
  return `${at(0.25)}–${at(0.75)}`;
}

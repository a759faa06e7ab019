/**
 * The client beside the official one, in one run: speed, processor time, weight.
 *
 *   npm run bench:client -- [--rounds 9] [--seconds 3] [--json FILE]
 *   npm run bench:client -- --sizes [--json FILE]     only what does not depend on what else the machine does
 *
 * Method. Both clients, each in a process of its own, call BatchMeterUsage with the same 25 records (about 5 KB) against
 * a server in a third process that always answers with the same bytes. In every round each client has its turn at one
 * call at a time, and at fifty at once; so what else the machine does falls on both alike. Both run as they are
 * installed: ours as it is built for release. Figures are medians of the rounds; the ratio is the median of the rounds'
 * own ratios. Processor time is what `process.cpuUsage` says of the client's process.
 *
 * How to read it. Calls a second depend on the machine, and the server and the client share it. The ratio of processor
 * time is what holds elsewhere, too.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ClientCommand, ClientResult } from "./client-load.ts";
import { bundledOf, coldImportOf, installedOf } from "./client-weight.ts";
import { machineOf } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "3" },
    json: { type: "string" },
    sizes: { type: "boolean", default: false },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const CONCURRENCIES = [1, 50] as const;
const WARM_UP_SECONDS = 3;
const COLD_IMPORTS = 15;

const CLIENTS = { ours: "@countinghouse/client", official: "@aws-sdk/client-marketplace-metering" } as const;
type Client = keyof typeof CLIENTS;
const clients: readonly Client[] = ["ours", "official"];

/** One figure of every round, for each client. */
type Series = Readonly<Record<Client, number[]>>;
const newSeries = (): Series => ({ ours: [], official: [] });

interface Row {
  readonly label: string;
  readonly series: Series;
  readonly decimals: number;
}

const server = fork(new URL("client-server.ts", import.meta.url), { execArgv: [] });
const endpoint = `http://127.0.0.1:${await message<number>(server)}`;
const loads = Object.fromEntries(
  await Promise.all(
    clients.map(async (client): Promise<[Client, ChildProcess]> => {
      const child = fork(new URL("client-load.ts", import.meta.url), [client, endpoint], { execArgv: [] });
      await message(child);
      return [client, child];
    }),
  ),
) as Record<Client, ChildProcess>;

try {
  await main();
} finally {
  for (const child of [server, ...Object.values(loads)]) child.disconnect();
}

async function main(): Promise<void> {
  const rows = flags.sizes ? [] : [...(await speeds()), ...imports()];
  rows.push(...sizes(), ...(await bundles()));
  const machine = machineOf(tmpdir());
  const text = [
    `${machine.cores} cores (${machine.cpu}), ${machine.system}, Node ${machine.node}, commit ${machine.commit}.`,
    ...(flags.sizes ? [] : [`Medians of ${rounds} interleaved rounds of ${seconds} s.`]),
    "",
    "| | `@countinghouse/client` | official client | ratio |",
    "|---|---:|---:|---:|",
    ...rows.map(({ label, series, decimals }) => {
      const ratios = series.ours.map((value, i) => value / (series.official[i] ?? Number.NaN));
      const cells = [...clients.map((client) => figure(median(series[client]), decimals)), figure(median(ratios), 2)];
      return `| ${label} | ${cells.join(" | ")} |`;
    }),
  ].join("\n");
  console.log(`\n${text}`);
  if (flags.json === undefined) return;
  mkdirSync(dirname(resolve(flags.json)), { recursive: true });
  writeFileSync(
    flags.json,
    `${JSON.stringify({ machine, ...(flags.sizes ? {} : { rounds, seconds }), rows }, undefined, 2)}\n`,
  );
}

async function speeds(): Promise<Row[]> {
  for (const client of clients) {
    for (const concurrency of CONCURRENCIES) await run(client, { concurrency, seconds: WARM_UP_SECONDS });
  }
  const speed = CONCURRENCIES.map((concurrency) => ({ concurrency, calls: newSeries(), cpu: newSeries() }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { concurrency, calls, cpu } of speed) {
      for (const client of clients) {
        const result = await run(client, { concurrency, seconds });
        calls[client].push(result.calls / result.seconds);
        cpu[client].push((result.cpuMs * 1000) / result.calls);
      }
    }
    console.log(`round ${round} of ${rounds}`);
  }
  return speed.flatMap(({ concurrency, calls, cpu }) => [
    { label: `calls/s, ${concurrency} at once`, series: calls, decimals: 0 },
    { label: `CPU a call, ${concurrency} at once, µs`, series: cpu, decimals: 0 },
  ]);
}

function imports(): Row[] {
  const wall = newSeries();
  const cpu = newSeries();
  for (let i = 0; i < COLD_IMPORTS; i += 1) {
    for (const client of clients) {
      const { wallMs, cpuMs } = coldImportOf(CLIENTS[client]);
      wall[client].push(wallMs);
      cpu[client].push(cpuMs);
    }
  }
  return [
    { label: "cold import, ms", series: wall, decimals: 1 },
    { label: "cold import, CPU ms", series: cpu, decimals: 1 },
  ];
}

function sizes(): Row[] {
  const installed = clients.map((client) => [client, installedOf(CLIENTS[client])] as const);
  const packages = newSeries();
  const kib = newSeries();
  for (const [client, { packages: count, bytes }] of installed) {
    packages[client].push(count);
    kib[client].push(bytes / 1024);
  }
  return [
    { label: "packages installed", series: packages, decimals: 0 },
    { label: "installed, KiB", series: kib, decimals: 0 },
  ];
}

async function bundles(): Promise<Row[]> {
  const plain = newSeries();
  const gzipped = newSeries();
  for (const client of clients) {
    const bundle = await bundledOf(CLIENTS[client]);
    plain[client].push(bundle.bytes / 1024);
    gzipped[client].push(bundle.gzipped / 1024);
  }
  return [
    { label: "bundled and minified, KiB", series: plain, decimals: 1 },
    { label: "… and compressed, KiB", series: gzipped, decimals: 1 },
  ];
}

async function run(client: Client, command: ClientCommand): Promise<ClientResult> {
  const answered = message<ClientResult>(loads[client]);
  loads[client].send(command);
  return answered;
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((answer, reject) => {
    const ended = (code: number | null): void => reject(new Error(`A process of the benchmark ended with ${code}.`));
    child.once("exit", ended);
    child.once("message", (value) => {
      child.off("exit", ended);
      answer(value as T);
    });
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

function figure(value: number, decimals: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

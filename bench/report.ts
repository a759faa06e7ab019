/** From the rounds of each target to the table that is printed: medians, and ratios to the floor round by round. */
import type { Machine } from "./machine.ts";

/** One target in one round. */
export interface Round {
  readonly target: string;
  readonly round: number;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly bytesPerRequest?: number | undefined;
  /** Processor time of the server, and of the load. */
  readonly serverCpuMs?: number | undefined;
  readonly loadCpuMs?: number | undefined;
  readonly commits?: number | undefined;
  readonly commitSeconds?: number | undefined;
}

export interface Footprint {
  readonly target: string;
  readonly restMiB: number | undefined;
  readonly peakMiB: number | undefined;
  readonly diskBytesPerRecord?: number | undefined;
}

export interface Report {
  readonly machine: Machine;
  readonly settings: {
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly recordsPerRequest: number;
  };
  readonly rounds: readonly Round[];
  readonly footprints: readonly Footprint[];
}

type Cell = (target: string) => string;

/** `floor` is the target that the others are held against. */
export function tableOf(report: Report, targets: readonly string[], floor: string): string {
  const { rounds, settings } = report;
  const each = (target: string, value: (round: Round) => number | undefined): number | undefined =>
    median(rounds.filter((round) => round.target === target).map(value));
  const toFloor = (target: string, value: (round: Round) => number | undefined): number | undefined =>
    median(
      rounds
        .filter((round) => round.target === target)
        .map((round) => ratio(value(round), value(floorOf(rounds, round, floor)))),
    );
  const footprint = (target: string): Footprint | undefined =>
    report.footprints.find((candidate) => candidate.target === target);
  const rows: [string, Cell][] = [
    ["requests/s", (target) => figure(each(target, perSecond), 0)],
    ["records/s", (target) => figure(times(each(target, perSecond), settings.recordsPerRequest), 0)],
    ["requests/s, ratio to the floor", (target) => figure(toFloor(target, perSecond), 2)],
    [
      "p50, ms",
      (target) =>
        figure(
          each(target, ({ p50Ms }) => p50Ms),
          2,
        ),
    ],
    [
      "p99, ms",
      (target) =>
        figure(
          each(target, ({ p99Ms }) => p99Ms),
          2,
        ),
    ],
    ["server CPU a request, µs", (target) => figure(times(each(target, cpuMs), 1000), 0)],
    ["server CPU, ratio to the floor", (target) => figure(toFloor(target, cpuMs), 2)],
    ["memory at rest, MiB", (target) => figure(footprint(target)?.restMiB, 0)],
    ["memory at its peak, MiB", (target) => figure(footprint(target)?.peakMiB, 0)],
    ["disk a record, bytes", (target) => figure(footprint(target)?.diskBytesPerRecord, 0)],
    [
      "requests a commit",
      (target) =>
        figure(
          each(target, (round) => ratio(round.requests, round.commits)),
          1,
        ),
    ],
    ["time of a commit, ms", (target) => figure(times(each(target, commitSeconds), 1000), 2)],
  ];
  const cells = [["", ...targets], ...rows.map(([label, cell]) => [label, ...targets.map(cell)])];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  return cells
    .map((row) =>
      row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("   "),
    )
    .join("\n");
}

export function machineText({ machine, settings, rounds }: Report): string {
  const bytes = rounds[0]?.bytesPerRequest ?? 0;
  return [
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, commit ${machine.commit}`,
    `Appending 4 KiB and flushing it takes ${machine.flushMs.toFixed(2)} ms here (median).`,
    `Medians of ${settings.rounds} rounds of ${settings.seconds} s each; ${settings.connections} connections; ${settings.recordsPerRequest} records, ${bytes} bytes a request.`,
  ].join("\n");
}

function floorOf(rounds: readonly Round[], { round }: Round, floor: string): Round {
  return rounds.find((candidate) => candidate.target === floor && candidate.round === round) as Round;
}

const perSecond = ({ requests, seconds }: Round): number => requests / seconds;
const cpuMs = ({ serverCpuMs, requests }: Round): number | undefined => ratio(serverCpuMs, requests);
const commitSeconds = ({ commitSeconds: seconds, commits }: Round): number | undefined => ratio(seconds, commits);

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

function times(a: number | undefined, b: number): number | undefined {
  return a === undefined ? undefined : a * b;
}

/** Of those that are known; of an even number, the mean of the two in the middle. */
function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const low = known[Math.ceil(known.length / 2) - 1];
  const high = known[Math.floor(known.length / 2)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function figure(value: number | undefined, decimals: number): string {
  if (value === undefined) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

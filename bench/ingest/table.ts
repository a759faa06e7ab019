/** The table that is printed: medians, and ratios to the floor round by round. */
import { figure, median, ratio, times } from "./figures.ts";
import {
  COUNTINGHOUSE,
  FLOOR,
  cpuMs,
  medianOf,
  perSecond,
  ratioOf,
  storageCpuMs,
  sumsCpuMs,
  type Footprint,
  type Report,
  type Value,
} from "./report.ts";

type Cell = (target: string) => string;

const PERCENTILES = ["p50Ms", "p95Ms", "p99Ms"] as const;

export function tableOf(report: Report, targets: readonly string[]): string {
  const { recordsPerRequest, perSecond: steady } = report.settings;
  const load = steady === undefined ? "full load" : "the steady load";
  const footprint = (target: string): Footprint | undefined =>
    report.footprints.find((candidate) => candidate.target === target);
  const row = (label: string, decimals: number, value: Value, factor = 1): Row => [
    label,
    (target) => figure(times(medianOf(report, target, value), factor), decimals),
  ];
  const toFloor = (label: string, value: Value): Row => [
    label,
    (target) => figure(ratioOf(report, target, FLOOR, value), 2),
  ];
  const rows: Row[] = [
    row("requests/s", 0, perSecond),
    row("records/s", 0, perSecond, recordsPerRequest),
    ...(steady === undefined ? [toFloor("requests/s, ratio to the floor", perSecond)] : []),
    [`p50 / p95 / p99 at ${load}, ms`, (target) => percentiles(report, target, (round) => round)],
    ...(steady === undefined ? halfLoadRows(report, row) : []),
    row("server CPU a request, µs", 0, cpuMs, 1000),
    toFloor("server CPU, ratio to the floor", cpuMs),
    row("of that, for the sums, µs", 0, sumsCpuMs, 1000),
    row("storage CPU a record, µs", 2, storageCpuMs, 1000 / recordsPerRequest),
    ["memory at rest, MiB", (target) => figure(footprint(target)?.restMiB, 0)],
    ["memory under load, at its peak, MiB", (target) => figure(footprint(target)?.peakMiB, 0)],
    ["disk a record, bytes", (target) => figure(footprint(target)?.diskBytesPerRecord, 0)],
    row("requests a commit", 1, (round) => ratio(round.requests, round.commits)),
    row("time of a commit, ms", 2, (round) => ratio(round.commitSeconds, round.commits), 1000),
  ];
  const cells = [["", ...targets], ...rows.map(([label, cell]) => [label, ...targets.map(cell)])];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  return cells
    .map((line) =>
      line.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("   "),
    )
    .join("\n");
}

type Row = [label: string, cell: Cell];

function halfLoadRows(report: Report, row: (label: string, decimals: number, value: Value) => Row): Row[] {
  return [
    row("half load, requests/s", 0, ({ halfLoad }) => ratio(halfLoad?.requests, halfLoad?.seconds)),
    ["p50 / p95 / p99 at half load, ms", (target) => percentiles(report, target, ({ halfLoad }) => halfLoad)],
  ];
}

export function runText({ machine, settings, flushesMs, rounds }: Report): string {
  const bytes = rounds[0]?.bytesPerRequest ?? 0;
  const own = rounds.filter(({ target }) => target === COUNTINGHOUSE);
  const requests = sumOf(own, (round) => round.requests);
  const replays = sumOf(own, (round) => round.replays) / requests;
  const duplicates = sumOf(own, (round) => round.duplicates) / requests / settings.recordsPerRequest;
  const shares = `replays: ${percent(replays)} of requests, duplicates: ${percent(duplicates)} of records`;
  return [
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, commit ${machine.commit}`,
    `Appending 4 KiB and flushing it takes ${figure(median(flushesMs), 2)} ms here (median).`,
    `Medians of ${settings.rounds} rounds of ${settings.seconds} s ${loadText(settings)}; ${settings.connections} connections.`,
    `Workload ${settings.workload}: ${settings.recordsPerRequest} records, ${bytes} bytes a request; ${shares}.`,
  ].join("\n");
}

function loadText({ perSecond: steady }: Report["settings"]): string {
  if (steady === undefined) return "at full and at half load each";
  return `with ${steady} requests a second due at random times (a Poisson process)`;
}

function sumOf(rounds: Report["rounds"], value: Value): number {
  return rounds.reduce((sum, round) => sum + (value(round) ?? 0), 0);
}

function percent(part: number): string {
  return `${figure(part * 100, 2)} %`;
}

type Percentiles = { readonly [name in (typeof PERCENTILES)[number]]?: number | undefined };

function percentiles(
  report: Report,
  target: string,
  at: (round: Report["rounds"][number]) => Percentiles | undefined,
): string {
  const medians = PERCENTILES.map((name) => medianOf(report, target, (round) => at(round)?.[name]));
  return medians.every((value) => value === undefined)
    ? figure(undefined, 0)
    : medians.map((value) => figure(value, 1)).join(" / ");
}

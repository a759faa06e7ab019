/** The aims with which the figures are compared. */
import { figure, median, ratio, times } from "./figures.ts";
import {
  COUNTINGHOUSE,
  FLOOR,
  STORE,
  cpuMs,
  medianOf,
  ratioOf,
  storageCpuMs,
  type Report,
  type Value,
} from "./report.ts";

const STORAGE_CPU_MAX = 1.3;
const FLUSHES = 10;

const halfLoadP99Ms: Value = ({ halfLoad }) => halfLoad?.p99Ms;

/** At a steady load of a thousand requests a second. */
const STEADY_P99_MS = 4;
const STEADY_CPU_MICROSECONDS = 400;

export function aimsText(report: Report): string {
  if (report.settings.perSecond !== undefined) return steadyText(report);
  return [latencyText(report), storageText(report)].join("\n");
}

function steadyText(report: Report): string {
  const p99Ms = medianOf(report, COUNTINGHOUSE, ({ p99Ms: value }) => value);
  const cpu = times(medianOf(report, COUNTINGHOUSE, cpuMs), 1000);
  return [
    `p99: ${figure(p99Ms, 2)} ms, at most ${STEADY_P99_MS} ms. ${verdict(p99Ms, STEADY_P99_MS)}`,
    `Server CPU a request: ${figure(cpu, 0)} µs, at most ${STEADY_CPU_MICROSECONDS} µs. ${verdict(cpu, STEADY_CPU_MICROSECONDS)}`,
  ].join("\n");
}

function latencyText(report: Report): string {
  const own = medianOf(report, COUNTINGHOUSE, halfLoadP99Ms);
  const floor = medianOf(report, FLOOR, halfLoadP99Ms);
  const flush = median(report.flushesMs);
  const most = floor === undefined || flush === undefined ? undefined : floor + FLUSHES * flush;
  const sum = `${figure(floor, 2)} ms, the floor's, and ${FLUSHES} flushes of ${figure(flush, 2)} ms: ${figure(most, 2)} ms`;
  return `p99 at half load: ${figure(own, 2)} ms, at most ${sum}. ${verdict(ratio(own, most), 1)}`;
}

function storageText(report: Report): string {
  const perRecord = (target: string): string =>
    figure(times(medianOf(report, target, storageCpuMs), 1000 / report.settings.recordsPerRequest), 2);
  const found = ratioOf(report, COUNTINGHOUSE, STORE, storageCpuMs);
  const own = `${perRecord(COUNTINGHOUSE)} µs in the server, ${perRecord(STORE)} µs in the store alone`;
  return `Storage CPU a record: ${own}: ${figure(found, 2)} times, at most ${STORAGE_CPU_MAX}. ${verdict(found, STORAGE_CPU_MAX)}`;
}

function verdict(found: number | undefined, most: number): string {
  if (found === undefined || Number.isNaN(found)) return "Not known.";
  return found <= most ? "Met." : "Missed.";
}

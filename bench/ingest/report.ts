/** What a run of the benchmark found: every round of every target, as it is kept as raw data. */
import type { WorkloadName } from "../load/workload.ts";
import type { Machine } from "../machine.ts";
import { median, ratio } from "./figures.ts";

/** One target in one round; at full load, where nothing else is said. */
export interface Round {
  readonly target: string;
  readonly round: number;
  readonly requests: number;
  readonly seconds: number;
  /** What the answers said: records that are new, requests that were replays, records that were duplicates. */
  readonly acceptedRecords?: number | undefined;
  readonly replays?: number | undefined;
  readonly duplicates?: number | undefined;
  readonly p50Ms?: number | undefined;
  readonly p95Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly bytesPerRequest?: number | undefined;
  /** Processor time of the server, of the thread of it that writes, and of the load. */
  readonly serverCpuMs?: number | undefined;
  readonly storageCpuMs?: number | undefined;
  readonly loadCpuMs?: number | undefined;
  readonly commits?: number | undefined;
  readonly commitSeconds?: number | undefined;
  readonly halfLoad?: HalfLoad | undefined;
}

/** The same target, sent half of what it had just done. */
export interface HalfLoad {
  /** What was to be sent. */
  readonly perSecond: number;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** How late the load was with requests for which a connection was free: its own part of the times above. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly serverCpuMs: number | undefined;
  readonly loadCpuMs: number;
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
    readonly workload: WorkloadName;
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly recordsPerRequest: number;
  };
  /** Median time to append 4 KiB and flush it, measured in each round. */
  readonly flushesMs: readonly number[];
  readonly rounds: readonly Round[];
  readonly footprints: readonly Footprint[];
}

/** Names of targets. */
export const FLOOR = "floor";
export const STORE = "store alone";
export const COUNTINGHOUSE = "countinghouse";

export type Value = (round: Round) => number | undefined;

/** The median of a target's rounds. */
export function medianOf({ rounds }: Report, target: string, value: Value): number | undefined {
  return median(rounds.filter((round) => round.target === target).map(value));
}

/** The median of the rounds' own ratios to another target. */
export function ratioOf({ rounds }: Report, target: string, other: string, value: Value): number | undefined {
  const others = new Map(rounds.filter((round) => round.target === other).map((round) => [round.round, round]));
  return median(
    rounds
      .filter((round) => round.target === target)
      .map((round) => {
        const beside = others.get(round.round);
        return beside && ratio(value(round), value(beside));
      }),
  );
}

export const perSecond: Value = ({ requests, seconds }) => requests / seconds;
export const cpuMs: Value = ({ serverCpuMs, requests }) => ratio(serverCpuMs, requests);
/** Of a request; divided by its records, the processor time that storage takes for a record that is sent. */
export const storageCpuMs: Value = ({ storageCpuMs: writer, requests }) => ratio(writer, requests);

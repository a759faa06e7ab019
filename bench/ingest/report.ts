/** The result of a benchmark run: every round of every target, as it is kept as raw data. */
import type { WorkloadName } from "../load/workload.ts";
import type { Machine } from "../machine.ts";
import { median, ratio } from "./figures.ts";

/** One target in one round. Figures are of full load, or of the steady load, unless they say otherwise. */
export interface Round {
  readonly target: string;
  readonly round: number;
  readonly requests: number;
  readonly seconds: number;
  /** By the answers: new records, requests that were replays, records that were duplicates. */
  readonly acceptedRecords?: number | undefined;
  readonly replays?: number | undefined;
  readonly duplicates?: number | undefined;
  readonly p50Ms?: number | undefined;
  readonly p95Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  /** How late the load itself sent requests of a steady load: this is part of the times above. */
  readonly lateP50Ms?: number | undefined;
  readonly lateP99Ms?: number | undefined;
  readonly bytesPerRequest?: number | undefined;
  /** Processor time of the server, of its threads that write, of the one that adds up, and of the load. */
  readonly serverCpuMs?: number | undefined;
  readonly storageCpuMs?: number | undefined;
  readonly sumsCpuMs?: number | undefined;
  readonly loadCpuMs?: number | undefined;
  readonly commits?: number | undefined;
  readonly commitSeconds?: number | undefined;
  readonly halfLoad?: HalfLoad | undefined;
}

/** The same target, under half of its full load. */
export interface HalfLoad {
  /** How many requests a second were due. */
  readonly perSecond: number;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** How late the load itself sent requests although a connection was free: this is part of the times above. */
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
    /** How many requests a second were due; undefined where each connection sent as soon as it had its answer. */
    readonly perSecond?: number | undefined;
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
export const sumsCpuMs: Value = ({ sumsCpuMs: follower, requests }) => ratio(follower, requests);
/** For a request; divided by its records, it is the processor time that storage takes for each record sent. */
export const storageCpuMs: Value = ({ storageCpuMs: writer, requests }) => ratio(writer, requests);

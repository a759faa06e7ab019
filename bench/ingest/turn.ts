/** One server's turn in a round: full load and then half of it, or a steady load. */
import type { LoadResult, RunCommand } from "../load/load.ts";
import { leadInOf, type WorkloadName } from "../load/workload.ts";
import { cpuMsOf, cpuMsOfThreads, STORAGE_THREADS, SUMS_THREADS } from "../machine.ts";
import type { MeteringTarget, Target } from "../servers/targets.ts";
import type { startLoad } from "../worker.ts";
import type { HalfLoad, Round } from "./report.ts";

export interface TurnSettings {
  readonly load: ReturnType<typeof startLoad>;
  readonly workload: WorkloadName;
  readonly connections: number;
}

export interface Turn {
  readonly target: Target;
  /** The target as a metering service, where it is one. */
  readonly meter: MeteringTarget | undefined;
  readonly round: number;
  readonly seconds: number;
  /** How many requests are prepared. */
  readonly prepared: number;
}

/** Half load needs half as many requests in the same time, or some more, because they come at random times. */
export const FULL_AND_HALF = 1.6;

/** Sends the prepared requests from the first one on. */
export async function fullLoad(settings: TurnSettings, turn: Turn): Promise<Round> {
  const leadIn = await sendLeadIn(settings, turn);
  // A metering service needs enough unsent requests for half load; a server that keeps nothing gets the same ones again.
  const requestsMax = turn.meter && Math.floor((turn.prepared - leadIn) / FULL_AND_HALF);
  const full = await measured(settings, turn, {
    goOn: leadIn > 0,
    seconds: turn.seconds,
    ...(requestsMax === undefined ? {} : { requestsMax }),
  });
  return roundOf(turn, full);
}

/** Sends the prepared requests from the first one on, this many a second, however many the server could answer. */
export async function steadyLoad(settings: TurnSettings, turn: Turn, perSecond: number): Promise<Round> {
  const leadIn = await sendLeadIn(settings, turn);
  const steady = await measured(settings, turn, { goOn: leadIn > 0, seconds: turn.seconds, perSecond });
  const { lateP50Ms, lateP99Ms } = steady.result;
  return { ...roundOf(turn, steady), lateP50Ms, lateP99Ms };
}

/** Answers how many requests were sent; the part has no time limit. */
async function sendLeadIn(settings: TurnSettings, turn: Turn): Promise<number> {
  const leadIn = leadInOf(settings.workload);
  if (leadIn > 0) await measured(settings, turn, { requestsMax: leadIn, seconds: Number.MAX_SAFE_INTEGER });
  return leadIn;
}

function roundOf(turn: Turn, { result, ...used }: Measured): Round {
  return {
    target: turn.target.name,
    round: turn.round,
    requests: result.answers,
    seconds: result.seconds,
    acceptedRecords: result.acceptedRecords,
    replays: result.replays,
    duplicates: result.duplicates,
    p50Ms: result.p50Ms,
    p95Ms: result.p95Ms,
    p99Ms: result.p99Ms,
    bytesPerRequest: result.bytesPerRequest,
    loadCpuMs: result.cpuMs,
    ...used,
  };
}

/** Sends the requests that follow those of the full load. */
export async function halfLoad(settings: TurnSettings, turn: Turn, full: Round): Promise<HalfLoad> {
  const perSecond = full.requests / full.seconds / 2;
  const { result, serverCpuMs } = await measured(settings, turn, { goOn: true, seconds: full.seconds, perSecond });
  const { seconds, p50Ms, p95Ms, p99Ms, lateP50Ms, lateP99Ms, cpuMs: loadCpuMs } = result;
  const requests = result.answers;
  return { perSecond, requests, seconds, p50Ms, p95Ms, p99Ms, lateP50Ms, lateP99Ms, serverCpuMs, loadCpuMs };
}

interface Measured extends Pick<Round, "serverCpuMs" | "storageCpuMs" | "sumsCpuMs" | "commits" | "commitSeconds"> {
  readonly result: LoadResult;
}

/** Throws where an answer is wrong, or where other records were kept than acknowledged. */
async function measured(
  { load, connections }: TurnSettings,
  { target, meter }: Turn,
  command: Pick<RunCommand, "seconds" | "goOn" | "requestsMax" | "perSecond">,
): Promise<Measured> {
  const { name, pid, port } = target;
  const meterBefore = await readMeter(meter);
  const cpuBefore = cpuMsOfAll(target);
  const storageBefore = cpuMsOfThreads(pid, STORAGE_THREADS);
  const sumsBefore = cpuMsOfThreads(pid, SUMS_THREADS);
  const kind = { expectSuccess: meter !== undefined, repeat: meter === undefined };
  const result = await load.call({ kind: "run", port, connections, ...kind, ...command });
  const cpuAfter = cpuMsOfAll(target);
  const storageAfter = cpuMsOfThreads(pid, STORAGE_THREADS);
  const sumsAfter = cpuMsOfThreads(pid, SUMS_THREADS);
  const meterAfter = await readMeter(meter);
  if (result.failures > 0) {
    throw new Error(`${name}: ${result.failures} of ${result.answers} answers failed: ${result.firstFailure}`);
  }
  const kept = difference(meterAfter?.records, meterBefore?.records);
  if (kept !== undefined && kept !== result.acceptedRecords) {
    throw new Error(`${name}: ${kept} records kept, ${result.acceptedRecords} acknowledged as new.`);
  }
  return {
    result,
    serverCpuMs: difference(cpuAfter, cpuBefore),
    storageCpuMs: difference(storageAfter, storageBefore),
    sumsCpuMs: difference(sumsAfter, sumsBefore),
    commits: difference(meterAfter?.commits, meterBefore?.commits),
    commitSeconds: difference(meterAfter?.commitSeconds, meterBefore?.commitSeconds),
  };
}

/** A helper that began during the turn counts from nothing; one that ended is not counted. */
function cpuMsOfAll({ pid, helpers }: Target): number | undefined {
  const own = cpuMsOf(pid);
  return own === undefined ? undefined : (helpers?.() ?? []).reduce((sum, helper) => sum + (cpuMsOf(helper) ?? 0), own);
}

interface MeterReadings {
  readonly records: number;
  readonly commits: number;
  readonly commitSeconds: number;
}

async function readMeter(meter: MeteringTarget | undefined): Promise<MeterReadings | undefined> {
  if (meter === undefined) return undefined;
  return {
    records: await meter.metric("countinghouse_metering_records_total"),
    commits: await meter.metric("countinghouse_commit_seconds_count"),
    commitSeconds: await meter.metric("countinghouse_commit_seconds_sum"),
  };
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}

/**
 * The load, in a process of its own. It makes and signs requests before the measured time, and then sends them over keep-alive
 * connections. The parent process sends commands as messages, and gets the answers so.
 */
import { asAnswersCome, atTimes, poissonOffsetsMs } from "./arrivals.ts";
import { Progress, type Counts, type ReadyRequest } from "./progress.ts";
import { PRODUCT_CODE, RecordMaker } from "./records.ts";
import { Sending } from "./sending.ts";
import { signedRequest } from "./signed-request.ts";
import { signedRegistrations } from "./tasks.ts";
import { prepareWakeUp } from "./wake-up.ts";
import { plannedRequests, type WorkloadName } from "./workload.ts";

interface PrepareCommand {
  readonly kind: "prepare";
  readonly count: number;
  /** `full` by default. */
  readonly workload?: WorkloadName;
  /** All regions by default; the first command decides. */
  readonly regions?: readonly string[];
  /** Sends RegisterUsage of this many tasks, from the first one on, in place of usage. */
  readonly tasks?: { readonly secretsKeyFile: string; readonly first: number };
}

export interface RunCommand {
  readonly kind: "run";
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  /** Whether the answers are a metering service's, in which every record is a success or a duplicate. */
  readonly expectSuccess: boolean;
  /** Begins again with the first request after the last one, and does not end early. */
  readonly repeat: boolean;
  /** Goes on where the run before ended, not with the first request. Only for the same server. */
  readonly goOn?: boolean;
  /** The most requests to send. */
  readonly requestsMax?: number;
  /** An open loop with this many requests a second; without it, each connection sends as soon as it has its answer. */
  readonly perSecond?: number;
}

export type LoadCommand = PrepareCommand | RunCommand;

export interface LoadResult extends Counts {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** How late the load itself sent requests. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly bytesPerRequest: number;
  /** Processor time of this process. */
  readonly cpuMs: number;
}

let maker: RecordMaker | undefined;
let requests: ReadyRequest[] = [];
let progress: Progress | undefined;
/** How many requests have been sent to a server that keeps what it is sent. */
let used = 0;

process.on("message", (command: LoadCommand) => {
  void obey(command).then((result) => process.send?.(result ?? {}));
});
process.on("disconnect", () => process.exit());

async function obey(command: LoadCommand): Promise<LoadResult | undefined> {
  if (command.kind === "run") return run(command);
  prepare(command);
  return undefined;
}

function prepare({ count, workload = "full", regions, tasks }: PrepareCommand): void {
  const nowMs = Date.now();
  if (tasks !== undefined) {
    const made = signedRegistrations(tasks.secretsKeyFile, tasks.first, count, nowMs);
    requests = made.map((bytes) => ({ bytes, recordCount: 0, replayOf: undefined, duplicate: undefined }));
    progress = undefined;
    return;
  }
  maker ??= new RecordMaker(nowMs, regions);
  // Keys that no server has seen count as new.
  const unused = requests.slice(used).filter(({ replayOf }) => replayOf === undefined);
  maker.takeBack(unused.reduce((sum, { recordCount }) => sum + recordCount, 0));
  used = 0;
  progress = undefined;
  requests = [];
  for (const { records, region, replayOf, duplicate } of plannedRequests(workload, maker, count)) {
    const body = JSON.stringify({ UsageRecords: records, ProductCode: PRODUCT_CODE });
    const bytes = signedRequest(body, region, nowMs);
    requests.push({ bytes, recordCount: records.length, replayOf, duplicate });
  }
  if (!maker.isInWindow) throw new Error("The keys of the acceptance window are used up: fewer rounds, please.");
}

async function run(command: RunCommand): Promise<LoadResult> {
  if (progress === undefined || command.goOn !== true) progress = new Progress(requests, command);
  progress.allow(command.requestsMax ?? Number.POSITIVE_INFINITY);
  const sending = new Sending(command.port, command.connections, progress);
  await sending.open();
  const { perSecond } = command;
  const offsetsMs = perSecond === undefined ? undefined : poissonOffsetsMs(perSecond, command.seconds);
  const wakeUp = offsetsMs && (await prepareWakeUp(offsetsMs, () => sending.wake()));
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  wakeUp?.start();
  await sending.run(offsetsMs ? atTimes(startMs, offsetsMs) : asAnswersCome(startMs + command.seconds * 1000));
  if (!command.repeat) used = Math.max(used, progress.sent);
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  sending.close();
  await wakeUp?.stop();
  const tookMs = sending.tookMs.toSorted((a, b) => a - b);
  const lateMs = sending.lateMs.toSorted((a, b) => a - b);
  return {
    ...progress.counts(),
    seconds,
    p50Ms: quantile(tookMs, 0.5),
    p95Ms: quantile(tookMs, 0.95),
    p99Ms: quantile(tookMs, 0.99),
    lateP50Ms: quantile(lateMs, 0.5),
    lateP99Ms: quantile(lateMs, 0.99),
    bytesPerRequest: Math.round(mean(requests.map(({ bytes }) => bytes.length))),
    cpuMs: (cpu.user + cpu.system) / 1000,
  };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The load, in a process of its own: requests are made and signed before the time that is measured, then sent over
 * keep-alive connections, each of which waits for its answer before it sends the next.
 *
 * Commands come in, and answers go out, as messages of the parent process.
 */
import { Connection } from "./connection.ts";
import { RECORDS_PER_REQUEST, RequestMaker } from "./requests.ts";

export type LoadCommand =
  | { readonly kind: "prepare"; readonly count: number }
  | {
      readonly kind: "run";
      readonly port: number;
      readonly seconds: number;
      readonly connections: number;
      /** Whether the answers are a metering service's, with every record a success. */
      readonly expectSuccess: boolean;
      /** Begin again with the first request after the last, instead of ending early. */
      readonly repeat: boolean;
    };

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesPerRequest: number;
  readonly failures: number;
  readonly firstFailure: string | undefined;
  readonly sampled: number;
  /** Of this process. */
  readonly cpuMs: number;
}

const SAMPLE_EVERY = 16;
const maker = new RequestMaker(Date.now());
let requests: Buffer[] = [];

process.on("message", (command: LoadCommand) => {
  void obey(command).then((result) => process.send?.(result ?? {}));
});
process.on("disconnect", () => process.exit());

async function obey(command: LoadCommand): Promise<LoadResult | undefined> {
  if (command.kind === "run") return run(command);
  const nowMs = Date.now();
  requests = Array.from({ length: command.count }, () => maker.next(nowMs));
  return undefined;
}

async function run(command: Extract<LoadCommand, { kind: "run" }>): Promise<LoadResult> {
  const tooksMs: number[] = [];
  let sent = 0;
  let failures = 0;
  let firstFailure: string | undefined;
  let sampled = 0;
  let endsAtMs = 0;
  const exchange = {
    next: () => {
      if (performance.now() >= endsAtMs) return undefined;
      if (sent >= requests.length && !command.repeat) return undefined;
      sent += 1;
      return requests[(sent - 1) % requests.length];
    },
    onAnswer: (status: number, tookMs: number, body: string | undefined) => {
      tooksMs.push(tookMs);
      if (body !== undefined) sampled += 1;
      const good = status === 200 && (body === undefined || !command.expectSuccess || allSucceeded(body));
      if (good) return;
      failures += 1;
      firstFailure ??= `${status} ${body ?? ""}`;
    },
    sampleEvery: SAMPLE_EVERY,
  };
  const connections = Array.from({ length: command.connections }, () => new Connection(command.port, exchange));
  await Promise.all(connections.map((connection) => connection.open()));
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  endsAtMs = startMs + command.seconds * 1000;
  await Promise.all(connections.map((connection) => connection.run()));
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  for (const connection of connections) connection.close();
  tooksMs.sort((a, b) => a - b);
  return {
    answers: tooksMs.length,
    seconds,
    p50Ms: tooksMs[Math.floor(tooksMs.length * 0.5)] ?? 0,
    p99Ms: tooksMs[Math.floor(tooksMs.length * 0.99)] ?? 0,
    bytesPerRequest: requests[0]?.length ?? 0,
    failures,
    firstFailure,
    sampled,
    cpuMs: (cpu.user + cpu.system) / 1000,
  };
}

function allSucceeded(body: string): boolean {
  const { Results: results } = JSON.parse(body) as { Results?: { Status: string }[] };
  return results?.length === RECORDS_PER_REQUEST && results.every(({ Status: status }) => status === "Success");
}

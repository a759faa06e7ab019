/** Starts senders as processes, to be killed and stopped. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "./server.ts";

export interface SenderSettings {
  readonly endpoint: string;
  /** See `storeAt`. */
  readonly store: string;
  /** Where it ends or stops itself: at the nth time (from 0) that it reaches a point. `jumpMs`: how long it was stopped. */
  readonly at?: {
    readonly point: string;
    readonly nth: number;
    readonly signal: "SIGKILL" | "SIGSTOP";
    readonly jumpMs?: number;
  };
  /** How far this process' clock goes ahead: leases of senders that ended before are over then. */
  readonly machineAheadMs: number;
  /** Records readings while it delivers. */
  readonly record?: {
    readonly from: number;
    readonly count: number;
    readonly tenants: readonly string[];
    readonly atMs: number;
  };
}

interface Sender {
  readonly process: ChildProcess;
  /** The lines that it has printed so far. */
  lines(): readonly string[];
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stderr: string;
  }>;
}

const PROGRAM = fileURLToPath(new URL("../outbox/sender-process.ts", import.meta.url));

export function startSender(settings: SenderSettings): Sender {
  const child = spawn(process.execPath, [...NODE_FLAGS, PROGRAM, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Awaited<Sender["ended"]>>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal, stderr })),
  );
  // A last line that is not whole was not said.
  return { process: child, ended, lines: () => stdout.split("\n").slice(0, -1) };
}

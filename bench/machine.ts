/** The machine of the figures, and what a process costs. Figures of processes come from Linux; elsewhere they are n/a. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, readdirSync, statfsSync, writeSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly commit: string;
  /** Flushes to a file system in memory cost nothing: figures of a durable store mean nothing there. */
  readonly memoryFileSystem: boolean;
  /** Median time to append 4 KiB to a file and flush it, before the measured time. */
  readonly flushMs: number;
}

const TMPFS_MAGIC = 0x01021994;

export function machineOf(folder: string): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
    memoryFileSystem: statfsSync(folder).type === TMPFS_MAGIC,
    flushMs: flushMs(folder),
  };
}

/** The names of the embedded engine's threads: the writer thread, and the checkpoint thread. */
export const STORAGE_THREADS: readonly string[] = ["ledger-writer", "ledger-checkpoint"];

/** The embedded engine's thread that adds up entries. */
export const SUMS_THREADS: readonly string[] = ["ledger-sums"];

/** Processor time that a process has used, user and system. */
export function cpuMsOf(pid: number): number | undefined {
  return cpuMsIn(procFile(pid, "stat"));
}

/** The same for some threads of a process. Node gives the system a worker's name, of which it keeps 15 characters. */
export function cpuMsOfThreads(pid: number, names: readonly string[]): number | undefined {
  const kept = names.map((name) => name.slice(0, 15));
  const threads = threadsOf(pid).filter((id) => kept.includes(procFile(pid, `task/${id}/comm`)?.trim() ?? ""));
  if (threads.length === 0) return undefined;
  return threads.reduce((sum, id) => sum + (cpuMsIn(procFile(pid, `task/${id}/stat`)) ?? 0), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function cpuMsIn(stat: string | undefined): number | undefined {
  // Fields of proc_pid_stat(5) after the command's name in brackets; ticks are a hundredth of a second to user space.
  const fields = stat?.split(") ").at(-1)?.split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * 10;
}

/** `VmRSS` is what a process holds now, `VmHWM` the most it ever held. */
export function memoryMiBOf(pid: number, field: "VmRSS" | "VmHWM"): number | undefined {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(procFile(pid, "status") ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function procFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

function commit(): string {
  try {
    const dirty = git("status", "--porcelain", "--", "packages", "bench") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${dirty ? " with local changes" : ""}`;
  } catch {
    return "unknown";
  }
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

/** Median time, now, to append 4 KiB to a file in a folder and flush it. */
export function flushMs(folder: string): number {
  const file = openSync(join(folder, "flush"), "a");
  const block = Buffer.alloc(4_096, 1);
  const tookMs: number[] = [];
  for (let i = 0; i < 101; i += 1) {
    const startMs = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    tookMs.push(performance.now() - startMs);
  }
  closeSync(file);
  return tookMs.toSorted((a, b) => a - b)[50] ?? Number.NaN;
}

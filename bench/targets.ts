/** The servers that are compared, each a process of its own. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { catalogueText } from "./requests.ts";

export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface MeteringTarget extends Target {
  /** A metric's samples, added up. */
  metric(name: string): Promise<number>;
  /** Bytes of the data folder. */
  diskBytes(): number;
}

const SOURCE_FLAG = "--conditions=@countinghouse/source";
const READY_TRIES = 1_200;
const READY_TRY_MS = 50;

export async function startFloor(name: string): Promise<Target> {
  const child = fork(new URL("floor.ts", import.meta.url), { execArgv: [SOURCE_FLAG] });
  const port = await new Promise<number>((resolve) => child.once("message", resolve as (port: unknown) => void));
  return { name, pid: pidOf(child), port, stop: () => stopped(child) };
}

/** `workspace` is the checkout whose server is run, `folder` an empty one for its data. */
export async function startCountinghouse(name: string, workspace: string, folder: string): Promise<MeteringTarget> {
  const store = join(folder, "ledger");
  const catalogFile = join(folder, "catalogue.yaml");
  const readyFile = join(folder, "ready.json");
  mkdirSync(folder, { recursive: true });
  writeFileSync(catalogFile, catalogueText());
  const main = join(workspace, "packages/server/src/main.ts");
  const flags = ["--port", "0", "--store", `sqlite:${store}`, "--catalog", catalogFile, "--rules", "current"];
  const child = spawn(process.execPath, [SOURCE_FLAG, main, "serve", ...flags, "--ready-file", readyFile], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { endpoint } = await ready(child, () => JSON.parse(readFileSync(readyFile, "utf8")) as { endpoint: string });
  return {
    name,
    pid: pidOf(child),
    port: Number(new URL(endpoint).port),
    metric: async (metric) => {
      const text = await (await fetch(`${endpoint}/metrics`)).text();
      const samples = text.split("\n").filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`));
      return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    diskBytes: () => sizeOf(join(store, "ledger.sqlite")) + sizeOf(join(store, "ledger.sqlite-wal")),
    stop: () => stopped(child),
  };
}

/** Undefined where it is not installed. */
export async function startMoto(name: string): Promise<Target | undefined> {
  const port = await freePort();
  const child = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const missing = await new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(true));
    child.once("spawn", () => resolve(false));
  });
  if (missing) return undefined;
  for (let i = 0; i < READY_TRIES && child.exitCode === null; i += 1) {
    if (await listens(port)) return { name, pid: pidOf(child), port, stop: () => stopped(child) };
    await sleep(READY_TRY_MS);
  }
  return undefined;
}

async function ready<T>(child: ChildProcess, look: () => T): Promise<T> {
  for (let i = 0; i < READY_TRIES && child.exitCode === null; i += 1) {
    try {
      return look();
    } catch {
      await sleep(READY_TRY_MS);
    }
  }
  throw new Error("The server did not get ready.");
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("A process could not be started.");
  return child.pid;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

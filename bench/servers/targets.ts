/** The servers that are compared, each a process of its own. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { PostgresServer } from "../../test/support/postgres/postgres-server.ts";
import { catalogueText } from "../load/records.ts";

export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** The ids of other processes that work for the target. */
  readonly helpers?: () => readonly number[];
  stop(): Promise<void>;
}

export interface MeteringTarget extends Target {
  /** The sum of a metric's samples. */
  metric(name: string): Promise<number>;
  /** Recomputes the whole chain, beside whatever else the server does. */
  verifyTrail(): Promise<{ readonly intact: boolean; readonly entries: number }>;
  /** Calls the operator API. Throws where the answer is no success. */
  readonly call: (method: string, path: string, body?: object) => Promise<unknown>;
  /** What a route of the operator API sends without an end. */
  readonly stream: (path: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  readonly secretsKeyFile: string;
  /** The size of the data folder in bytes. */
  diskBytes(): number;
}

interface Ready {
  readonly endpoint: string;
  readonly operatorToken: string;
}

const SOURCE_FLAG = "--conditions=@countinghouse/source";
const READY_TRIES = 1_200;
const READY_TRY_MS = 50;

export function startFloor(name: string): Promise<Target> {
  return startBare(name, "floor.ts", []);
}

/** A bound (`least.ts`); `file` is the one to which `flushed` appends. */
export function startLeast(bound: "signed" | "flushed", file: string): Promise<Target> {
  return startBare(bound, "least.ts", [bound, file]);
}

async function startBare(name: string, module: string, args: string[]): Promise<Target> {
  const child = fork(new URL(module, import.meta.url), args, { execArgv: [SOURCE_FLAG] });
  const port = await new Promise<number>((resolve) => child.once("message", resolve as (port: unknown) => void));
  return { name, pid: pidOf(child), port, stop: () => stopped(child) };
}

/** `workspace` is the checkout whose server is started, `folder` an empty one for its data, `more` are flags of `serve`. */
export function startCountinghouse(
  name: string,
  workspace: string,
  folder: string,
  more: readonly string[] = [],
): Promise<MeteringTarget> {
  const main = join(workspace, "packages/server/src/main.ts");
  return startServer(name, folder, ({ store, catalogFile, readyFile }) => {
    const flags = ["--port", "0", "--store", `sqlite:${store}`, "--catalog", catalogFile, "--rules", "current"];
    return [main, "serve", ...flags, ...more, "--ready-file", readyFile];
  });
}

/** The same over a PostgreSQL of its own, on this machine, with that PostgreSQL's default settings. */
export async function startOnPostgres(name: string, workspace: string, folder: string): Promise<MeteringTarget> {
  const postgres = await PostgresServer.make();
  const main = join(workspace, "packages/server/src/main.ts");
  const keyFile = join(folder, "secrets.key");
  mkdirSync(folder, { recursive: true });
  writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o600 });
  const node = await startServer(name, folder, ({ catalogFile, readyFile }) => {
    const flags = ["--port", "0", "--store", postgres.url(), "--catalog", catalogFile, "--rules", "current"];
    const shared = ["--secrets-key-file", keyFile, "--operator-token", randomBytes(16).toString("hex")];
    return [main, "serve", ...flags, ...shared, "--ready-file", readyFile];
  }).catch(async (error: unknown) => {
    await postgres.remove();
    throw error;
  });
  let bytesAtEnd = 0;
  const bytes = (): number => treeSize(join(postgres.dataFolder, "base"));
  return {
    ...node,
    secretsKeyFile: keyFile,
    helpers: () => [postgres.pid, ...childrenOf(postgres.pid)],
    diskBytes: () => bytesAtEnd || bytes(),
    stop: async () => {
      if (bytesAtEnd > 0) return;
      await node.stop();
      // Afterwards all pages are in their places.
      await postgres.query("CHECKPOINT");
      bytesAtEnd = bytes();
      await postgres.remove();
    },
  };
}

/** The same, without what makes its entries an audit trail. */
export function startWithoutTrail(name: string, folder: string): Promise<MeteringTarget> {
  const main = fileURLToPath(new URL("without-trail.ts", import.meta.url));
  return startServer(name, folder, ({ store, catalogFile, readyFile }) => [main, store, catalogFile, readyFile]);
}

interface ServerFiles {
  readonly store: string;
  readonly catalogFile: string;
  readonly readyFile: string;
}

async function startServer(
  name: string,
  folder: string,
  program: (files: ServerFiles) => readonly string[],
): Promise<MeteringTarget> {
  const store = join(folder, "ledger");
  const catalogFile = join(folder, "catalogue.yaml");
  const readyFile = join(folder, "ready.json");
  mkdirSync(folder, { recursive: true });
  writeFileSync(catalogFile, catalogueText());
  const child = spawn(
    process.execPath,
    [
      ...(process.env["PROF"] ? ["--cpu-prof", "--cpu-prof-dir=/tmp/prof"] : []),
      SOURCE_FLAG,
      ...program({ store, catalogFile, readyFile }),
    ],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const { endpoint, operatorToken } = await ready(child, () => JSON.parse(readFileSync(readyFile, "utf8")) as Ready);
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/operator/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    name,
    pid: pidOf(child),
    port: Number(new URL(endpoint).port),
    secretsKeyFile: join(store, "secrets.key"),
    call,
    stream: async (path, signal) => {
      const headers = { authorization: `Bearer ${operatorToken}`, accept: "text/event-stream" };
      const answer = await fetch(`${endpoint}/operator/v1${path}`, { headers, signal });
      if (!answer.ok || answer.body === null) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.body;
    },
    verifyTrail: async () =>
      (await call("GET", "/audit-verification")) as { readonly intact: boolean; readonly entries: number },
    metric: async (metric) => {
      const text = await (await fetch(`${endpoint}/metrics`)).text();
      const samples = text.split("\n").filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`));
      return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    diskBytes: () => sizeOf(join(store, "ledger.sqlite")) + sizeOf(join(store, "ledger.sqlite-wal")),
    stop: () => stopped(child),
  };
}

/** Undefined where moto is not installed. */
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

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function treeSize(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + sizeOf(join(parentPath, name)), 0);
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

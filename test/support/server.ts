/** Starts the real server as a process of its own, as an operator does, and calls it. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { MarketplaceEntitlementServiceClient } from "@aws-sdk/client-marketplace-entitlement-service";
import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";
import { speaksCbor } from "./in-cbor.ts";

export const MAIN = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));
export const NODE_FLAGS = ["--conditions=@countinghouse/source"];
/** The scripts' compile cache; it shortens a start by a third, and the suites start some hundred servers. */
export const NODE_COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url));

/** The seller of packages/server/src/catalogue/demo.yaml; another endpoint may know the seller by other keys. */
export const DEMO = {
  accessKeyId: process.env["WIRE_ACCESS_KEY_ID"] ?? "AKIACOUNTINGHOUSE001",
  secretAccessKey: process.env["WIRE_SECRET_ACCESS_KEY"] ?? "example-secret",
  productCode: "0abcdefghijklmnopqrstuvwx",
  seller: "111122223333",
  customers: ["demoCustomer1", "demoCustomer2"],
  dimensions: ["gb_ingested", "queries", "seats"],
} as const;

/** The demo catalogue's contract product, and the customers that have an agreement for it. */
export const CONTRACT = {
  productCode: "2abcdefghijklmnopqrstuvwx",
  /** Named by identifier, account and licence; entitled to all four dimensions. */
  identified: {
    CustomerIdentifier: "demoCustomer1",
    CustomerAWSAccountId: "444455556666",
    LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000004",
  },
  /** Named by account and licence only; entitled to two dimensions. */
  licensed: {
    CustomerAWSAccountId: "222233334444",
    LicenseArn: "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000005",
  },
} as const;

type ServerProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Whatever serves: a process of its own, or a market in this one (`demo-market.ts`). */
export interface Served {
  readonly endpoint: string;
  readonly operatorUrl: string;
  readonly operatorToken: string;
  /** Calls the operator API; answers status and JSON. */
  operator(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
}

export interface RunningServer extends Served {
  readonly process: ChildProcess;
  /** What the server has printed so far, errors included. */
  output(): string;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Starts the process, and does not wait for it to be ready. */
export function spawnServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main: string = MAIN,
): ServerProcess {
  return spawn(process.execPath, [...NODE_FLAGS, main, "serve", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE, ...env },
  });
}

/** Adds `--port 0` and a ready file to `args`. `main`: the command line of another version. */
export async function startServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main: string = MAIN,
): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-ready-"));
  const readyFile = join(folder, "ready.json");
  const child = spawnServer(["--port", "0", "--ready-file", readyFile, ...args], env, main);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = await waitForReady(readyFile, child, () => output).finally(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  return {
    ...ready,
    process: child,
    output: () => output,
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    operator: operatorCaller(ready),
  };
}

/** Calls of a server's operator API, with its token. */
export function operatorCaller({
  operatorUrl,
  operatorToken,
}: Pick<Served, "operatorUrl" | "operatorToken">): Served["operator"] {
  return async (method, path, body) => {
    const response = await fetch(`${operatorUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
}

const NEVER_MS = "1000000000";

/** Runs `countinghouse` to its end; answers what it printed and its exit code. `input` is its standard input. */
export function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      // The caller's FORCE_COLOR is meant for the tests' own output.
      // How far a command has come is told only where a test asks for it, however slow the machine is.
      env: { ...process.env, NODE_COMPILE_CACHE, FORCE_COLOR: "", COUNTINGHOUSE_PROGRESS_AFTER_MS: NEVER_MS, ...env },
      // A command that does not end must not outlive the test.
      timeout: 30_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // A command that reads no input may end before the input is written.
    child.stdin.on("error", () => undefined).end(input);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder for one test's data. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "countinghouse-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The protocol that `test/wire/in-cbor/` chooses for its suites, as the official clients' class for it. */
function officialProtocol(): { readonly protocol?: typeof AwsSmithyRpcV2CborProtocol } {
  return speaksCbor("official") ? { protocol: AwsSmithyRpcV2CborProtocol } : {};
}

/** The official client, unchanged but for its endpoint. */
export function officialClient(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string } = DEMO,
  region = "us-east-1",
): MarketplaceMeteringClient {
  const { accessKeyId, secretAccessKey } = credentials;
  return new MarketplaceMeteringClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    ...officialProtocol(),
  });
}

/** The official client of the entitlement service, unchanged but for its endpoint. */
export function officialEntitlementClient(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string } = DEMO,
): MarketplaceEntitlementServiceClient {
  const { accessKeyId, secretAccessKey } = credentials;
  return new MarketplaceEntitlementServiceClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
    ...officialProtocol(),
  });
}

/** The official client of CloudTrail, unchanged but for its endpoint. */
export function officialTrailClient(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string } = DEMO,
  region = "us-east-1",
): CloudTrailClient {
  const { accessKeyId, secretAccessKey } = credentials;
  return new CloudTrailClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    ...officialProtocol(),
  });
}

interface Ready {
  readonly endpoint: string;
  readonly operatorUrl: string;
  readonly operatorToken: string;
}

async function waitForReady(file: string, child: ChildProcess, output: () => string): Promise<Ready> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 25) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`The server ended with ${ended}:\n${output()}`);
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Ready;
    } catch {
      await new Promise((resume) => setTimeout(resume, 25));
    }
  }
  child.kill("SIGKILL");
  throw new Error(`The server did not get ready:\n${output()}`);
}

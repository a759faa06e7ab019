/**
 * Runs an SDK's program: scenarios as JSON on its standard input, what came of each call as JSON on its standard output.
 * docs/SDKS.md says what both look like.
 */
import { spawn } from "node:child_process";
import { temporaryFolder } from "../support/server.ts";
import type { Keys } from "./market.ts";
import type { Sdk } from "./sdks.ts";

export interface Call {
  readonly service: "metering" | "entitlement" | "cloudtrail";
  readonly operation: string;
  /** As on the wire, but for times: ISO 8601. */
  readonly input: object;
}

export interface Scenario {
  readonly endpoint: string;
  readonly region: string;
  /** Without them, the SDK finds its credentials in the environment, as it does where it runs. */
  readonly credentials?: Keys;
  /** All calls are under way at once, from a time on; else one follows the other. */
  readonly atOnce?: true;
  readonly notBeforeMs?: number;
  readonly calls: readonly Call[];
}

export interface Answer {
  readonly output?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly name: string; readonly message: string };
}

const PROGRAM_TIMEOUT_MS = 100_000;

export const meter = (operation: string, input: object): Call => ({ service: "metering", operation, input });

/** What came of the calls of each scenario. The program knows nothing of the environment here but where programs are. */
export async function runScenarios(
  { command: [file = "", ...args], protocol }: Sdk,
  scenarios: readonly Scenario[],
  environment: Readonly<Record<string, string>> = { AWS_EC2_METADATA_DISABLED: "true" },
): Promise<readonly (readonly Answer[])[]> {
  // Of its own: the AWS CLI keeps session credentials there.
  const home = temporaryFolder();
  const child = spawn(file, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: home.path,
      LC_ALL: "C.UTF-8",
      AWS_CONFIG_FILE: "/nowhere",
      AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
      AWS_PAGER: "",
      // Python's default is a second and one attempt, which a machine under load does not keep.
      AWS_METADATA_SERVICE_TIMEOUT: "20",
      ...environment,
    },
    timeout: PROGRAM_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin
    .on("error", () => undefined)
    .end(JSON.stringify(scenarios.map((scenario) => ({ ...scenario, protocol }))));
  const code = await new Promise((resolve) => child.once("close", resolve));
  home.remove();
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}: ${stderr}${stdout}`);
  // Some print members that have no value.
  return JSON.parse(stdout, (_name, value: unknown) => value ?? undefined) as Answer[][];
}

export const idsOf = ({ output }: Answer): unknown[] =>
  ((output?.["Results"] ?? []) as { readonly MeteringRecordId?: string }[]).map((result) => result.MeteringRecordId);

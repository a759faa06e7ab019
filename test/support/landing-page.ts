/** The example seller's landing page, as a process of its own that uses a given server. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "./server.ts";
import { until } from "./until.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/landing-page.ts", import.meta.url));

export interface LandingPage {
  readonly url: string;
  /** What it has printed so far, errors included. */
  output(): string;
  stop(): void;
}

export async function startLandingPage(endpoint: string): Promise<LandingPage> {
  const child = spawn(process.execPath, [...NODE_FLAGS, EXAMPLE], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PORT: "0", AWS_ENDPOINT_URL_MARKETPLACE_METERING: endpoint },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until(() => /listens on http\S+/.test(output));
  return {
    url: /listens on (http\S+)/.exec(output)?.[1] ?? "",
    output: () => output,
    stop: () => void child.kill(),
  };
}

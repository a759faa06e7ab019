/** A command while it runs: what it has said, and how it takes a signal. */
import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { MAIN, NODE_COMPILE_CACHE, NODE_FLAGS } from "./server.ts";

interface Ended {
  /** Undefined where the process ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface StartedCommand {
  /** Resolves once standard error holds this text; rejects where the command ends without it. */
  saying(text: string): Promise<void>;
  interrupt(signal?: "SIGINT" | "SIGTERM"): void;
  readonly ended: Promise<Ended>;
}

/** It tells how far it has come from its beginning. Killed at the end of the test, if it still runs then. */
export function startCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): StartedCommand {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE, FORCE_COLOR: "", COUNTINGHOUSE_PROGRESS_AFTER_MS: "0", ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  let look: (() => void) | undefined;
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    look?.();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code: code ?? undefined, stdout, stderr }));
  });
  return {
    saying: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (stderr.includes(text)) resolve();
        };
        look();
        void ended.then(() => reject(new Error(`It ended without saying ${text}: ${stderr}`)));
      }),
    interrupt: (signal = "SIGINT") => void child.kill(signal),
    ended,
  };
}

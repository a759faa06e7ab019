/** The seller's side of a rehearsal: the landing page, and the program that meters. Both are somebody's own, and may do anything. */
import { spawn } from "node:child_process";

const TIMEOUT_MS = 30_000;
const BODY_CHARACTERS_MAX = 65_536;

export interface LandingAnswer {
  /** 0 where there was none. */
  readonly status: number;
  /** What went wrong, where there was no answer. */
  readonly trouble: string | undefined;
}

/** Posts a registration token as a buyer's browser does. */
export async function postToken(landing: string, registrationToken: string): Promise<LandingAnswer> {
  try {
    const response = await fetch(landing, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ "x-amzn-marketplace-token": registrationToken }).toString(),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return { status: response.status, trouble: undefined };
  } catch (error) {
    const { message, cause } = error as Error;
    return { status: 0, trouble: cause instanceof Error ? cause.message : message };
  }
}

/** Runs a command of the seller's in a shell; answers how it ended, with the end of what it printed. */
export function runMeter(command: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
    let output = "";
    const note = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-BODY_CHARACTERS_MAX);
    };
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      const lastLine = output.trimEnd().split("\n").at(-1) ?? "";
      resolve(code === 0 ? undefined : `it ended with ${signal ?? code}: ${lastLine}`);
    });
  });
}

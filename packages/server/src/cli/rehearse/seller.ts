/** The seller's side of a rehearsal: the landing page, and the program that meters. Both are somebody's own, and may do anything. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const TIMEOUT_MS = 30_000;
const OUTPUT_CHARACTERS_MAX = 65_536;
const PAGE_BYTES_MAX = 4 * 1_048_576;
/** For what a command has printed to arrive after its end. A program that it has left running holds its output open. */
const OUTPUT_MS = 500;

export interface LandingAnswer {
  /** 0 where there was none. */
  readonly status: number;
  /** What went wrong, where there was no answer. */
  readonly trouble: string | undefined;
}

/** Posts a registration token as a buyer's browser does, and reads the page. Throws only where the signal ends it. */
export async function postToken(
  landing: string,
  registrationToken: string,
  signal: AbortSignal,
): Promise<LandingAnswer> {
  try {
    const response = await fetch(landing, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ "x-amzn-marketplace-token": registrationToken }).toString(),
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > PAGE_BYTES_MAX) break;
    }
    return { status: response.status, trouble: undefined };
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    return { status: 0, trouble: cause instanceof Error ? cause.message : message };
  }
}

/**
 * Runs a command of the seller's in a shell; answers how it ended, with the end of what it printed. Where it takes too long, or the
 * signal ends it, all that it has started ends with it.
 */
export async function runMeter(
  command: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const child = spawn(command, {
    shell: true,
    // A group of its own, so that what the shell has started can be ended, too.
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const note = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on("data", note);
  child.stderr.on("data", note);
  const tooLong = AbortSignal.timeout(TIMEOUT_MS);
  const end = AbortSignal.any([signal, tooLong]);
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  end.addEventListener("abort", kill, { once: true });
  if (end.aborted) kill();
  try {
    const closed = once(child, "close");
    closed.catch(() => undefined);
    const [code, endedBy] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    await Promise.race([closed, sleep(OUTPUT_MS, undefined, { ref: false })]);
    if (code === 0) return undefined;
    const how = tooLong.aborted ? `it took more than ${TIMEOUT_MS / 1_000} s` : `it ended with ${endedBy ?? code}`;
    return `${how}: ${output.trimEnd().split("\n").at(-1) ?? ""}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    end.removeEventListener("abort", kill);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

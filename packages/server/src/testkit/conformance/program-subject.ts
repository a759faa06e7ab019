/** A client in any language: a program that makes one call, told and answering in JSON. */
import { spawn } from "node:child_process";
import type { ConformanceAnswer, ConformanceSubject } from "./subject.ts";

/** How the program is started. */
export interface ProgramOptions {
  readonly cwd?: string | undefined;
  /** Its whole environment. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** When it is killed, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 4 * 1_024 * 1_024;
const COMPLAINT_CHARACTERS_MAX = 2_000;

/**
 * A subject that starts a program for each call. The program reads one call from its standard input, and writes one answer to its
 * standard output; a refusal is an answer, too, so it ends with 0 then. What it writes to standard error is shown where it fails.
 *
 * A call rejects with an Error where the program cannot be started, takes too long, writes too much, or ends otherwise.
 */
export function programSubject(command: readonly string[], options: ProgramOptions = {}): ConformanceSubject {
  const [file, ...args] = command;
  if (file === undefined)
    throw new TypeError('programSubject takes a command, such as ["python3", "client.py"]; got [].');
  return async (call) => {
    const written = await outputOf(file, args, JSON.stringify(call), options);
    try {
      return JSON.parse(written) as ConformanceAnswer;
    } catch {
      throw new Error(`${file} must write one answer in JSON; it wrote ${shortened(written) || "nothing"}`);
    }
  };
}

async function outputOf(
  file: string,
  args: readonly string[],
  input: string,
  { cwd, env, timeoutMs = TIMEOUT_MS }: ProgramOptions,
): Promise<string> {
  const child = spawn(file, args, {
    cwd,
    env: env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const written: Buffer[] = [];
  let complaint = "";
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) child.kill("SIGKILL");
    else written.push(chunk);
  });
  // The end says why.
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    complaint = (complaint + chunk).slice(-COMPLAINT_CHARACTERS_MAX);
  });
  // A program may end without reading everything.
  child.stdin.on("error", () => undefined).end(input);
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  child.once("error", reject).once("close", (code, signal) => resolve({ code, signal }));
  const { code, signal } = await promise;
  if (bytes > OUTPUT_BYTES_MAX)
    throw new Error(`${file} wrote more than ${OUTPUT_BYTES_MAX} bytes to its standard output`);
  if (signal !== null)
    throw new Error(`${file} was ended by ${signal} (it may take ${timeoutMs / 1_000} s). ${complaint}`);
  if (code !== 0)
    throw new Error(`${file} ended with ${String(code)}. ${complaint || shortened(Buffer.concat(written).toString())}`);
  return Buffer.concat(written).toString("utf8");
}

function shortened(text: string): string {
  return text.trim().slice(0, COMPLAINT_CHARACTERS_MAX);
}

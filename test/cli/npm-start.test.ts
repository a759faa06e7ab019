/** `npm start`, by the real npm and the machine's shell: whoever of those between is told to end, no server is left behind. */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { newFolder, start } from "../support/scoped.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_MS_MAX = 30_000;

function whyNot(): string | undefined {
  if (process.platform === "win32") return "signals are another thing on Windows";
  try {
    execFileSync("npm", ["--version"], { stdio: "ignore" });
    execFileSync("ps", ["-p", "1"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const reason = whyNot();
if (reason !== undefined) process.stdout.write(`skipped: test/cli/npm-start.test.ts: ${reason}\n`);

interface Started {
  readonly npm: number;
  readonly server: number;
  readonly data: string;
  readonly port: string;
  output(): string;
  /** The exit code of npm, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** With npm at the head of a process group, as a terminal or a supervisor starts it. */
async function npmStart(command: readonly string[]): Promise<Started> {
  const folder = newFolder();
  const data = join(folder, "data");
  const readyFile = join(folder, "ready.json");
  const flags = ["--port", "0", "--store", `sqlite:${data}`, "--ready-file", readyFile];
  const npm = spawn("npm", [...command, ...flags], { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  npm.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  npm.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | string | null>((resolve) =>
    npm.once("exit", (code, signal) => resolve(code ?? signal)),
  );
  const pid = npm.pid ?? 0;
  onTestFinished(() => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nobody of the group is left.
    }
  });
  const ready = await until(() => JSON.parse(readFileSync(readyFile, "utf8")) as { endpoint: string; pid: number });
  return { npm: pid, server: ready.pid, data, port: new URL(ready.endpoint).port, output: () => output, ended };
}

/** What a function answers once it no longer throws. */
async function until<T>(look: () => T): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += 25) {
    try {
      return look();
    } catch (error) {
      if (waitedMs > WAIT_MS_MAX) throw error;
    }
    await delay(25);
  }
}

function parentOf(pid: number): number {
  return Number(execFileSync("ps", ["-o", "ppid=", "-p", String(pid)]).toString());
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The server said that it finishes, and has ended; its port and its folder are free. */
async function hasEnded(started: Started): Promise<void> {
  const { server, data, port } = started;
  await started.ended;
  await expect.poll(() => isThere(server), { timeout: WAIT_MS_MAX, message: started.output() }).toBe(false);
  expect(started.output()).toContain("finishing what was taken in");
  const next = await start(["--store", `sqlite:${data}`, "--port", port]);
  expect(await next.stop()).toBe(0);
}

const TARGETS: Readonly<Record<string, (started: Started) => number>> = {
  npm: ({ npm }) => npm,
  "the script": ({ server }) => parentOf(server),
  "the whole group": ({ npm }) => -npm,
};

describe.skipIf(reason !== undefined)("npm start ends", () => {
  describe.each(["SIGTERM", "SIGINT"] as const)("by %s", (signal) => {
    test.each(Object.entries(TARGETS))("to %s", async (_name, targetOf) => {
      const started = await npmStart(["start", "--"]);
      process.kill(targetOf(started), signal);
      await hasEnded(started);
    });
  });

  test("with 0, where its server does", async () => {
    const started = await npmStart(["run", "countinghouse", "--", "serve"]);
    process.kill(parentOf(started.server), "SIGTERM");
    expect(await started.ended).toBe(0);
    await hasEnded(started);
  });
});

test("every script of the workspace that runs until it is told to end stands where signals arrive", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  // A shell passes no signals on: it must have made way for the program.
  const between = Object.entries(scripts).filter(([, script]) =>
    /(?<!exec )node scripts\/(run|test)\.mjs/.test(script),
  );
  expect(between).toEqual([]);
});

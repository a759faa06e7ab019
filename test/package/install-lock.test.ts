/** The lock by which one process of a workspace installs at a time, where a killed process has left it behind. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { newFolder } from "../support/scoped.ts";

const WORKSPACE = pathToFileURL(join(import.meta.dirname, "../../scripts/workspace.mjs")).href;

/** How long a process that is about to remove the lock is held up, so that others do what they do meanwhile. */
const HELD_UP_MS = 50;

/**
 * Says that it is there, begins when it is told to, and fails where another process is inside as well. Between the look at the lock
 * and its removal there is a moment, in which another process may take it; here that moment is long.
 */
const PROGRAM = `
import fs, { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const [lock, inside] = process.argv.slice(1);
const { rmSync } = fs;
fs.rmSync = (path, options) => {
  if (path === lock) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HELD_UP_MS});
  rmSync(path, options);
};
syncBuiltinESMExports();
const { inTurn } = await import(${JSON.stringify(WORKSPACE)});
process.stdout.write("ready");
for await (const _ of process.stdin);
for (let turn = 0; turn < 3; turn += 1) {
  await inTurn(async () => {
    writeFileSync(inside, "", { flag: "wx" });
    await new Promise((resume) => setTimeout(resume, 5));
    fs.unlinkSync(inside);
  }, lock);
}`;

interface Started {
  readonly isReady: Promise<unknown>;
  readonly begin: () => void;
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>;
}

function start(args: readonly string[]): Started {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM, ...args]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return {
    isReady: once(child.stdout, "data"),
    begin: () => void child.stdin.end(),
    ended: once(child, "close").then(([code]) => ({ code: code as number | null, errors })),
  };
}

test("of processes that all find the lock of one that was killed, one removes it, and each has its turn alone", async () => {
  const folder = newFolder();
  const [lock, inside] = [join(folder, ".installing"), join(folder, "inside")];
  const { pid } = spawnSync(process.execPath, ["--eval", ""]);
  writeFileSync(lock, String(pid));
  const started = Array.from({ length: 4 }, () => start([lock, inside]));
  await Promise.all(started.map(({ isReady }) => isReady));
  for (const { begin } of started) begin();
  const ran = await Promise.all(started.map(({ ended }) => ended));
  expect(ran).toEqual(ran.map(() => ({ code: 0, errors: "" })));
  expect(readdirSync(folder)).toEqual([]);
}, 60_000);

/** The lock by which one process of a workspace installs at a time, where a killed process has left it behind. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { newFolder } from "../support/scoped.ts";

const WORKSPACE = pathToFileURL(join(import.meta.dirname, "../../scripts/workspace.mjs")).href;

/** Fails where another process is inside as well. */
const PROGRAM = `
import { rmSync, writeFileSync } from "node:fs";
import { inTurn } from ${JSON.stringify(WORKSPACE)};
const [lock, inside] = process.argv.slice(1);
for (let turn = 0; turn < 5; turn += 1) {
  await inTurn(async () => {
    writeFileSync(inside, "", { flag: "wx" });
    await new Promise((resume) => setTimeout(resume, 5));
    rmSync(inside);
  }, lock);
}`;

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM, ...args]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.once("close", (code) => resolve({ code, errors }));
  });
}

test("of processes that all find the lock of one that was killed, one removes it, and each has its turn alone", async () => {
  const folder = newFolder();
  const [lock, inside] = [join(folder, ".installing"), join(folder, "inside")];
  const { pid } = spawnSync(process.execPath, ["--eval", ""]);
  writeFileSync(lock, `${pid} of-a-process-that-was-killed`);
  const ran = await Promise.all(Array.from({ length: 6 }, () => run([lock, inside])));
  expect(ran).toEqual(ran.map(() => ({ code: 0, errors: "" })));
  expect(readdirSync(folder)).toEqual([]);
}, 60_000);

/**
 * npm run outbox:mistakes: puts the classic mistakes of metering into the outbox, one at a time, in a copy, and looks whether a
 * test notices. Exit 1 where one goes unnoticed.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { copyOf } from "./copy.ts";
import { MISTAKES } from "./mistakes.ts";

const TIMEOUT_MS = 300_000;
const TESTS = [
  "packages/outbox/src/domain",
  "packages/outbox/src/stores",
  "test/outbox/scenes",
  "test/outbox/model/model.test.ts",
];
const here = dirname(fileURLToPath(import.meta.url));
const copy = copyOf(join(here, "..", ".."));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.env["HISTORIES_RUNS"] ??= "150";

// The part of a name that those to be made have; and how many are left out before.
const [only = "", skipped = "0"] = process.argv.slice(2);
let unnoticed = 0;
const unchanged = tried();
if (unchanged.status !== 0)
  throw new Error(`The tests fail without a mistake, too:\n${unchanged.stdout}\n${unchanged.stderr}`);
const made = MISTAKES.slice(Number(skipped)).filter(({ name }) => name.includes(only));
for (const { name, file, right, wrong } of made) {
  const path = join(copy, "packages", "outbox", "src", file);
  const source = readFileSync(path, "utf8");
  if (!source.includes(right)) throw new Error(`${name}: ${file} has no ${right}`);
  writeFileSync(path, source.replaceAll(right, wrong));
  const { status, stdout, stderr } = tried();
  writeFileSync(path, source);
  const by = /FAIL\S*\s+(.*)/.exec(`${stdout}\n${stderr}`)?.[1] ?? "it does not end";
  console.log(
    status === 0 ? `NOT NOTICED: ${name}` : `noticed: ${name} (${stripVTControlCharacters(by).slice(0, 150)})`,
  );
  if (status === 0) unnoticed += 1;
}
/** One that goes on for ever is noticed, too. */
function tried() {
  return spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--bail=1", ...TESTS], {
    cwd: copy,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: 256 * 1024 * 1024,
  });
}

console.log(`${unnoticed} of ${made.length} mistakes went unnoticed.`);
if (unnoticed > 0) process.exitCode = 1;

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

const ENDLESS = "it does not end";
const TIMEOUT_MS = 600_000;
const SCENES = "test/outbox/scenes";
const STORES = "packages/outbox/src/stores";
const DOMAIN = "packages/outbox/src/domain";
const TESTS = [DOMAIN, STORES, SCENES, "test/outbox/model/model.test.ts"];
/** Where a mistake in a room is most likely seen: tried first, since all tests take a minute. */
const NEAR: readonly (readonly [string, readonly string[]])[] = [
  ["domain/binding", [`${SCENES}/bindings`, `${SCENES}/closing`]],
  ["domain/", [DOMAIN, `${SCENES}/ends`]],
  ["stores/sqlite/", [`${STORES}/sqlite`, `${SCENES}/alarms`]],
  ["stores/postgres/", [`${STORES}/postgres`]],
  ["deliver/", [`${SCENES}/ends`, `${SCENES}/trouble`, `${SCENES}/alarms`]],
  ["lifecycle/", [`${SCENES}/ends`, `${SCENES}/closing`, `${SCENES}/history`, `${SCENES}/alarms`]],
  ["", [`${SCENES}/alarms`, `${SCENES}/closing`, `${SCENES}/bindings`]],
];
const here = dirname(fileURLToPath(import.meta.url));
const copy = copyOf(join(here, "..", ".."));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.env["HISTORIES_RUNS"] ??= "150";

// The part of a name that those to be made have; and how many are left out before.
const [only = "", skipped = "0"] = process.argv.slice(2);
const unnoticed: string[] = [];
const endless: string[] = [];
const unchanged = tried(TESTS);
if (unchanged.status !== 0)
  throw new Error(`The tests fail without a mistake, too:\n${unchanged.stdout}\n${unchanged.stderr}`);
const made = MISTAKES.slice(Number(skipped)).filter(({ name }) => name.includes(only));
for (const { name, file, right, wrong } of made) {
  const path = join(copy, "packages", "outbox", "src", file);
  const source = readFileSync(path, "utf8");
  if (!source.includes(right)) throw new Error(`${name}: ${file} has no ${right}`);
  writeFileSync(path, source.replaceAll(right, wrong));
  const near = NEAR.find(([room]) => file.startsWith(room))?.[1] ?? [];
  const by = noticedBy(near) ?? noticedBy(TESTS);
  writeFileSync(path, source);
  console.log(by === undefined ? `NOT NOTICED: ${name}` : `noticed: ${name} (${by})`);
  if (by === undefined) unnoticed.push(name);
  if (by === ENDLESS) endless.push(name);
}

/** The first test that fails; undefined where none does. */
function noticedBy(tests: readonly string[]): string | undefined {
  const { status, stdout, stderr } = tried(tests);
  if (status === 0) return undefined;
  const by = /FAIL\S*\s+(.*)/.exec(stripVTControlCharacters(`${stdout}\n${stderr}`))?.[1];
  return by?.slice(0, 150) ?? ENDLESS;
}

/** One that goes on for ever is noticed, too; but a busy machine looks alike. */
function tried(tests: readonly string[]) {
  return spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--bail=1", ...tests], {
    cwd: copy,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    maxBuffer: 256 * 1024 * 1024,
  });
}

console.log(`${unnoticed.length} of ${made.length} mistakes went unnoticed.`);
if (endless.length > 0) console.log(`No test failed, and none ended, with: ${endless.join("; ")}. Try them alone.`);
if (unnoticed.length > 0) process.exitCode = 1;

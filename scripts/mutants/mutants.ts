/**
 * Changes code at random, one operator at a time, and reports which changes no test notices.
 *
 *   npm run mutants -- [--room server|protocol|client] [--seed N] [--lines N] [--at-once N] [--suites]
 *
 * First the tests beside the code are run. Changes that pass them and do not compile are not counted. With --suites, the
 * remaining ones are tried with suites that have processes of their own, which takes a minute or two for each.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { copyOf } from "./copy.ts";
import { placesIn } from "./places.ts";
import { run } from "./programs.ts";
import { ROOMS } from "./rooms.ts";
import { mutantsAt, type Mutant } from "./stryker.ts";

const { values } = parseArgs({
  options: {
    room: { type: "string", default: "server" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    lines: { type: "string", default: "60" },
    "at-once": { type: "string", default: "1" },
    suites: { type: "boolean", default: false },
  },
});
const room = ROOMS[values.room];
if (room === undefined) throw new Error(`--room is one of ${Object.keys(ROOMS).join(", ")}, not ${values.room}.`);

const here = dirname(fileURLToPath(import.meta.url));
const copy = copyOf(join(here, "..", ".."));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
const seed = Number(values.seed);
const places = placesIn(copy, room.sources, seed, Number(values.lines));
console.log(`${values.room}: --seed ${seed} --lines ${places.length}, in ${copy}`);

/** Files that have not changed since the last time are not compiled again. */
const INCREMENTAL = ["--noEmit", "--incremental", "--tsBuildInfoFile", join(copy, "mutants.tsbuildinfo")];
const mutants = mutantsAt(copy, join(here, "node_modules"), room, places, Number(values["at-once"]));
const unnoticed: Mutant[] = [];
const counts = { tests: 0, compiler: 0, suites: 0 };
for (const mutant of mutants) {
  const by = noticedBy(mutant);
  if (by === undefined) unnoticed.push(mutant);
  else counts[by] += 1;
}
for (const mutant of unnoticed) console.log(`\n${shown(mutant)}`);
const counted = mutants.length - counts.compiler;
console.log(
  `\n${mutants.length} changes at ${places.length} lines; ${counts.compiler} do not compile. Of ${counted}, ` +
    `${counts.tests} noticed by tests beside the code, ${counts.suites} by suites, ` +
    `${unnoticed.length} not noticed (${((100 * unnoticed.length) / Math.max(1, counted)).toFixed(1)} %).`,
);

function noticedBy(mutant: Mutant): keyof typeof counts | undefined {
  if (mutant.status === "Killed" || mutant.status === "Timeout" || mutant.status === "RuntimeError") return "tests";
  const file = join(copy, mutant.file);
  const source = readFileSync(file, "utf8");
  writeFileSync(file, source.slice(0, mutant.from) + mutant.replacement + source.slice(mutant.to));
  try {
    const { project, suites } = room as (typeof ROOMS)[string];
    const compiled = run(copy, false, ["node_modules/typescript/bin/tsc", ...INCREMENTAL, "-p", project]);
    if (compiled !== 0) return "compiler";
    if (!values.suites) return undefined;
    const tested = run(copy, false, ["node_modules/vitest/vitest.mjs", "run", "--bail=1", ...suites]);
    return tested === 0 ? undefined : "suites";
  } finally {
    writeFileSync(file, source);
  }
}

function shown({ file, line, from, to, replacement, status }: Mutant): string {
  const source = readFileSync(join(copy, file), "utf8");
  const start = source.lastIndexOf("\n", from) + 1;
  const end = source.indexOf("\n", to);
  const changed = source.slice(start, from) + replacement + source.slice(to, end);
  return `${file}:${line}${status === "NoCoverage" ? " (no test comes here)" : ""}\n- ${source.slice(start, end).trim()}\n+ ${changed.trim()}`;
}

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

interface Mistake {
  readonly name: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    name: "records are stamped with the time of sending",
    file: "domain/freezing.ts",
    right: "wholeSecond(latestAtMs)",
    wrong: "wholeSecond(facts.closesMs)",
  },
  {
    name: "hours are stamped with their start",
    file: "domain/freezing.ts",
    right: "wholeSecond(latestAtMs)",
    wrong: "Math.floor(latestAtMs / 3_600_000) * 3_600_000",
  },
  {
    name: "the status of a result is ignored",
    file: "deliver/evidence.ts",
    right: 'return { ...NONE, end: "refused", errorName: "CustomerNotSubscribed" };',
    wrong: 'return { ...NONE, end: "accepted", errorName: "CustomerNotSubscribed" };',
  },
  {
    name: "a duplicate is fine",
    file: "deliver/evidence.ts",
    right: 'end: "duplicate", errorName: "DuplicateRecord"',
    wrong: 'end: "accepted", errorName: "DuplicateRecord"',
  },
  {
    name: "a retry is not the same record",
    file: "deliver/lines.ts",
    right: "new Date(timestampMs)",
    wrong: "new Date(timestampMs + (entry.nextTryMs === 0 ? 0 : 1000))",
  },
  {
    name: "unprocessed records are forgotten",
    file: "deliver/evidence.ts",
    right: "for (const line of [...again, ...parts.flat()])",
    wrong: "for (const line of parts.flat())",
  },
  {
    name: "sums are floats",
    file: "stores/sqlite/reading-moves.ts",
    right: "sum: part.sum + exactOf(String(quantity))",
    wrong: "sum: part.sum + BigInt(Math.round(Number(quantity) * 1e18))",
  },
  {
    name: "zeros are sent",
    file: "domain/freezing.ts",
    right: "if (units === 0n) return",
    wrong: "if (units < 0n) return",
  },
  {
    name: "hours are closed before their time",
    file: "domain/deadline.ts",
    right: "const closesMs = endMs + rules.holdOpenSeconds * 1000;",
    wrong: "const closesMs = hourMs + rules.holdOpenSeconds * 1000 - 3_600_000;",
  },
  {
    name: "usage that may have been kept is carried on",
    file: "lifecycle/gather.ts",
    right: "return attempts === 0 && !bornDoubtful &&",
    wrong: "return attempts >= 0 && !bornDoubtful &&",
  },
  {
    name: "an attempt without an end counts as not sent",
    file: "domain/entry-state.ts",
    right: 'end === undefined || end === "unknown"',
    wrong: 'end === "unknown"',
  },
  {
    name: "a lost answer counts as not sent",
    file: "domain/entry-state.ts",
    right: 'end === undefined || end === "unknown"',
    wrong: "end === undefined",
  },
  {
    name: "the answer of a sender without its lease is dropped",
    file: "deliver/calls.ts",
    right: "    await transaction.endAttempts(ends);",
    wrong:
      "    await transaction.endAttempts(ends.filter(() => entries.every(({ leasedUntilMs = 0 }) => leasedUntilMs > endedMs)));",
  },
  {
    name: "attempts are written after the call",
    file: "deliver/calls.ts",
    right: "    await transaction.addAttempts([...attempts.values()]);",
    wrong: "",
  },
  {
    name: "a duplicate after a lost answer is refused",
    file: "domain/entry-state.ts",
    right:
      'return doubt ? waiting("doubtful", "DuplicateRecord", undefined, true) : ended("refused", "DuplicateRecord");',
    wrong: 'return ended("refused", "DuplicateRecord");',
  },
  {
    name: "what is summed is not what was marked",
    file: "stores/sqlite/reading-moves.ts",
    right: "readings: rows.length, latestAtMs",
    wrong: "readings: rows.length + 1, latestAtMs",
  },
  {
    name: "credits are not given back",
    file: "lifecycle/settle.ts",
    right: '    case "expired":\n      return sumOf(carriedIn);',
    wrong: '    case "expired":\n      return 0n;',
  },
  {
    name: "late credits are lost",
    file: "lifecycle/end-readings.ts",
    right: 'if (credited !== "0")',
    wrong: 'if (credited === "0")',
  },
  {
    name: "usage is late by the clock",
    file: "lifecycle/freeze-due.ts",
    right: "if (isOver) await endLate",
    wrong: "if (serviceMs >= closesMs + 60_000) await endLate",
  },
  {
    name: "usage expires by this machine's clock",
    file: "domain/entry-state.ts",
    right: "Math.min(serviceMs, machineMs) >= windowEndMs + LATE_MS",
    wrong: "machineMs >= windowEndMs + LATE_MS",
  },
  {
    name: "a binding's end is not looked at",
    file: "domain/binding.ts",
    right: "(untilMs === undefined || atMs < untilMs)",
    wrong: "(untilMs === undefined || atMs < untilMs + 1e15)",
  },
  {
    name: "one bad record holds its batch up for ever",
    file: "deliver/run.ts",
    right: "waiting.unshift(...(await this.#halvesOf(parts)));",
    wrong: "",
  },
  {
    name: "a store that metered elsewhere meters here",
    file: "deliver/run.ts",
    right: "if (row.region === region && row.endpoint === endpoint) return;",
    wrong: "if (row.region !== undefined) return;",
  },
  {
    name: "a reading that comes again counts again",
    file: "stores/sqlite/recording.ts",
    right: 'if (isSameReading(kept, judged)) return { readingId, answer: "known" };',
    wrong: 'if (isSameReading(kept, judged)) return { readingId, answer: "recorded" };',
  },
  {
    name: "a restored backup is trusted",
    file: "lifecycle/gather.ts",
    right: "doubtBeforeMs !== undefined && hourMs < doubtBeforeMs",
    wrong: "false",
  },
  {
    name: "the pace is each sender's own",
    file: "stores/sqlite/sqlite-store.ts",
    right: 'connection.run("UPDATE pace SET next_ms = ?", first + (slots * 1000) / perSecond);',
    wrong: "",
  },
];

const TIMEOUT_MS = 300_000;
const TESTS = [
  "packages/outbox/src/domain",
  "packages/outbox/src/stores/sqlite",
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

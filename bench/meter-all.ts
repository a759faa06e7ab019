/**
 * `meterAll` with a million records, compared with ten thousand: the longest time for which it blocks the event loop, and the
 * largest heap; with all records at once, and in windows.
 *
 *   npm run bench:meter-all -- [--json FILE]
 *
 * Method. Each run has a process of its own, with the client's build for release and a transport that answers every batch with
 * Success at once, so that all time is the client's own. A timer of 1 ms notes how much processor time the thread has used
 * since the timer's last call. In a run of its own the heap is measured after a collection, ten times, the first time at the
 * first result. Records are made as they are read: 1,000 customers of one dimension in different hours of the last 20; another
 * dimension follows after every 20,000.
 */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { machineOf } from "./machine.ts";
import type { MeterAllFigures, MeterAllTurn } from "./meter-all-run.ts";

const { values: flags } = parseArgs({ options: { json: { type: "string" } } });

const TURNS = [
  { records: 10_000 },
  { records: 1_000_000 },
  { records: 10_000, window: 5_000 },
  { records: 1_000_000, window: 5_000 },
];

function run(turn: MeterAllTurn): Promise<MeterAllFigures> {
  const child = fork(new URL("meter-all-run.ts", import.meta.url), [JSON.stringify(turn)], {
    execArgv: ["--expose-gc"],
  });
  return new Promise((resolve, reject) => {
    child.once("message", (figures) => resolve(figures as MeterAllFigures));
    child.once("exit", (code) => reject(new Error(`The run ended with ${code}.`)));
  });
}

const rows: (Omit<MeterAllTurn, "measuresHeap"> & MeterAllFigures)[] = [];
console.log("| records | window | longest block, ms | heap at most, MiB | µs a record | last quarter ÷ first |");
console.log("|---:|---:|---:|---:|---:|---:|");
for (const turn of TURNS) {
  const { heapMaxMiB } = await run({ ...turn, measuresHeap: true });
  const figures = { ...(await run({ ...turn, measuresHeap: false })), heapMaxMiB };
  rows.push({ ...turn, ...figures });
  const { longestBlockMs, microsecondsPerRecord, lastQuarterToFirst } = figures;
  console.log(
    `| ${turn.records} | ${turn.window ?? "all"} | ${longestBlockMs.toFixed(0)} | ${heapMaxMiB.toFixed(0)} | ${microsecondsPerRecord.toFixed(1)} | ${lastQuarterToFirst.toFixed(2)} |`,
  );
}
if (flags.json !== undefined) {
  writeFileSync(flags.json, `${JSON.stringify({ machine: machineOf(tmpdir()), rows }, null, 2)}\n`);
}

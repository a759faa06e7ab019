/**
 * The embedded store alone: the same records in commits of the same size, found, written and flushed to disk by the
 * product's own engine, one commit after the other, with no request, signature, decision or answer around it. Nothing
 * that is built on this store, with one commit under way at a time, can be faster.
 *
 * Groups are made before the clock starts. Commands come in, and answers go out, as messages of the parent process.
 */
import type { StagedEntry } from "../packages/server/src/ledger/engine.ts";
import { openSqliteEngine } from "../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { batchEntry } from "./entries.ts";
import { RequestMaker } from "./requests.ts";

export interface StoreCommand {
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerCommit: number;
}

export interface StoreResult {
  readonly requests: number;
  readonly seconds: number;
  readonly cpuMs: number;
  readonly commits: number;
}

const engine = openSqliteEngine(process.argv[2] as string);
engine.load();
const maker = new RequestMaker(Date.now());

process.on("message", (command: StoreCommand) => {
  void run(command).then((result) => process.send?.(result));
});
process.on("disconnect", () => void engine.close());

async function run({ seconds, requests, requestsPerCommit }: StoreCommand): Promise<StoreResult> {
  const entries = Array.from({ length: requests }, nextEntry);
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  let done = 0;
  let commits = 0;
  while (done < entries.length && performance.now() - startMs < seconds * 1000) {
    const group = entries.slice(done, done + requestsPerCommit);
    await engine.find(group.flatMap(({ records }) => records.map(({ key }) => key)));
    await engine.commit({ reset: false, entries: group, catalogue: [], clock: undefined });
    done += group.length;
    commits += 1;
  }
  const cpu = process.cpuUsage(cpuBefore);
  const took = (performance.now() - startMs) / 1000;
  return { requests: done, seconds: took, cpuMs: (cpu.user + cpu.system) / 1000, commits };
}

function nextEntry(): StagedEntry {
  const { records, region } = maker.nextRecords();
  return batchEntry(records, region, Date.now());
}

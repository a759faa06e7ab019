/**
 * The embedded store alone: the product's own engine finds, writes and flushes the same records in commits of the same size,
 * one commit after the other, without requests, signatures, decisions or answers. No server on this store, with one commit
 * under way at a time, can be faster.
 *
 * Groups are made before the clock starts. The parent process sends commands as messages, and gets the answers so.
 */
import type { MeteringRecordKey } from "../../packages/server/src/domain/metering/metering-record.ts";
import type { StagedEntry } from "../../packages/server/src/ledger/engine.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { RecordMaker } from "../load/records.ts";
import { leadInOf, plannedRequests, type PlannedRequest, type WorkloadName } from "../load/workload.ts";
import { cpuMsOfThreads, STORAGE_THREADS } from "../machine.ts";
import { batchEntry, meteringKeys, type KeptBy } from "./entries.ts";

export interface StoreCommand {
  readonly workload: WorkloadName;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerCommit: number;
}

export interface StoreResult {
  readonly requests: number;
  readonly seconds: number;
  /** Of the whole process, and of its writer thread. */
  readonly cpuMs: number;
  readonly storageCpuMs: number | undefined;
  readonly commits: number;
}

interface Prepared {
  readonly keys: readonly MeteringRecordKey[];
  readonly entry: StagedEntry;
}

const engine = openSqliteEngine(process.argv[2] as string);
engine.load();
const maker = new RecordMaker(Date.now());

process.on("message", (command: StoreCommand) => {
  void run(command).then((result) => process.send?.(result));
});
process.on("disconnect", () => void engine.close());

async function run({ workload, seconds, requests, requestsPerCommit }: StoreCommand): Promise<StoreResult> {
  const leadIn = leadInOf(workload);
  const prepared = prepare(workload, leadIn + requests);
  await commit(prepared.slice(0, leadIn));
  const cpuBefore = process.cpuUsage();
  const storageBefore = storageCpuMs();
  const startMs = performance.now();
  let done = leadIn;
  let commits = 0;
  while (done < prepared.length && performance.now() - startMs < seconds * 1000) {
    const group = prepared.slice(done, done + requestsPerCommit);
    await commit(group);
    done += group.length;
    commits += 1;
  }
  const took = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const storageAfter = storageCpuMs();
  return {
    requests: done - leadIn,
    seconds: took,
    cpuMs: (cpu.user + cpu.system) / 1000,
    storageCpuMs: storageAfter === undefined || storageBefore === undefined ? undefined : storageAfter - storageBefore,
    commits,
  };
}

async function commit(group: readonly Prepared[]): Promise<void> {
  if (group.length === 0) return;
  await engine.find(group.flatMap(({ keys }) => keys));
  await engine.commit({
    reset: false,
    entries: group.map(({ entry }) => entry),
    catalogue: [],
    resources: [],
    clock: undefined,
  });
}

function prepare(workload: WorkloadName, count: number): Prepared[] {
  const requestIds: string[] = [];
  const prepared: Prepared[] = [];
  for (const planned of plannedRequests(workload, maker, count)) {
    const { records, region } = planned;
    const keptBy = (position: number): KeptBy | undefined => keptByOf(planned, position, requestIds);
    const { requestId, entry } = batchEntry(records, region, Date.now(), keptBy);
    requestIds.push(requestId);
    prepared.push({ keys: meteringKeys(records, region), entry });
  }
  return prepared;
}

function keptByOf(
  { replayOf, duplicate }: PlannedRequest,
  position: number,
  requestIds: readonly string[],
): KeptBy | undefined {
  if (replayOf !== undefined) return { requestId: requestIds[replayOf] as string, status: "Success" };
  if (position !== duplicate?.position) return undefined;
  return { requestId: requestIds[duplicate.of] as string, status: "DuplicateRecord" };
}

function storageCpuMs(): number | undefined {
  return cpuMsOfThreads(process.pid, STORAGE_THREADS);
}

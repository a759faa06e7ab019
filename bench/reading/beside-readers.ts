/**
 * Ingestion beside readers: full load over the wire in turns, on two servers that are alike, one of which is read meanwhile. Its readers
 * follow the activity, and ask for a month's report again and again. They run in this process, and so on the same machine.
 */
import { join } from "node:path";
import type { LoadResult } from "../load/load.ts";
import { startCountinghouse, type MeteringTarget } from "../servers/targets.ts";
import { startLoad } from "../worker.ts";

interface Settings {
  readonly workspace: string;
  readonly folder: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly readers: number;
}

export interface ReadTurn {
  readonly recordsPerSecond: number;
  readonly p99Ms: number;
}

interface BesideReaders {
  readonly alone: readonly ReadTurn[];
  readonly read: readonly ReadTurn[];
  /** Of all rounds: events and gaps that all readers were told of together, and reports that were answered. */
  readonly events: number;
  readonly gaps: number;
  readonly reports: number;
}

const CONNECTIONS = 32;
/** So many requests a second are prepared; where a server takes more, its turn ends early. */
const PREPARED_PER_SECOND = 3_000;

export async function besideReaders({ workspace, folder, rounds, seconds, readers }: Settings): Promise<BesideReaders> {
  const alone = await startCountinghouse("alone", workspace, join(folder, "served-alone"));
  const read = await startCountinghouse("read", workspace, join(folder, "served-read"));
  const load = startLoad();
  const turns: { alone: ReadTurn[]; read: ReadTurn[] } = { alone: [], read: [] };
  let [events, gaps, reports] = [0, 0, 0];
  try {
    // The first round warms both up.
    for (let round = 0; round <= rounds; round += 1) {
      await load.call({ kind: "prepare", count: Math.ceil(PREPARED_PER_SECOND * seconds) });
      const run = (target: MeteringTarget): Promise<LoadResult> =>
        load.call({
          kind: "run",
          port: target.port,
          connections: CONNECTIONS,
          expectSuccess: true,
          repeat: false,
          seconds,
        });
      // Which of them is first changes: what happens to the machine meanwhile happens to both.
      const first = round % 2 === 0 ? undefined : turnOf(await run(alone));
      const reading = startReading(read, readers);
      const beside = turnOf(await run(read));
      const told = await reading.stop();
      const second = first ?? turnOf(await run(alone));
      if (round === 0) continue;
      turns.alone.push(second);
      turns.read.push(beside);
      events += told.events;
      gaps += told.gaps;
      reports += told.reports;
    }
  } finally {
    load.stop();
    await alone.stop();
    await read.stop();
  }
  if (reports === 0 || events === 0) throw new Error(`${events} events and ${reports} reports: nobody has read.`);
  return { ...turns, events, gaps, reports };
}

function turnOf({ acceptedRecords, seconds, p99Ms, failures, firstFailure }: LoadResult): ReadTurn {
  if (failures > 0) throw new Error(`${failures} answers failed: ${firstFailure}`);
  return { recordsPerSecond: acceptedRecords / seconds, p99Ms };
}

interface Reading {
  stop(): Promise<Pick<BesideReaders, "events" | "gaps" | "reports">>;
}

function startReading(target: MeteringTarget, readers: number): Reading {
  const ended = new AbortController();
  const told = { events: 0, gaps: 0, reports: 0 };
  const month = new Date().toISOString().slice(0, "2026-03".length);
  const report = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await target.call("GET", `/reports/revenue-by-day?month=${month}&format=json`);
      told.reports += 1;
    }
  };
  const follow = async (): Promise<void> => {
    const body = await target.stream("/activity", ended.signal);
    try {
      for await (const chunk of body) {
        const gaps = linesIn(chunk, GAP);
        told.gaps += gaps;
        told.events += linesIn(chunk, DATA) - gaps;
      }
    } catch (error) {
      if (!ended.signal.aborted) throw error;
    }
  };
  const all = Promise.all([report(), ...Array.from({ length: readers }, follow)]);
  return {
    stop: async () => {
      ended.abort();
      await all;
      return told;
    },
  };
}

const LINE_END = 10;
/** Each event has one such line, and so has each gap. */
const DATA = Buffer.from("data: ");
const GAP = Buffer.from("event: gap");

/** How many lines of a chunk begin so; one that lies in two chunks is not counted. */
function linesIn(chunk: Uint8Array, beginning: Buffer): number {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  let count = 0;
  for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1)) {
    if (at === 0 || bytes[at - 1] === LINE_END) count += 1;
  }
  return count;
}

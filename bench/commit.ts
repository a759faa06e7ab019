/**
 * What a commit of the embedded store costs, by how many requests it carries: the pages that it writes to the log, and processor time.
 *
 *   npm run bench:commit -- [--rounds 15]
 *
 * Method. The product's own engine commits entries of 25 new records, one commit after the other, to two ledgers in turns: one as it
 * is, and one without the six indexes by which events are searched for, to show what these cost. Pages are counted by how the log grows,
 * so they are the same on a busy machine. Processor time is that of the whole process while it commits: the thread that packs a
 * group and the one that writes it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { openSqliteEngine, type SqliteEngine } from "../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { figure, median } from "./ingest/figures.ts";
import { RECORDS_PER_BATCH, RecordMaker } from "./load/records.ts";
import { machineOf } from "./machine.ts";
import { batchEntry } from "./servers/entries.ts";

/** So few commits in each turn that the log is not copied meanwhile, which would begin it anew. */
const SIZES = [
  { requests: 1, commits: 300 },
  { requests: 2, commits: 250 },
  { requests: 4, commits: 200 },
  { requests: 16, commits: 90 },
] as const;
const FRAME_BYTES = 4_096 + 24;
const KINDS = ["as it is", "without the search indexes"] as const;
type Kind = (typeof KINDS)[number];

interface Turn {
  readonly kind: Kind;
  readonly requests: number;
  readonly pages: number;
  readonly cpuMicroseconds: number;
  readonly wallMicroseconds: number;
}

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-commit-"));
const maker = new RecordMaker(Date.now());
const turns: Turn[] = [];
const engines = KINDS.map((kind) => ({ kind, ...openEngine(kind) }));
try {
  for (let round = 0; round <= Number(flags.rounds); round += 1) {
    for (const { kind, engine, file } of round % 2 === 0 ? engines : engines.toReversed()) {
      for (const { requests, commits } of SIZES) {
        const turn = await measured(engine, file, requests, commits);
        // The first round only warms up.
        if (round > 0) turns.push({ kind, requests, ...turn });
      }
    }
  }
  print();
} finally {
  for (const { engine } of engines) await engine.close();
  rmSync(folder, { recursive: true, force: true });
}

function openEngine(kind: Kind): { readonly engine: SqliteEngine; readonly file: string } {
  const path = join(folder, kind.replaceAll(" ", "-"));
  const engine = openSqliteEngine(path);
  engine.load();
  const file = join(path, "ledger.sqlite");
  if (kind === "without the search indexes") {
    const db = new DatabaseSync(file);
    const found = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'entry_%'").all();
    for (const { name } of found) if (name !== "entry_request_id") db.exec(`DROP INDEX ${String(name)}`);
    db.close();
  }
  return { engine, file };
}

async function measured(
  engine: SqliteEngine,
  file: string,
  requests: number,
  commits: number,
): Promise<Omit<Turn, "kind" | "requests">> {
  const groups = Array.from({ length: commits }, () =>
    Array.from({ length: requests }, () => {
      const { records, region } = maker.next(RECORDS_PER_BATCH);
      return batchEntry(records, region, Date.now()).entry;
    }),
  );
  const db = new DatabaseSync(file);
  db.exec("PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  for (const entries of groups) {
    await engine.commit({ reset: false, entries, catalogue: [], resources: [], clock: undefined });
  }
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    pages: engine.logBytes() / FRAME_BYTES / commits,
    cpuMicroseconds: (user + system) / commits,
    wallMicroseconds: (tookMs * 1_000) / commits,
  };
}

function print(): void {
  const { cores, cpu, system, node, commit, flushMs } = machineOf(folder);
  console.log(
    `${cores} cores (${cpu}), ${system}, Node ${node}, commit ${commit}; a flush takes ${flushMs.toFixed(2)} ms`,
  );
  console.log(`Medians of ${flags.rounds} rounds; in brackets, the half of the rounds in the middle.`);
  for (const { requests } of SIZES) {
    for (const kind of KINDS) {
      const own = turns.filter((turn) => turn.requests === requests && turn.kind === kind);
      const pages = figure(median(own.map((turn) => turn.pages)), 1);
      const wall = figure(median(own.map((turn) => turn.wallMicroseconds)), 0);
      const spent = own.map((turn) => turn.cpuMicroseconds).toSorted((a, b) => a - b);
      const [low, high] = [spent[Math.floor(spent.length / 4)], spent[Math.floor((spent.length * 3) / 4)]];
      const cpuText = `${figure(median(spent), 0)} µs (${figure(low, 0)} to ${figure(high, 0)}) of processor time`;
      console.log(`${requests} a commit, ${kind}: ${pages} pages, ${cpuText}, ${wall} µs until it is durable`);
    }
  }
}

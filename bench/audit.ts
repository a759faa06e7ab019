/**
 * The cost of finding events in a long ledger, and of verifying it.
 *
 *   npm run bench:audit -- [--events 10000000] [--small 10000] [--pages 200] [--json FILE]
 *
 * Method. Two ledgers, a small one and a large one, are filled through the product's own writer, with events of the same kinds
 * by a hundred accounts, one a second of the service clock. Then pages of 50 are read through the product's own engine, from
 * both in turn, by each search attribute: the newest events, and those before a random time. The latter may be anywhere in the
 * file, so in a large ledger they come from the disk unless the operating system still caches them; the newest events are
 * cached. The median time of a page is compared between the two ledgers. At the end, the large one's chain is verified once.
 */
import { randomInt, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import type { EventQuery } from "../packages/server/src/ledger/ledger.ts";
import { requestId } from "../packages/server/src/ledger/ids.ts";
import { stagedEntry } from "../packages/server/src/ledger/staged-entry.ts";
import type { StagedEntry } from "../packages/server/src/ledger/engine.ts";
import { openSqliteEngine, type SqliteEngine } from "../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { machineOf } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    events: { type: "string", default: "10000000" },
    small: { type: "string", default: "10000" },
    pages: { type: "string", default: "200" },
    json: { type: "string" },
  },
});
const PAGE = 50;
const ACCOUNTS = 100;
const START_MS = Date.UTC(2026, 0, 1);
const EVENTS_A_COMMIT = 5_000;
const OPERATIONS = ["BatchMeterUsage", "ResolveCustomer", "GetEntitlements", "LookupEvents"];

const folder = mkdtempSync(join(tmpdir(), "countinghouse-bench-audit-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const small = await filled("small", Number(flags.small));
  const large = await filled("large", Number(flags.events));
  const found: Record<string, { smallUs: number; largeUs: number; ratio: number }> = {};
  for (const what of Object.keys(queryOf(0, 1))) {
    const [smallUs = 0, largeUs = 0] = await pagesOf(what, [small, large]);
    found[what] = { smallUs, largeUs, ratio: largeUs / smallUs };
  }
  const startMs = performance.now();
  const { entries, disagreement } = await large.engine.verifyChain([]);
  const verified = { entries, disagreement, seconds: (performance.now() - startMs) / 1000 };
  const machine = machineOf(folder);
  console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, commit ${machine.commit}`);
  console.log(`A page of ${PAGE} events, median of ${flags.pages}, µs:`);
  console.table(found);
  console.log(`Verification of ${entries} entries: ${verified.seconds.toFixed(1)} s.`);
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ machine, flags, found, verified })}\n`);
  await small.engine.close();
  await large.engine.close();
}

interface Filled {
  readonly engine: SqliteEngine;
  readonly events: number;
}

async function filled(name: string, events: number): Promise<Filled> {
  const engine = openSqliteEngine(join(folder, name));
  const startedAt = performance.now();
  for (let made = 0; made < events; made += EVENTS_A_COMMIT) {
    const count = Math.min(EVENTS_A_COMMIT, events - made);
    const entries = Array.from({ length: count }, (_, i) => eventOf(made + i));
    await engine.commit({ reset: false, entries, catalogue: [], resources: [], clock: undefined });
    if (made % 1_000_000 === 0 && made > 0) console.log(`${name}: ${made} events, ${secondsSince(startedAt)} s`);
  }
  console.log(`${name}: ${events} events written in ${secondsSince(startedAt)} s`);
  // A server copies its log as it goes; here all reads would otherwise come from the log.
  const db = new DatabaseSync(join(folder, name, "ledger.sqlite"));
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return { engine, events };
}

function eventOf(n: number): StagedEntry {
  const accountId = accountOf(n);
  const atMs = START_MS + n * 1000;
  const call = {
    requestId: requestId(atMs, randomUUID()),
    operation: OPERATIONS[n % OPERATIONS.length] as string,
    principal: `arn:aws:iam::${accountId}:user/metering`,
    accountId,
    accessKeyId: `AKIA${accountId}`,
    region: "us-east-1",
    sourceAddress: "127.0.0.1",
    userAgent: "bench",
  };
  const event = { kind: "entitlements-shown" as const, productCode: `product-${accountId}`, request: {}, count: 0 };
  return stagedEntry({ atMs, call, event }, []);
}

function accountOf(n: number): string {
  // In no order from which an index could profit.
  return String(100_000_000_000 + ((Math.imul(n, 0x9e3779b1) >>> 0) % ACCOUNTS));
}

/** The queries by which pages are read, about a random account, and from a random time on. */
function queryOf(n: number, events: number): Readonly<Record<string, Partial<EventQuery>>> {
  const accountId = accountOf(n);
  const toMs = START_MS + randomInt(events) * 1000;
  return {
    "newest of all": {},
    "newest by name": { operations: ["BatchMeterUsage"] },
    "newest by account": { accountId },
    "newest by account and name": { accountId, operations: ["BatchMeterUsage"] },
    "newest by access key": { accountId, accessKeyId: `AKIA${accountId}` },
    "before a time": { toMs },
    "by name": { operations: ["BatchMeterUsage"], toMs },
    "by account": { accountId, toMs },
    "by account and name": { accountId, operations: ["BatchMeterUsage"], toMs },
    "by account and all read-only names": { accountId, operations: ["GetEntitlements", "LookupEvents"], toMs },
    "by access key": { accountId, accessKeyId: `AKIA${accountId}`, toMs },
    "by principal": { accountId, principals: [`arn:aws:iam::${accountId}:user/metering`], toMs },
    "by product": { productCode: `product-${accountId}`, toMs },
  };
}

/** The median time of a page in each ledger; the ledgers are read in turn. */
async function pagesOf(what: string, ledgers: readonly Filled[]): Promise<number[]> {
  const times = ledgers.map((): number[] => []);
  for (let page = 0; page < Number(flags.pages); page += 1) {
    for (const [i, { engine, events }] of ledgers.entries()) {
      const query = queryOf(randomInt(events), events)[what];
      const startMs = performance.now();
      await engine.entries({ ...query, order: "newest", limit: PAGE });
      times[i]?.push((performance.now() - startMs) * 1000);
    }
  }
  return times.map((list) => Math.round(list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0));
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1000);
}

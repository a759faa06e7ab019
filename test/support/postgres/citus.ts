/**
 * A Citus cluster for tests, where the tester has one: `COUNTINGHOUSE_CITUS_URL` names a database on its coordinator, as a
 * superuser, that has the extension and its workers. Tests make databases of their own on all machines. Each worker is reached
 * through a proxy of the test. So the machines must be able to reach this one as `127.0.0.1`, and must not ask each other for
 * TLS (`citus.node_conninfo = 'sslmode=disable'`).
 */
import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test as anyTest, type TestAPI } from "vitest";
import { migrateLedger } from "../../../packages/server/src/stores/postgres/migrate-ledger.ts";
import { realWorld } from "../../../packages/server/src/world.ts";
import type { TestDatabase } from "./database.ts";
import { MachineProxy } from "./machine-proxy.ts";
import { queryAt } from "./postgres-server.ts";

const URL_NAME = "COUNTINGHOUSE_CITUS_URL";
/** Few, so that making a database is quick; Citus's default is 32. */
const SHARDS = 8;

export interface CitusDatabase extends TestDatabase {
  readonly workers: readonly Worker[];
  /** Answers false where the cluster has no more workers. */
  addWorker(): Promise<boolean>;
  /** Removes the ledger; the database stays. */
  empty(): Promise<void>;
}

export interface Worker {
  readonly proxy: MachineProxy;
  /** The worker's own address, not the proxy's. */
  readonly url: string;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

export function whyNoCitus(): string | undefined {
  return process.env[URL_NAME] === undefined ? `${URL_NAME} names no cluster` : undefined;
}

/** Vitest's `test`, or its `test.skip` where there is no cluster. */
export function testOfCitus(): TestAPI {
  const reason = whyNoCitus();
  if (reason === undefined) {
    oneFileAtATime();
    return anyTest;
  }
  process.stdout.write(`skipped: ${relative("", expect.getState().testPath ?? "")}: ${reason}\n`);
  return anyTest.skip as TestAPI;
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

const LOCK = join(tmpdir(), "countinghouse-citus-tests.lock");

/** Runs test files one by one, because some tests crash the whole cluster. */
export function oneFileAtATime(): void {
  beforeAll(async () => {
    while (!takeLock()) await new Promise((resume) => setTimeout(resume, 200));
  }, 1_800_000);
  afterAll(() => rmSync(LOCK, { force: true }));
}

function takeLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isAlive(LOCK)) rmSync(LOCK, { force: true });
    return false;
  }
}

/** Whether the process whose number is in the file still runs. */
function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

/** With the first workers of the cluster; more can be added. Without proxies, tests cannot break connections to them. */
export async function newCitusDatabase({ workersMax = 2, proxies = true } = {}): Promise<CitusDatabase> {
  const serverUrl = process.env[URL_NAME] ?? "";
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const at = (host: string, port: number, database = name): string => {
    const url = new URL(serverUrl);
    url.host = `${host}:${port}`;
    url.pathname = `/${database}`;
    return url.toString();
  };
  const { hostname, port: ownPort } = new URL(serverUrl);
  const nodes = await queryAt(
    serverUrl,
    "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY nodeid",
  );
  const machines = nodes.map(({ nodename, nodeport }) => ({ host: String(nodename), port: Number(nodeport) }));
  const everywhere = [{ host: hostname, port: Number(ownPort) }, ...machines];
  const serverDatabase = new URL(serverUrl).pathname.slice(1);
  await Promise.all(
    everywhere.map(async (machine) => {
      await queryAt(at(machine.host, machine.port, serverDatabase), `CREATE DATABASE ${name}`);
      await queryAt(at(machine.host, machine.port), "CREATE EXTENSION citus");
    }),
  );
  const url = at(hostname, Number(ownPort));
  await queryAt(url, `SELECT citus_set_coordinator_host('${hostname}', ${ownPort})`);
  await queryAt(url, `ALTER DATABASE ${name} SET citus.shard_count = ${SHARDS}`);
  const workers: Worker[] = [];
  const addWorker = async (): Promise<boolean> => {
    const machine = machines[workers.length];
    if (machine === undefined) return false;
    const proxy = await MachineProxy.before(machine);
    const workerUrl = at(machine.host, machine.port);
    workers.push({ proxy, url: workerUrl, query: (sql) => queryAt(workerUrl, sql) });
    const [host, port] = proxies ? ["127.0.0.1", proxy.port] : [machine.host, machine.port];
    await queryAt(url, `SELECT citus_add_node('${host}', ${port})`);
    return true;
  };
  for (let i = 0; i < Math.min(workersMax, machines.length); i += 1) await addWorker();
  return {
    url,
    workers,
    addWorker,
    query: (sql) => queryAt(url, sql),
    empty: async () => {
      await queryAt(url, "DROP SCHEMA IF EXISTS countinghouse CASCADE");
    },
    remove: async () => {
      for (const { proxy } of workers) proxy.close();
      for (const machine of everywhere) {
        const server = at(machine.host, machine.port, serverDatabase);
        await queryAt(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }
    },
  };
}

/** A database with an empty ledger that lies on all workers. */
export async function newSpreadDatabase(how: { readonly proxies?: boolean } = {}): Promise<CitusDatabase> {
  const database = await newCitusDatabase(how);
  await migrateLedger(database.url, true, realWorld);
  return database;
}

/** The databases of a test file. Each is used again when a test has released it, because making one takes seconds. */
export class CitusDatabases {
  readonly #all: CitusDatabase[] = [];
  readonly #free: CitusDatabase[] = [];

  /** A database with an empty ledger in it. */
  async take(): Promise<CitusDatabase> {
    let database = this.#free.pop();
    if (database === undefined) this.#all.push((database = await newCitusDatabase()));
    else await database.empty();
    await migrateLedger(database.url, true, realWorld);
    return database;
  }

  giveBack(database: CitusDatabase): void {
    for (const { proxy } of database.workers) proxy.forget();
    this.#free.push(database);
  }

  async remove(): Promise<void> {
    for (const database of this.#all) await database.remove();
  }
}

/** Kills one of a machine's processes, as lack of memory would: the machine drops all connections, and recovers. */
export async function crash(url: string): Promise<void> {
  await queryAt(url, "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'").catch(() => undefined);
  const isBack = (): Promise<boolean> => queryAt(url, "SELECT 1").then(isTrue, isFalse);
  await expect.poll(isBack, { timeout: 60_000 }).toBe(true);
}

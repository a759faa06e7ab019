/**
 * A database for one test. One PostgreSQL serves a whole run of the suite: the first test that needs it starts it, and
 * `global-setup.ts` stops it. Where none can run, tests are skipped with the reason printed.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomBytes, randomUUID } from "node:crypto";
import { join, relative } from "node:path";
import { expect, inject, onTestFinished, test as anyTest, type TestAPI } from "vitest";
import { binariesFolder, runAs } from "./binaries.ts";
import { PostgresServer, queryAt } from "./postgres-server.ts";
import { checkStatements } from "./statement-check.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresFolder: string;
  }
}

checkStatements();

export interface TestDatabase {
  readonly url: string;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Removes the database, even while somebody is connected. */
  remove(): Promise<void>;
}

/** Vitest's `test`, or its `test.skip` where no PostgreSQL can run. */
export function testOfPostgres(): TestAPI {
  const reason = whyNoPostgres();
  if (reason === undefined) return anyTest;
  process.stdout.write(
    `skipped: ${relative("", expect.getState().testPath ?? "")}: PostgreSQL cannot run: ${reason}\n`,
  );
  return anyTest.skip as TestAPI;
}

export function whyNoPostgres(): string | undefined {
  try {
    binariesFolder();
    runAs();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** With `TEST_POSTGRES=citus`, on the machines of the cluster that `COUNTINGHOUSE_CITUS_URL` names. */
export async function newDatabase(): Promise<TestDatabase> {
  if (process.env["TEST_POSTGRES"] === "citus") return (await import("./citus.ts")).newSpreadDatabase();
  const serverUrl = await sharedServer();
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await queryAt(serverUrl, `CREATE DATABASE ${name}`);
  const url = serverUrl.replace("/postgres?", `/${name}?`);
  return {
    url,
    query: (sql) => queryAt(url, sql),
    remove: async () => {
      await queryAt(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export const OPERATOR_TOKEN = "operator-token-of-all-nodes";

/** The flags of a server on a new database, which ends with the test; its key is in the folder. */
export async function postgresArgs(folder: string): Promise<string[]> {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  return nodeArgs(database.url, folder);
}

/** The flags of one of several servers on a database; all servers with the same folder share its key. */
export function nodeArgs(url: string, folder: string): string[] {
  const keyFile = join(folder, "secrets.key");
  if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o600 });
  return ["--store", url, "--secrets-key-file", keyFile, "--operator-token", OPERATOR_TOKEN];
}

/** The outcome of the first test that needed PostgreSQL; a failure fails all other tests at once. */
interface Ready {
  readonly url?: string;
  readonly pid?: number;
  readonly failure?: string;
}

/** Starts PostgreSQL, or waits where another test file is starting it. */
async function sharedServer(): Promise<string> {
  const folder = inject("postgresFolder");
  const ready = join(folder, "ready.json");
  if (isFirst(join(folder, "server"))) {
    writeFileSync(`${ready}.tmp`, JSON.stringify(await startShared(join(folder, "server"))));
    renameSync(`${ready}.tmp`, ready);
  }
  for (let waitedMs = 0; !existsSync(ready); waitedMs += 50) {
    if (waitedMs > 50_000) throw new Error("PostgreSQL did not get ready.");
    await new Promise((resume) => setTimeout(resume, 50));
  }
  const { url, failure } = JSON.parse(readFileSync(ready, "utf8")) as Ready;
  if (url === undefined) throw new Error(`PostgreSQL could not be started: ${failure}`);
  return url;
}

async function startShared(folder: string): Promise<Ready> {
  try {
    // Nobody cuts its power, and every test makes a database: most of the time would go into flushing.
    const server = await PostgresServer.make(folder, ["fsync=off"]);
    return { url: server.url(), pid: server.pid };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Stores of an outbox by an address, which processes can hand to one another. */
import { join } from "node:path";
import type { OutboxStore } from "@countinghouse/outbox";
import { migratePostgres, postgresStore } from "@countinghouse/outbox/postgres";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { Pool } from "pg";
import { onTestFinished } from "vitest";
import { newDatabase, whyNoPostgres } from "./postgres/database.ts";
import { temporaryFolder } from "./server.ts";

/** Makes a store, and answers its address; it ends with the test. */
export type NewStore = () => Promise<string>;

/** The store at an address: the path of a file, or the URL of a database. */
export function storeAt(address: string): OutboxStore {
  return address.startsWith("postgres:") ? postgresStore({ pool: poolAt(address) }) : sqliteStore(address);
}

/** Ends with the process, once nothing is asked of it. */
export function poolAt(url: string): Pool {
  const pool = new Pool({ connectionString: url, allowExitOnIdle: true });
  // The database goes while connections are there.
  pool.on("error", () => undefined);
  return pool;
}

export async function newPostgresStore(): Promise<string> {
  const database = await newDatabase();
  const pool = poolAt(database.url);
  await migratePostgres(pool);
  await pool.end();
  onTestFinished(() => database.remove());
  return database.url;
}

async function newSqliteStore(): Promise<string> {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  return join(folder.path, "usage.outbox");
}

const reason = whyNoPostgres();
if (reason !== undefined) process.stdout.write(`skipped: outboxes in PostgreSQL: PostgreSQL cannot run: ${reason}\n`);

/** Both, where both can run. */
export const STORES: readonly (readonly [string, NewStore])[] = [
  ["SQLite", newSqliteStore],
  ...(reason === undefined ? [["PostgreSQL", newPostgresStore] as const] : []),
];

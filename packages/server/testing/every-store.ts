/** A ledger in each store, for suites that expect the same of all of them. */
import { whyNoPostgres } from "../../../test/support/postgres/database.ts";
import { ledgerOver, type LedgerUnderTest } from "./contract/ledger-under-test.ts";
import { temporaryFolder } from "./contract/temporary-folder.ts";
import { MemoryEngine } from "../src/stores/memory/memory-engine.ts";
import { ledgerInPostgres } from "./postgres-ledger.ts";
import { openSqliteEngine } from "../src/stores/sqlite/sqlite-engine.ts";

export function ledgerInMemory(): Promise<LedgerUnderTest> {
  const engine = new MemoryEngine();
  return ledgerOver(
    () => engine,
    () => {},
  );
}

export function ledgerInSqlite(): Promise<LedgerUnderTest> {
  const folder = temporaryFolder();
  return ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
}

/** Each store with the words by which suites name it; PostgreSQL only where one can run. */
export const EVERY_STORE: readonly (readonly [string, () => Promise<LedgerUnderTest>])[] = [
  ["in memory", ledgerInMemory],
  ["in SQLite", ledgerInSqlite],
  ...(whyNoPostgres() === undefined ? [["in PostgreSQL", ledgerInPostgres] as const] : []),
];

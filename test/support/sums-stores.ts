/** Stores whose followers can be set back, spoilt and restored, for histories of sums. */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ledgerOver,
  ledgerUnderTest,
  type LedgerUnderTest,
} from "../../packages/server/testing/contract/ledger-under-test.ts";
import { ledgerInMemory } from "../../packages/server/testing/every-store.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import type { Ledger } from "../../packages/server/src/ledger/ledger.ts";
import { backUp, restore } from "../../packages/server/src/stores/sqlite/backup.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { sumsDisagreement } from "../../packages/server/src/stores/sqlite/sums/verify-sums.ts";
import { verify } from "../../packages/server/src/stores/sqlite/verification/verify.ts";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { newDatabase } from "./postgres/database.ts";
import { newFolder } from "./scoped.ts";

/** What one store can do besides. */
export interface Store {
  readonly made: LedgerUnderTest;
  /** As many as there are nodes: each is asked. */
  readonly ledgers: () => readonly Ledger[];
  /** Keeps what the follower has written so far. */
  readonly save?: () => void;
  /** Puts back what was kept, while the ledger is closed. */
  readonly setBack?: () => void;
  readonly spoil?: (how: "gone" | "torn" | "another") => void;
  /** Backs the ledger up, and goes on with the backup; sums stay where they are. */
  readonly restore?: () => void;
  /** What `store verify` finds; a server may be running. */
  readonly disagreement: () => Promise<string | undefined>;
  readonly remove: () => Promise<void>;
}

export async function inMemory(): Promise<Store> {
  const made = await ledgerInMemory();
  return {
    made,
    ledgers: () => [made.ledger],
    disagreement: () => Promise.resolve(undefined),
    remove: () => made.remove(),
  };
}

const SUMS_FILES = ["sums.db", "sums.db-wal", "sums.db-shm"];

export async function inSqlite(): Promise<Store> {
  const folder = newFolder();
  const data = join(folder, "data");
  const made = await ledgerOver(
    () => openSqliteEngine(data, { addsUp: true }),
    () => rmSync(folder, { recursive: true, force: true }),
  );
  const backup = join(folder, "backup");
  return {
    made,
    ledgers: () => [made.ledger],
    save: () => {
      // Whatever it is at: the files as they are, as a kill leaves them.
      for (const name of SUMS_FILES) rmSync(join(folder, name), { force: true });
      for (const name of SUMS_FILES)
        if (existsSync(join(data, name))) copyFileSync(join(data, name), join(folder, name));
    },
    setBack: () => {
      if (!existsSync(join(folder, "sums.db"))) return;
      for (const name of SUMS_FILES) rmSync(join(data, name), { force: true });
      for (const name of ["sums.db", "sums.db-wal"]) {
        if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(data, name));
      }
    },
    spoil: (how) => {
      for (const name of SUMS_FILES) rmSync(join(data, name), { force: true });
      if (how === "torn") writeFileSync(join(data, "sums.db"), "SQLite format 3\0torn");
      if (how === "another") copyFileSync(join(data, "ledger.sqlite"), join(data, "sums.db"));
    },
    restore: () => {
      rmSync(backup, { force: true });
      backUp(data, backup);
      for (const name of ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.mark"]) {
        rmSync(join(data, name), { force: true });
      }
      restore(backup, data);
    },
    disagreement: () => Promise.resolve(verify(data).disagreement ?? sumsDisagreement(data)),
    remove: () => made.remove(),
  };
}

/** Two nodes: one of them is written through, both are asked, and both add up all the time. */
export async function inPostgres(): Promise<Store> {
  const database = await newDatabase();
  let other: Awaited<ReturnType<typeof openAt>> | undefined;
  const made = await ledgerUnderTest(
    async (opening) => {
      await other?.ledger.close();
      other = await openAt(database.url, { mode: opening.mode, wallMs: opening.wallMs }, { addsUp: true });
      return openAt(database.url, opening, { addsUp: true, lanes: 3 });
    },
    async () => {
      await other?.ledger.close();
      await database.remove();
    },
  );
  return {
    made,
    ledgers: () => [made.ledger, ...(other === undefined ? [] : [other.ledger])],
    disagreement: async () => (await verifyAt(database.url, realWorld)).disagreement,
    remove: () => made.remove(),
  };
}

/** Brings a ledger's schema up to date without serving from it, and distributes it where that is asked for. */
import { loadDriver } from "./driver.ts";
import { distribute } from "./distribution.ts";
import { SCHEMA_VERSION, migrate } from "./migrations.ts";
import { maintain, type Waiting } from "./open-postgres.ts";

interface Migrated {
  /** 0 where there was no ledger. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** Tables that were distributed now. */
  readonly distributed: readonly string[];
}

export async function migrateLedger(url: string, citus: boolean, waiting: Waiting): Promise<Migrated> {
  const driver = await loadDriver(url);
  return maintain(driver, waiting, async (client) => {
    const fromVersion = await migrate(client, waiting.sleep);
    return { fromVersion, toVersion: SCHEMA_VERSION, distributed: citus ? await distribute(client) : [] };
  });
}

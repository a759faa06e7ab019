/** Brings a ledger's schema up to date without serving from it, and distributes its tables where the operator asks for it. */
import { loadDriver } from "./driver.ts";
import { distribute, type Distribution } from "./distribution.ts";
import { SCHEMA_VERSION, migrate, refuseWhileConnected } from "./migrations.ts";
import { maintain, type Waiting } from "./open-postgres.ts";

interface Migrated extends Distribution {
  /** 0 where there was no ledger. */
  readonly fromVersion: number;
  readonly toVersion: number;
}

/** Throws DistributionError, NewerSchemaError or ServersConnectedError. */
export async function migrateLedger(url: string, citus: boolean, waiting: Waiting): Promise<Migrated> {
  const driver = await loadDriver(url);
  return maintain(driver, waiting, async (client) => {
    const fromVersion = await migrate(client, waiting.sleep, waiting.onProgress);
    if (citus) await refuseWhileConnected(client);
    if (citus) waiting.onProgress?.({ doing: "distributing tables", done: 0, unit: "steps" });
    const distribution = citus ? await distribute(client) : { distributed: [], undistributed: [] };
    return { fromVersion, toVersion: SCHEMA_VERSION, ...distribution };
  });
}

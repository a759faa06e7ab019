/** Verifies a ledger in PostgreSQL from outside a server: its chains, and that entries and metering records agree. */
import type { KnownLaneHead } from "../../ledger/verification.ts";
import { loadDriver } from "./driver.ts";
import { DatabaseError, maintain, type Waiting } from "./open-postgres.ts";
import { SCHEMA_VERSION, schemaVersion } from "./migrations.ts";
import { verifyLedger, type WholeVerification } from "./reading/verify-records.ts";

/** One snapshot, beside servers that run or not. Throws DatabaseError where there is no ledger of this version. */
export async function verifyAt(
  url: string,
  waiting: Waiting,
  known: readonly KnownLaneHead[] = [],
): Promise<WholeVerification> {
  const driver = await loadDriver(url);
  return maintain(driver, waiting, async (client) => {
    const version = await schemaVersion(client);
    if (version === 0) throw new DatabaseError("There is no ledger in it.");
    if (version !== SCHEMA_VERSION)
      throw new DatabaseError(`Its schema has version ${version}, not ${SCHEMA_VERSION}.`);
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return verifyLedger(client, known);
  });
}

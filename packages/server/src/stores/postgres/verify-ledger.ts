/** Verifies a ledger in PostgreSQL from outside a server: its chains, and that entries and metering records agree. */
import type { KnownLaneHead } from "../../ledger/verification.ts";
import { isSpread } from "./distribution.ts";
import { loadDriver } from "./driver.ts";
import { maintain, refuseOtherVersion, type Waiting } from "./open-postgres.ts";
import { beginAtOneMoment } from "./reading/one-moment.ts";
import { verifyLedger, type WholeVerification } from "./reading/verify-records.ts";

/** One snapshot, beside servers that run or not. Throws what refuseOtherVersion throws. */
export async function verifyAt(
  url: string,
  waiting: Waiting,
  known: readonly KnownLaneHead[] = [],
): Promise<WholeVerification> {
  const driver = await loadDriver(url);
  return maintain(driver, waiting, async (client) => {
    await refuseOtherVersion(client);
    await beginAtOneMoment(client, await isSpread(client));
    return verifyLedger(client, known);
  });
}

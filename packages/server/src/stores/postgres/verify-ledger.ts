/** Verifies a ledger in PostgreSQL without a server: its chains, and that entries and metering records agree. */
import type { KnownLaneHead } from "../../ledger/verification.ts";
import { isSpread } from "./distribution.ts";
import { loadDriver } from "./driver.ts";
import { maintain, refuseOtherVersion, type Waiting } from "./open-postgres.ts";
import { beginAtOneMoment } from "./reading/one-moment.ts";
import { SumsCheck } from "./sums/verify-sums.ts";
import { verifyLedger, type WholeVerification } from "./reading/verify-records.ts";

/** Reads one snapshot; servers may run meanwhile. Throws what refuseOtherVersion throws. */
export async function verifyAt(
  url: string,
  waiting: Waiting,
  known: readonly KnownLaneHead[] = [],
): Promise<WholeVerification> {
  const driver = await loadDriver(url);
  return maintain(driver, waiting, async (client) => {
    await refuseOtherVersion(client);
    await beginAtOneMoment(client, await isSpread(client));
    return verifyLedger(client, known, { sums: await SumsCheck.begin(client), onProgress: waiting.onProgress });
  });
}

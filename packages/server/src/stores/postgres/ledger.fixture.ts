/** Ledgers over a database of their own, for tests. */
import { startClock } from "../../clock.ts";
import {
  DEFAULTS,
  ledgerUnderTest,
  type LedgerSetup,
  type LedgerUnderTest,
} from "../../ledger/contract/ledger-under-test.ts";
import { newDatabase } from "../../../../../test/support/postgres/database.ts";
import { realWorld } from "../../world.ts";
import { openPostgres } from "./open-postgres.ts";

export async function ledgerInPostgres(setup: LedgerSetup = {}, lanes = 4): Promise<LedgerUnderTest> {
  const database = await newDatabase();
  const { monotonicMs, sleep, every } = realWorld;
  return ledgerUnderTest(
    async ({ mode, wallMs, beforeCommit }) => {
      const store = await openPostgres(database.url, { monotonicMs, sleep });
      const clock = startClock({ mode }, store.loaded, wallMs);
      const ledger = store.open({
        ...DEFAULTS,
        clock,
        lanes,
        monotonicMs,
        sleep,
        every,
        fraction: Math.random,
        aroundCommit: async (commit) => {
          await beforeCommit();
          await commit();
        },
        ...setup,
      });
      return { clock, ledger };
    },
    () => database.remove(),
  );
}

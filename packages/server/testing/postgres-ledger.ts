/** Ledgers over a database of their own, for tests. */
import { startClock, type ServiceClock } from "../src/clock.ts";
import {
  DEFAULTS,
  ledgerUnderTest,
  type LedgerSetup,
  type LedgerUnderTest,
  type Opening,
} from "./contract/ledger-under-test.ts";
import { newDatabase } from "../../../test/support/postgres/database.ts";
import { realWorld } from "../src/world.ts";
import { openPostgres } from "../src/stores/postgres/open-postgres.ts";
import type { PostgresLedger, PostgresLedgerOptions } from "../src/stores/postgres/postgres-ledger.ts";

export async function ledgerInPostgres(setup: LedgerSetup = {}, lanes = 4): Promise<LedgerUnderTest> {
  const database = await newDatabase();
  return ledgerUnderTest(
    // The contract sets its own days, so the clocks may differ by any amount.
    (opening) => openAt(database.url, opening, { ...setup, lanes, clocksApartMaxMs: Number.POSITIVE_INFINITY }),
    () => database.remove(),
  );
}

/** One node of a ledger. */
export async function openAt(
  url: string,
  { mode, wallMs, beforeCommit }: Partial<Opening>,
  setup: LedgerSetup &
    Partial<
      Pick<PostgresLedgerOptions, "lanes" | "monotonicMs" | "every" | "clocksApartMaxMs" | "addsUp" | "onSumsTrouble">
    > = {},
): Promise<{ readonly ledger: PostgresLedger; readonly clock: ServiceClock }> {
  const { monotonicMs, sleep, every } = realWorld;
  const store = await openPostgres(url, { monotonicMs, sleep, wallMs: () => Date.now() });
  const clock = startClock({ mode: mode ?? "manual" }, store.loaded, wallMs ?? realWorld.wallMs);
  const ledger = store.open({
    ...DEFAULTS,
    lanes: 4,
    clock,
    monotonicMs,
    sleep,
    every,
    fraction: Math.random,
    aroundCommit: async (commit) => {
      await beforeCommit?.();
      await commit();
    },
    ...setup,
  });
  return { clock, ledger };
}

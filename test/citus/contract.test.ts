/** What every store promises, kept by a ledger that lies on several machines. */
import { afterAll, test } from "vitest";
import { ledgerContract } from "../../packages/server/testing/contract/ledger-contract.ts";
import { ledgerUnderTest } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import { migrateLedger } from "../../packages/server/src/stores/postgres/migrate-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { newCitusDatabase, whyNoCitus, type CitusDatabase } from "../support/postgres/citus.ts";

const reason = whyNoCitus();
let made: Promise<CitusDatabase> | undefined;
afterAll(async () => (await made)?.remove());

if (reason === undefined) {
  ledgerContract("on several machines", async (setup) => {
    const database = await (made ??= newCitusDatabase());
    await database.empty();
    await migrateLedger(database.url, true, realWorld);
    return ledgerUnderTest(
      (opening) => openAt(database.url, opening, { ...setup, lanes: 4 }),
      () => undefined,
    );
  });
} else {
  process.stdout.write(`skipped: the contract on Citus: ${reason}\n`);
  test.skip("a ledger kept on several machines", () => undefined);
}

/** What every store promises, kept by a ledger that lies on several machines. */
import { afterAll, test } from "vitest";
import { ledgerContract } from "../../packages/server/testing/contract/ledger-contract.ts";
import { ledgerUnderTest } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import { CitusDatabases, oneFileAtATime, whyNoCitus } from "../support/postgres/citus.ts";

const reason = whyNoCitus();
const databases = new CitusDatabases();
afterAll(() => databases.remove());

if (reason === undefined) {
  oneFileAtATime();
  ledgerContract("on several machines", async (setup) => {
    const database = await databases.take();
    return ledgerUnderTest(
      (opening) => openAt(database.url, opening, { ...setup, lanes: 4, clocksApartMaxMs: Number.POSITIVE_INFINITY }),
      () => databases.giveBack(database),
    );
  });
} else {
  process.stdout.write(`skipped: the contract on Citus: ${reason}\n`);
  test.skip("a ledger kept on several machines", () => undefined);
}

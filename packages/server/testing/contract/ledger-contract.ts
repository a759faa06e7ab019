/**
 * What every store promises, in one suite. A store's own tests run this suite, and add what only that store can get wrong. Test
 * code: it is not shipped.
 */
import { describe, onTestFinished } from "vitest";
import { chainPromises } from "./chains.ts";
import { eventPromises } from "./events.ts";
import { keepingPromises } from "./keeping.ts";
import type { LedgerSetup, LedgerUnderTest, MakeLedger } from "./ledger-under-test.ts";
import { listingPromises } from "./listing.ts";
import { resourcePromises } from "./resources.ts";
import { sumPromises } from "./sums.ts";
import { transactionPromises } from "./transactions.ts";
import { troublePromises } from "./trouble.ts";

export function ledgerContract(name: string, makeLedger: MakeLedger): void {
  const fresh = async (setup?: LedgerSetup): Promise<LedgerUnderTest> => {
    const made = await makeLedger(setup);
    onTestFinished(() => made.remove());
    return made;
  };
  describe(`a ledger kept ${name}`, () => {
    transactionPromises(fresh);
    troublePromises(fresh);
    listingPromises(fresh);
    keepingPromises(fresh);
    eventPromises(fresh);
    chainPromises(fresh);
    resourcePromises(fresh);
    sumPromises(fresh);
  });
}

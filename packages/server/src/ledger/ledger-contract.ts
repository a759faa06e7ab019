/**
 * What every store promises, in one suite. A store's own tests run it and add what only that store can get wrong.
 * Test code: it is not shipped.
 */
import { describe, onTestFinished } from "vitest";
import { chainPromises } from "./contract/chains.ts";
import { eventPromises } from "./contract/events.ts";
import { keepingPromises } from "./contract/keeping.ts";
import type { LedgerSetup, LedgerUnderTest, MakeLedger } from "./contract/ledger-under-test.ts";
import { listingPromises } from "./contract/listing.ts";
import { transactionPromises } from "./contract/transactions.ts";
import { troublePromises } from "./contract/trouble.ts";

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
  });
}

import { ledgerOver } from "../../ledger/contract/ledger-under-test.ts";
import { ledgerContract } from "../../ledger/ledger-contract.ts";
import { MemoryEngine } from "./memory-engine.ts";

ledgerContract("in memory", (setup) => {
  const engine = new MemoryEngine();
  return ledgerOver(
    () => engine,
    () => {},
    setup,
  );
});

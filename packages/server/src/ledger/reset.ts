/** The work that empties a ledger. */
import type { Call } from "./entry.ts";
import type { CatalogueAfter, Work } from "./ledger.ts";

export function resetTo(call: Call, catalogueAfter: CatalogueAfter): Work<undefined> {
  return {
    call,
    keys: [],
    decide: ({ catalogue }) => ({
      event: { kind: "ledger-reset" },
      catalogue: catalogueAfter(catalogue),
      answer: undefined,
    }),
  };
}

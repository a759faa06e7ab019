/** What the routes of the buy page work with. */
import type { ServiceClock } from "../clock.ts";
import type { Sealer } from "../identity/seal.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";

export interface BuyContext {
  readonly ledger: Ledger;
  readonly sealer: Sealer;
  readonly clock: ServiceClock;
  readonly random: (bytes: number) => Buffer;
  readonly newRequestId: () => string;
}

/** Variables that middleware sets for the routes. */
export interface BuyEnv {
  readonly Variables: {
    /** A call that a buyer's account makes on this page; each gets an id of its own. */
    readonly call: (operation: string, accountId: string) => Call;
  };
}

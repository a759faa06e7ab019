/** What the operator API's routes work with. */
import type { EventPages } from "../audit/event-pages.ts";
import type { AuditVerification } from "../checkpoints/audit-verification.ts";
import type { ServiceClock } from "../clock.ts";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import type { KeyPair } from "../identity/registration-keys.ts";
import type { Sealer } from "../identity/seal.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Workload } from "../workload/workload.ts";

export interface OperatorContext {
  readonly ledger: Ledger;
  /** The operator's own: callers who read their trails do not hold it up. */
  readonly eventPages: EventPages;
  readonly sealer: Sealer;
  readonly clock: ServiceClock;
  /** Whether faults, clocks other than `system` and resets are allowed. */
  readonly lab: boolean;
  readonly faults: FaultPlan;
  readonly random: (bytes: number) => Buffer;
  /** A new RSA key, in PEM. */
  readonly newKeyPair: () => Promise<KeyPair>;
  readonly newRequestId: () => string;
  readonly keeping: {
    /** Does what has become due, as the service clock stands now. */
    dueWork(): Promise<void>;
    beforeReset(): Promise<void>;
    verifyAudit(): Promise<AuditVerification>;
  };
  /** What metered resources are given where they run. */
  readonly workload: Pick<Workload, "environmentOf" | "resourceChanged" | "resourcesChanged">;
  /** The catalogue that the server was started with, for resets. */
  readonly initialCatalogue: () => readonly CatalogueChange[];
}

/** Variables that middleware leaves for the routes. */
export interface OperatorEnv {
  readonly Variables: { readonly call: (operation: string) => Call };
}

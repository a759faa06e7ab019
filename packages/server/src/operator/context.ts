/** What the handlers of the operator API work with. */
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
  /** The operator's own, so that callers who read their trails do not delay the operator. */
  readonly eventPages: EventPages;
  readonly sealer: Sealer;
  readonly clock: ServiceClock;
  /** Whether faults, clocks other than `system`, and resets are allowed. */
  readonly lab: boolean;
  readonly faults: FaultPlan;
  readonly random: (bytes: number) => Buffer;
  /** A new RSA key, in PEM. */
  readonly newKeyPair: () => Promise<KeyPair>;
  readonly newRequestId: () => string;
  readonly keeping: {
    /** Does the work that is due at the service clock's present time. */
    dueWork(): Promise<void>;
    beforeReset(): Promise<void>;
    verifyAudit(): Promise<AuditVerification>;
  };
  /** What metered resources get where they run. */
  readonly workload: Pick<Workload, "environmentOf" | "resourceChanged" | "resourcesChanged">;
  /** The catalogue of a reset: the one that the server was started with. */
  readonly initialCatalogue: () => readonly CatalogueChange[];
}

/** Variables that middleware sets for the routes. */
export interface OperatorEnv {
  readonly Variables: { readonly call: (operation: string) => Call };
}

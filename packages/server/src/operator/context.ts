/** What the handlers of the operator API work with. */
import type { EpochMs, RuleSet, RuleSetName } from "@countinghouse/protocol";
import type { EventPages } from "../audit/event-pages.ts";
import type { ServiceClock } from "../clock.ts";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import type { KeyPair } from "../identity/registration-keys.ts";
import type { Sealer } from "../identity/seal.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ActivityFeed } from "./activity/activity-feed.ts";
import type { OwnAddress } from "./requests/replay.ts";
import type { RawRequests } from "./requests/raw-requests.ts";
import type { VerificationJobs } from "./verification-jobs.ts";
import type { Workload } from "../workload/workload.ts";

export interface OperatorContext {
  readonly ledger: Ledger;
  /** The operator's own, so that callers who read their trails do not delay the operator. */
  readonly eventPages: EventPages;
  readonly sealer: Sealer;
  readonly clock: ServiceClock;
  readonly ruleSet: RuleSet;
  /** Whether faults, clocks other than `system`, and resets are allowed. */
  readonly lab: boolean;
  readonly faults: FaultPlan;
  readonly random: (bytes: number) => Buffer;
  /** A new RSA key, in PEM. */
  readonly newKeyPair: () => Promise<KeyPair>;
  readonly newRequestId: () => string;
  /** Wall clock. */
  readonly wallMs: () => EpochMs;
  readonly activity: ActivityFeed;
  readonly verifications: VerificationJobs;
  /** Empty where there is no lab. */
  readonly rawRequests: RawRequests;
  /** Where the server listens. */
  readonly ownAddress: () => OwnAddress;
  readonly server: ServerFacts;
  readonly keeping: {
    /** Does the work that is due at the service clock's present time. */
    dueWork(): Promise<void>;
    beforeReset(): Promise<void>;
  };
  /** What metered resources get where they run. */
  readonly workload: Pick<Workload, "environmentOf" | "resourceChanged" | "resourcesChanged">;
  /** The catalogue of a reset: the one that the server was started with. */
  readonly initialCatalogue: () => readonly CatalogueChange[];
}

/** What `/server` tells that does not change, and what it tells as it is now. */
interface ServerFacts {
  readonly version: string;
  readonly ruleSet: RuleSetName;
  readonly storeKind: "memory" | "sqlite" | "postgres";
  readonly quotas: "off" | "aws";
  readonly retentionDays: number | undefined;
  /** Wall clock. */
  readonly startedAtMs: EpochMs;
  now(): ServerNow;
}

/** How it goes. */
export interface ServerNow {
  /** Why it is not ready; none where it is. */
  readonly unready: readonly string[];
  readonly remarks: readonly string[];
  readonly connections: number;
  readonly freeBytes: number | undefined;
  readonly logBytes: number | undefined;
}

/** Variables that middleware sets for the routes. */
export interface OperatorEnv {
  readonly Variables: {
    readonly call: (operation: string) => Call;
    /** Who calls, by the token: `operator`, or the name of a reader's token. */
    readonly principal: string;
    readonly role: Role;
  };
}

/** What a token is good for: everything, or reading. */
export type Role = "operator" | "reader";

/**
 * A ledger entry: one call or change, who made it, and what came of it. Entries are complete in themselves and the
 * same in every store; they are never changed. They are also the audit events.
 */
import type { EpochMs, ResolveCustomerOutput, RuleId, UsageRecord, UsageRecordStatus } from "@countinghouse/protocol";
import type { LaneHead } from "./chain-head.ts";
import type { Clipped } from "./clipped-request.ts";
import type { CatalogueKind } from "../domain/catalogue/catalogue.ts";
import type { FaultHit, InjectedFault } from "../domain/injected-fault.ts";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import type { ErrorCode } from "../domain/rejection.ts";
import type { ObservationSource } from "../domain/resources/observation.ts";

/** Who called what, from where. Never holds a secret, a token or a signature. */
export interface Call {
  /** The request's id; also the entry's. */
  readonly requestId: string;
  /** `BatchMeterUsage`, or for the operator `CreateAgreement` and the like. */
  readonly operation: string;
  /** An ARN, `operator`, or `buy-page` for what came by the buyer's way in. */
  readonly principal: string;
  readonly accountId?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly region?: string | undefined;
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** Of a call with temporary credentials: the resource that they were given to. */
  readonly session?: ResourceSession | undefined;
  /** Faults on demand that hit it, in a lab. */
  readonly faults?: readonly FaultHit[] | undefined;
}

/** One usage record as it was sent, and what became of it. */
export interface DecidedRecord {
  readonly usageRecord: UsageRecord;
  readonly status: UsageRecordStatus;
  /** The record that stands, where it was kept by another entry (replays and duplicates). */
  readonly keptAs?: string | undefined;
  /** The rule by which the customer is not subscribed. */
  readonly rule?: RuleId | undefined;
}

/** What was asked for, member by member, in the words used inside. Never holds a secret, a token or a signature. */
export type Asked = Readonly<Record<string, unknown>>;

export type LedgerEvent =
  | {
      readonly kind: "usage-metered";
      readonly productCode?: string | undefined;
      /** The resource that metered itself; absent where a seller metered its customers. */
      readonly resourceId?: string | undefined;
      readonly clientToken?: string | undefined;
      /** As it was sent: `false`, or nothing. */
      readonly dryRun?: boolean | undefined;
      readonly records: readonly DecidedRecord[];
      /** What a fault on demand gave back undecided; in the request, these came after the others. */
      readonly unprocessed?: readonly UsageRecord[] | undefined;
    }
  | {
      /** MeterUsage with DryRun: it would have been accepted, and nothing was metered. */
      readonly kind: "dry-run-passed";
      readonly productCode: string;
      readonly resourceId: string;
      readonly request: Asked;
      readonly clipped?: Clipped | undefined;
    }
  | {
      /** RegisterUsage, each time it is called. */
      readonly kind: "usage-registered";
      readonly productCode: string;
      readonly resourceId: string;
      readonly request: Asked;
      /** Whether metering began with it. */
      readonly first: boolean;
      readonly signature: string;
      readonly publicKeyRotationTimestampMs?: EpochMs | undefined;
    }
  | {
      /** What the control plane metered of the resources of one product. */
      readonly kind: "usage-accrued";
      readonly productCode: string;
      readonly uses: readonly AccruedUse[];
    }
  | {
      /** News of a resource: it was found, or its life is another than was known. */
      readonly kind: "resource-observed";
      readonly source: ObservationSource;
      readonly resource: Asked;
      /** Whether anything was learnt of it. */
      readonly changed: boolean;
    }
  | {
      /** Temporary credentials, given for a web identity. */
      readonly kind: "credentials-issued";
      readonly request: Asked;
      readonly resourceId: string;
      readonly accessKeyId: string;
      readonly assumedRoleArn: string;
      readonly subject: string;
      readonly audience: string;
      readonly expiresAtMs: EpochMs;
    }
  | {
      /** Who asks was told who it is. */
      readonly kind: "caller-identified";
    }
  | {
      readonly kind: "customer-resolved";
      readonly agreementId: string;
      readonly customer: ResolveCustomerOutput;
    }
  | ShownEvent
  | {
      readonly kind: "call-refused";
      readonly code: ErrorCode | OperatorRefusal | FormerErrorCode;
      readonly message: string;
      /** The rule of the wire that refused; operator calls have none. */
      readonly rule?: RuleId | undefined;
      readonly compared: Readonly<Record<string, string | number>>;
      /** Absent where it could not be read. */
      readonly request?: Asked | undefined;
      /** Present where the request is not kept whole. */
      readonly clipped?: Clipped | undefined;
    }
  | {
      readonly kind: "catalogue-changed";
      readonly changes: readonly {
        /** Resources are no part of the catalogue; those that are forgotten are told of here, as they always were. */
        readonly kind: CatalogueKind | "resource";
        readonly id: string;
        readonly action: "put" | "removed";
        /** The object as it was put in place, without its secrets. */
        readonly value?: Asked | undefined;
      }[];
    }
  | { readonly kind: "registration-token-issued"; readonly agreementId: string; readonly expiresAtMs: EpochMs }
  | { readonly kind: "clock-moved"; readonly fromMs: EpochMs; readonly toMs: EpochMs }
  | { readonly kind: "fault-added"; readonly fault: InjectedFault }
  | { readonly kind: "faults-removed"; readonly faultIds: readonly string[] }
  | {
      /** Calls of which nothing was kept, between two times of the wall clock. */
      readonly kind: "calls-not-kept";
      readonly fromMs: EpochMs;
      readonly toMs: EpochMs;
      readonly counts: readonly { readonly operation: string; readonly code: string; readonly count: number }[];
    }
  | {
      /** Entries older than they are to be kept were removed, with their metering records. */
      readonly kind: "entries-expired";
      readonly beforeMs: EpochMs;
      readonly count: number;
      /** The newest of them, and its link in the chain, which goes on from there. */
      readonly through: LaneHead;
    }
  | {
      /** A start that would have been refused went on, because the operator said so. */
      readonly kind: "start-accepted";
      /** What was said: the flag's name. */
      readonly flag: string;
      readonly compared: Readonly<Record<string, string | number>>;
    }
  | {
      /** A server was started though the newest entries were missing. */
      readonly kind: "lost-tail-accepted";
      /** What was missing, in sentences. */
      readonly found: string;
    }
  | {
      /** Somebody with a reader's token reads the trail by this route; kept once an hour. */
      readonly kind: "trail-read";
      readonly route: string;
    }
  | { readonly kind: "ledger-reset" };

/** A call that read: something was shown, and nothing changed. Each kind of what may be shown is named here. */
interface ShownEvent {
  readonly kind: `${"entitlements" | "events"}-shown`;
  readonly productCode?: string | undefined;
  readonly request: Asked;
  readonly clipped?: Clipped | undefined;
  readonly count: number;
  /** The rule by which nothing was shown, though there may be something. */
  readonly rule?: RuleId | undefined;
}

export function isShown(event: LedgerEvent): event is ShownEvent {
  return event.kind.endsWith("-shown");
}

/** The use of one resource in one hour. */
export interface AccruedUse {
  readonly resourceId: string;
  readonly customerAccountId: string;
  readonly region: string;
  /** The product's dimension of hours. */
  readonly dimension: string;
  /** Whole hours since the epoch. */
  readonly hour: number;
  /** Less than zero where an adjustment takes away. */
  readonly seconds: number;
  /** Which one, from 1, where the hour was in the ledger before. */
  readonly adjustment?: number | undefined;
}

/** What earlier versions answered, to dry runs (Rule M7) and for keys that could not be read (Rule C7): their entries still say so. */
type FormerErrorCode = "DryRunOperation" | "UnauthorizedException" | "IDPCommunicationError";

/** Why an operator call was refused. */
export type OperatorRefusal = "not-found" | "conflict" | "invalid";

export interface LedgerEntry {
  /** Service clock at the commit. */
  readonly atMs: EpochMs;
  readonly call: Call;
  readonly event: LedgerEvent;
}

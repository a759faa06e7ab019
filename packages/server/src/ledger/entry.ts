/**
 * A ledger entry: one call or change, who made it, and what came of it. An entry is complete in itself, the same in every
 * store, and never changed. It is also the audit event.
 */
import type { EpochMs, ResolveCustomerOutput, RuleId, UsageRecord, UsageRecordStatus } from "@countinghouse/protocol";
import type { LaneHead } from "./chain-head.ts";
import type { Clipped } from "./clipped-request.ts";
import type { CatalogueKind } from "../domain/catalogue/catalogue.ts";
import type { FaultHit, InjectedFault } from "../domain/injected-fault.ts";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import type { ErrorCode } from "../domain/rejection.ts";
import type { ObservationSource } from "../domain/resources/observation.ts";

/** Who called which operation, and from where. Never holds a secret, a token or a signature. */
export interface Call {
  /** The request's id, which is also the entry's id. */
  readonly requestId: string;
  /** `BatchMeterUsage`, or for the operator `CreateAgreement` and the like. */
  readonly operation: string;
  /** An ARN, `operator`, or `buy-page` for a call from the buy page. */
  readonly principal: string;
  readonly accountId?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly region?: string | undefined;
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** For a call with session credentials: the resource that got them. */
  readonly session?: ResourceSession | undefined;
  /** The faults on demand that this call met, in a lab. */
  readonly faults?: readonly FaultHit[] | undefined;
}

/** One usage record as it was sent, and what became of it. */
export interface DecidedRecord {
  readonly usageRecord: UsageRecord;
  readonly status: UsageRecordStatus;
  /** The id of the record that stands, where another entry kept it (replays and duplicates). */
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
      /** `false` where the caller sent it; absent where the caller sent nothing. */
      readonly dryRun?: boolean | undefined;
      readonly records: readonly DecidedRecord[];
      /** The records that a fault on demand gave back undecided. In the request, they came after the other records. */
      readonly unprocessed?: readonly UsageRecord[] | undefined;
    }
  | {
      /** A MeterUsage with DryRun passed its checks; nothing was metered. */
      readonly kind: "dry-run-passed";
      readonly productCode: string;
      readonly resourceId: string;
      readonly request: Asked;
      readonly clipped?: Clipped | undefined;
    }
  | {
      /** RegisterUsage was called; every call makes such an entry. */
      readonly kind: "usage-registered";
      readonly productCode: string;
      readonly resourceId: string;
      readonly request: Asked;
      /** Whether metering began with this call. */
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
      /** A source told of a resource: the resource was found, or its state has changed. */
      readonly kind: "resource-observed";
      readonly source: ObservationSource;
      readonly resource: Asked;
      /** Whether the server learnt anything new of the resource. */
      readonly changed: boolean;
    }
  | {
      /** Session credentials were given for a web identity. */
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
      /** The caller was told who it is. */
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
      /** The caller's own product, where the request names it by a licence only. */
      readonly productCode?: string | undefined;
      /** The rule of the wire by which the call was refused; absent for operator calls. */
      readonly rule?: RuleId | undefined;
      readonly compared: Readonly<Record<string, string | number>>;
      /** Absent where the request could not be read. */
      readonly request?: Asked | undefined;
      /** Present where the request is not kept whole. */
      readonly clipped?: Clipped | undefined;
    }
  | {
      readonly kind: "catalogue-changed";
      readonly changes: readonly {
        /** A resource is no part of the catalogue, but its removal is written here, as in earlier versions. */
        readonly kind: CatalogueKind | "resource";
        readonly id: string;
        readonly action: "put" | "removed";
        /** The object as it now is, without its secrets. */
        readonly value?: Asked | undefined;
      }[];
    }
  | { readonly kind: "registration-token-issued"; readonly agreementId: string; readonly expiresAtMs: EpochMs }
  | { readonly kind: "clock-moved"; readonly fromMs: EpochMs; readonly toMs: EpochMs }
  | { readonly kind: "fault-added"; readonly fault: InjectedFault }
  | { readonly kind: "faults-removed"; readonly faultIds: readonly string[] }
  | {
      /** How many calls were made of which nothing was kept, between two times of the wall clock. */
      readonly kind: "calls-not-kept";
      readonly fromMs: EpochMs;
      readonly toMs: EpochMs;
      readonly counts: readonly { readonly operation: string; readonly code: string; readonly count: number }[];
    }
  | {
      /** Entries that had reached the end of their retention were removed, with their metering records. */
      readonly kind: "entries-expired";
      readonly beforeMs: EpochMs;
      readonly count: number;
      /** The newest removed entry, and its link: the chain goes on from there. */
      readonly through: LaneHead;
    }
  | {
      /** A server started although a check would have refused it, because the operator accepted that with a flag. */
      readonly kind: "start-accepted";
      /** The name of the flag. */
      readonly flag: string;
      readonly compared: Readonly<Record<string, string | number>>;
    }
  | {
      /** A server was started although the newest entries were missing. */
      readonly kind: "lost-tail-accepted";
      /** Says in sentences what was missing. */
      readonly found: string;
    }
  | {
      /** A reader's token was used to read the trail by this route; kept once an hour. */
      readonly kind: "trail-read";
      readonly route: string;
    }
  | { readonly kind: "ledger-reset" }
  /** Everything up to and with this entry was given out as a snapshot, without its secrets. */
  | { readonly kind: "snapshot-saved" }
  | {
      /** Everything before this entry came from a snapshot. */
      readonly kind: "snapshot-loaded";
      readonly entries: number;
      /** The service clock when the snapshot was saved. */
      readonly savedAtMs: EpochMs;
      /** Access keys whose secrets were made anew. */
      readonly accessKeyIds: readonly string[];
    };

/** A call that only read: something was shown, and nothing changed. Each kind of thing that may be shown is named here. */
interface ShownEvent {
  readonly kind: `${"entitlements" | "events"}-shown`;
  readonly productCode?: string | undefined;
  readonly request: Asked;
  readonly clipped?: Clipped | undefined;
  readonly count: number;
  /** The rule by which nothing was shown, though there may be something to show. */
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
  /** The product's dimension that counts hours. */
  readonly dimension: string;
  /** Whole hours since the epoch. */
  readonly hour: number;
  /** Less than zero where an adjustment takes use away. */
  readonly seconds: number;
  /** The number of this adjustment, from 1; absent where the ledger had nothing for the hour yet. */
  readonly adjustment?: number | undefined;
}

/** Earlier versions answered these to dry runs (Rule M7) and for unreadable keys (Rule C7): old entries hold them. */
type FormerErrorCode = "DryRunOperation" | "UnauthorizedException" | "IDPCommunicationError";

/** Why an operator call was refused. */
export type OperatorRefusal = "not-found" | "conflict" | "invalid";

export interface LedgerEntry {
  /** The service clock's time at the commit. */
  readonly atMs: EpochMs;
  readonly call: Call;
  readonly event: LedgerEvent;
}

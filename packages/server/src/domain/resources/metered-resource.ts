/**
 * Metered resources: what runs a product in a buyer's account, and what is known of its life. Observations come late, repeated
 * and out of order; the same observations in any order give the same resource.
 */
import type { EpochMs } from "@countinghouse/protocol";

export type Platform = "ec2" | "ecs" | "eks";

/** An EC2 instance, an ECS task or an EKS pod. */
export interface MeteredResource {
  /** Computed from platform and external id (`ledger/ids.ts`). */
  readonly resourceId: string;
  readonly platform: Platform;
  /** The instance's id, the task's ARN, the pod's uid. */
  readonly externalId: string;
  /** The buyer's account, in which the resource runs. */
  readonly accountId: string;
  readonly region: string;
  /** The role whose permissions the resource's credentials have; absent until it is known. */
  readonly roleName?: string | undefined;
  readonly startedAtMs: EpochMs;
  /** Absent while the resource runs, as far as is known. */
  readonly stoppedAtMs?: EpochMs | undefined;
  /** The time of the last sign of life, exact to about an hour. */
  readonly heardAtMs: EpochMs;
  /** The version of the newest observation whose source numbers its states, as ECS events do. */
  readonly version?: number | undefined;
  /** By product, in the order of registration. */
  readonly registrations: readonly UsageRegistration[];
  /** What observations said, as far as later ones must be compared with it (`observation.ts`). */
  readonly findings?: Findings | undefined;
}

/** Start, stop and role follow from these. Each is the newest, first or last of its kind, so order does not matter. */
export interface Findings {
  /** The newest state that a source with numbered states has told. */
  readonly numbered?:
    | {
        readonly version: number;
        readonly startedAtMs?: EpochMs | undefined;
        readonly stoppedAtMs?: EpochMs | undefined;
      }
    | undefined;
  /** The earliest start that other sources told. */
  readonly startedAtMs?: EpochMs | undefined;
  /** When the resource was first seen; it ran by then. */
  readonly firstSeenAtMs: EpochMs;
  /** The end that other sources told last, and when they told it. */
  readonly stopped?: { readonly stoppedAtMs: EpochMs; readonly toldAtMs: EpochMs } | undefined;
  readonly role?: { readonly roleName: string; readonly toldAtMs: EpochMs } | undefined;
  /** The watch that will tell when the resource is gone. */
  readonly watch?: { readonly watchId: string; readonly toldAtMs: EpochMs } | undefined;
  /** When a watch last looked for the resource and did not find it. */
  readonly missedAtMs?: EpochMs | undefined;
  /** When the resource was last given up, because nothing had been heard of it. */
  readonly givenUpAtMs?: EpochMs | undefined;
}

/** A resource's first RegisterUsage of a product: from then on its use is metered. Rules Y5 and H1. */
export interface UsageRegistration {
  readonly productCode: string;
  readonly registeredAtMs: EpochMs;
  /** The hours before this one are in the ledger; undefined while no hour is. Whole hours since the epoch. */
  readonly accruedToHour?: number | undefined;
  /** The life by which these hours were computed; a different life is corrected by adjustments. */
  readonly accruedBy?: ResourceLife | undefined;
  /**
   * All hours are under this, the product's dimension of hours at the registration. Earlier versions set it with the first
   * hour.
   */
  readonly dimension?: string | undefined;
  /** How many adjustments there were. */
  readonly adjustments?: number | undefined;
  /** An adjustment that is under way: the hours before `toHour` follow the life `by` already. */
  readonly adjusting?: { readonly toHour: number; readonly by: ResourceLife } | undefined;
}

/** When a resource ran. */
export interface ResourceLife {
  readonly startedAtMs: EpochMs;
  readonly stoppedAtMs?: EpochMs | undefined;
}

/** The resource that got the session credentials of a call. */
export interface ResourceSession {
  readonly resourceId: string;
  readonly platform: Platform;
  /** The ARN of the OpenID Connect provider that vouched for the resource, where it has a web identity. */
  readonly federatedProvider?: string | undefined;
  /** When the credentials were issued, by the service clock; unknown where an earlier version issued them. */
  readonly createdAtMs?: EpochMs | undefined;
}

export function registrationOf(
  { registrations }: Pick<MeteredResource, "registrations">,
  productCode: string,
): UsageRegistration | undefined {
  return registrations.find((registration) => registration.productCode === productCode);
}

/** Whether the resource runs at this time, as far as is known. */
export function isLive({ stoppedAtMs }: ResourceLife, nowMs: EpochMs): boolean {
  return stoppedAtMs === undefined || nowMs < stoppedAtMs;
}

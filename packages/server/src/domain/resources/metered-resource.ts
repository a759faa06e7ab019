/**
 * Metered resources: what runs a product on a buyer's account, and what is known of its life. Observations come late,
 * repeated and out of order; whichever way they come in, the same of them give the same resource.
 */
import type { EpochMs } from "@countinghouse/protocol";

export type Platform = "ec2" | "ecs" | "eks";

/** An EC2 instance, an ECS task or an EKS pod. */
export interface MeteredResource {
  /** Follows from platform and external id (`ledger/ids.ts`). */
  readonly resourceId: string;
  readonly platform: Platform;
  /** The instance's id, the task's ARN, the pod's uid. */
  readonly externalId: string;
  /** The buyer's account, which it runs in. */
  readonly accountId: string;
  readonly region: string;
  /** Whose permissions its credentials have; absent until that is known. */
  readonly roleName?: string | undefined;
  readonly startedAtMs: EpochMs;
  /** Absent while it runs, as far as is known. */
  readonly stoppedAtMs?: EpochMs | undefined;
  /** When there was last a sign of it, to within an hour or so. */
  readonly heardAtMs: EpochMs;
  /** Of the newest observation that numbers its states, as ECS events do. */
  readonly version?: number | undefined;
  /** By product, in the order of registration. */
  readonly registrations: readonly UsageRegistration[];
  /** What observations said, as far as the next one has to be held against it (`observation.ts`). */
  readonly findings?: Findings | undefined;
}

/** From these follow start, stop and role. Each is the newest, the first or the last of its kind, so that order is nothing. */
export interface Findings {
  /** The newest state of a source that numbers them. */
  readonly numbered?:
    | {
        readonly version: number;
        readonly startedAtMs?: EpochMs | undefined;
        readonly stoppedAtMs?: EpochMs | undefined;
      }
    | undefined;
  /** The earliest start that others told of. */
  readonly startedAtMs?: EpochMs | undefined;
  /** When it was first seen: it ran then, at the latest. */
  readonly firstSeenAtMs: EpochMs;
  /** The end that others told of last, and when they did. */
  readonly stopped?: { readonly stoppedAtMs: EpochMs; readonly toldAtMs: EpochMs } | undefined;
  readonly role?: { readonly roleName: string; readonly toldAtMs: EpochMs } | undefined;
  /** Who watches it, and tells when it is there no more. */
  readonly watch?: { readonly watchId: string; readonly toldAtMs: EpochMs } | undefined;
  /** When it was last looked for, and not there. */
  readonly missedAtMs?: EpochMs | undefined;
  /** When it was last given up, since nothing had been heard of it. */
  readonly givenUpAtMs?: EpochMs | undefined;
}

/** A resource's first RegisterUsage of a product: from it follows that its use is metered. Rule R1 of the document. */
export interface UsageRegistration {
  readonly productCode: string;
  readonly registeredAtMs: EpochMs;
  /** Hours before this one are in the ledger; undefined while none is. Whole hours since the epoch. */
  readonly accruedToHour?: number | undefined;
  /** The life by which they are; another one since is made good by adjustments. */
  readonly accruedBy?: ResourceLife | undefined;
  /** The product's dimension of hours when it registered: all of its hours are under it. Earlier versions set it with the first hour. */
  readonly dimension?: string | undefined;
  /** How many times they were adjusted. */
  readonly adjustments?: number | undefined;
  /** An adjustment that is under way: hours before this one are by that life by now. */
  readonly adjusting?: { readonly toHour: number; readonly by: ResourceLife } | undefined;
}

/** When a resource ran. */
export interface ResourceLife {
  readonly startedAtMs: EpochMs;
  readonly stoppedAtMs?: EpochMs | undefined;
}

/** What lies behind temporary credentials: the resource that they were given to. */
export interface ResourceSession {
  readonly resourceId: string;
  readonly platform: Platform;
  /** Who vouched for it, where it came by a web identity: the ARN of an OpenID Connect provider. */
  readonly federatedProvider?: string | undefined;
  /** When they were issued, by the service clock; unknown of those that an earlier version issued. */
  readonly createdAtMs?: EpochMs | undefined;
}

export function registrationOf(
  { registrations }: Pick<MeteredResource, "registrations">,
  productCode: string,
): UsageRegistration | undefined {
  return registrations.find((registration) => registration.productCode === productCode);
}

/** Whether it runs, as far as is known at this time. */
export function isLive({ stoppedAtMs }: ResourceLife, nowMs: EpochMs): boolean {
  return stoppedAtMs === undefined || nowMs < stoppedAtMs;
}

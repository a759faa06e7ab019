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
}

/** A resource's first RegisterUsage of a product: from it follows that its use is metered. Rule R1 of the document. */
export interface UsageRegistration {
  readonly productCode: string;
  readonly registeredAtMs: EpochMs;
  /** Hours before this one are in the ledger; undefined while none is. Whole hours since the epoch. */
  readonly accruedToHour?: number | undefined;
  /** The life by which they are; another one since is made good by adjustments. */
  readonly accruedBy?: ResourceLife | undefined;
  /** How many times they were adjusted. */
  readonly adjustments?: number | undefined;
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
}

export function registrationOf(resource: MeteredResource, productCode: string): UsageRegistration | undefined {
  return resource.registrations.find((registration) => registration.productCode === productCode);
}

/** Whether it runs, as far as is known at this time. */
export function isLive({ stoppedAtMs }: ResourceLife, nowMs: EpochMs): boolean {
  return stoppedAtMs === undefined || nowMs < stoppedAtMs;
}

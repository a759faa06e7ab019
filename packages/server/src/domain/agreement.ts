/** A customer's agreement for a product: who may be metered, from when, until when. */
import type { EpochMs } from "@countinghouse/protocol";

export interface Entitlement {
  readonly dimension: string;
  readonly value: number | string | boolean;
  readonly expiresAtMs?: EpochMs | undefined;
}

export interface Agreement {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  /** Absent for products of the new style. */
  readonly customerIdentifier?: string | undefined;
  readonly licenseArn?: string | undefined;
  readonly startsAtMs: EpochMs;
  readonly endsAtMs?: EpochMs | undefined;
  readonly freeTrial?: boolean | undefined;
  readonly entitlements: readonly Entitlement[];
}

/** Whether the agreement is in force at a time: from its start (included) to its end (not included). */
export function inForce(agreement: Agreement, atMs: EpochMs): boolean {
  return atMs >= agreement.startsAtMs && (agreement.endsAtMs === undefined || atMs < agreement.endsAtMs);
}

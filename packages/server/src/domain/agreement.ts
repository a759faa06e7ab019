/**
 * A customer's agreement for a product: who may be metered, from when, until when. Its terms are as they were agreed;
 * its state is what has happened to it since.
 */
import { FINAL_METERING_SECONDS, type EpochMs, type RuleId } from "@countinghouse/protocol";

export interface Entitlement {
  readonly dimension: string;
  readonly value: number | string | boolean;
  readonly expiresAtMs?: EpochMs | undefined;
}

export interface AgreementTerms {
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

export interface AgreementState {
  /** When it was cancelled, for good; what comes after is a new agreement. */
  readonly cancelledAtMs?: EpochMs | undefined;
  /** Since when it is suspended; absent while it is not. */
  readonly suspendedAtMs?: EpochMs | undefined;
}

export interface Agreement extends AgreementTerms, AgreementState {}

export type AgreementStatus = "pending" | "active" | "suspended" | "cancelled" | "expired";

/** The one word for where an agreement stands: what can no more be undone comes before what can. */
export function statusOf(agreement: Agreement, nowMs: EpochMs): AgreementStatus {
  const { cancelledAtMs, endsAtMs, suspendedAtMs, startsAtMs } = agreement;
  if (cancelledAtMs !== undefined) return "cancelled";
  if (endsAtMs !== undefined && nowMs >= endsAtMs) return "expired";
  if (suspendedAtMs !== undefined) return "suspended";
  return nowMs < startsAtMs ? "pending" : "active";
}

/** Whether the customer has what was agreed: from its start (included) to its end (not included), and not suspended. */
export function inForce(agreement: Agreement, nowMs: EpochMs): boolean {
  return statusOf(agreement, nowMs) === "active";
}

/** Rule G2: whether usage of this time is usage under the agreement. Usage of the final hour after a cancellation is. */
export function coversUsage(agreement: Agreement, usedAtMs: EpochMs): boolean {
  const { startsAtMs, endsAtMs = Number.POSITIVE_INFINITY, cancelledAtMs } = agreement;
  return usedAtMs >= startsAtMs && usedAtMs < endsAtMs && usedAtMs < finalHourEndMs(cancelledAtMs);
}

/** Why records may not be sent under the agreement now: the rule, or undefined where they may. */
export function meteringClosed(agreement: Agreement, nowMs: EpochMs): Extract<RuleId, "G1" | "G3" | "G4"> | undefined {
  if (nowMs < agreement.startsAtMs) return "G1";
  if (nowMs >= finalHourEndMs(agreement.cancelledAtMs) || nowMs >= finalHourEndMs(agreement.endsAtMs)) return "G3";
  return agreement.suspendedAtMs === undefined ? undefined : "G4";
}

/** Rules G1 to G4: one agreement is open now, and one, perhaps another, covers the usage. */
export function whyNotSubscribed(
  agreements: readonly Agreement[],
  timestampMs: EpochMs,
  nowMs: EpochMs,
): Extract<RuleId, "G1" | "G2" | "G3" | "G4"> | undefined {
  const closed = agreements.map((agreement) => meteringClosed(agreement, nowMs));
  if (!closed.includes(undefined)) return closed.includes("G4") ? "G4" : closed.includes("G3") ? "G3" : "G1";
  // Usage slightly ahead of the clock (Rule W3) counts as usage of now.
  const usedAtMs = Math.min(timestampMs, nowMs);
  return agreements.some((agreement) => coversUsage(agreement, usedAtMs)) ? undefined : "G2";
}

/** Rule G3: an hour from the end. What never ends has no final hour. */
function finalHourEndMs(endedAtMs: EpochMs | undefined): EpochMs {
  return endedAtMs === undefined ? Number.POSITIVE_INFINITY : endedAtMs + FINAL_METERING_SECONDS * 1000;
}

/**
 * A customer's agreement for a product: who may be metered, from when until when. Its terms are as they were agreed; its state
 * says what has happened to it since.
 */
import { FINAL_METERING_SECONDS, type EpochMs, type RuleId } from "@countinghouse/protocol";

export interface Entitlement {
  readonly dimension: string;
  readonly value: number | string | boolean;
  readonly expiresAtMs?: EpochMs | undefined;
}

interface AgreementTerms {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  /** Absent for products whose customers are identified by account and licence. */
  readonly customerIdentifier?: string | undefined;
  readonly licenseArn?: string | undefined;
  /** The agreement that this one replaces, under names of its own, from its start on. Rule G6. */
  readonly replaces?: string | undefined;
  readonly startsAtMs: EpochMs;
  readonly endsAtMs?: EpochMs | undefined;
  readonly freeTrial?: boolean | undefined;
  readonly entitlements: readonly Entitlement[];
}

export interface AgreementState {
  /** When the agreement was cancelled. That is final; a later agreement is a new one. */
  readonly cancelledAtMs?: EpochMs | undefined;
  /** Since when the agreement is suspended; absent while it is not. */
  readonly suspendedAtMs?: EpochMs | undefined;
  /** The agreement that replaces this one, from this one's end on. Rule G6. */
  readonly replacedBy?: string | undefined;
  /** Set where the end was moved to an earlier time: usage before this time may have been metered. Rule G8. */
  readonly coveredUntilMs?: EpochMs | undefined;
}

export interface Agreement extends AgreementTerms, AgreementState {}

type AgreementStatus = "pending" | "active" | "suspended" | "cancelled" | "expired";

/** The status of an agreement in one word. States that are final come before states that can change. */
export function statusOf(agreement: Agreement, nowMs: EpochMs): AgreementStatus {
  const { cancelledAtMs, endsAtMs, suspendedAtMs, startsAtMs } = agreement;
  if (cancelledAtMs !== undefined) return "cancelled";
  if (endsAtMs !== undefined && nowMs >= endsAtMs) return "expired";
  if (suspendedAtMs !== undefined) return "suspended";
  return nowMs < startsAtMs ? "pending" : "active";
}

/** Whether the customer has what was agreed: from the start (included) to the end (not included), unless suspended. */
export function inForce(agreement: Agreement, nowMs: EpochMs): boolean {
  return statusOf(agreement, nowMs) === "active";
}

/** Finds agreements by their ids, such as the one that replaced another. */
export interface AgreementsById {
  agreement(agreementId: string): Agreement | undefined;
}

/**
 * Rule G2: whether usage at this time belongs to the agreement. Usage in the final hour after a cancellation does. Usage
 * slightly ahead of the clock (Rule W3) counts as usage at the present time; but where one agreement replaces another, the
 * usage's own time decides between the two (Rule G6).
 */
export function coversUsage(agreement: Agreement, timestampMs: EpochMs, nowMs: EpochMs): boolean {
  const { startsAtMs, endsAtMs = Number.POSITIVE_INFINITY, cancelledAtMs, replaces, replacedBy } = agreement;
  const usedAtMs = Math.min(timestampMs, nowMs);
  const hasBegun = (replaces === undefined ? usedAtMs : timestampMs) >= startsAtMs;
  const hasEnded = (replacedBy === undefined ? usedAtMs : timestampMs) >= endsAtMs;
  return hasBegun && !hasEnded && usedAtMs < finalHourEndMs(cancelledAtMs);
}

/** The rule by which records may not be sent under the agreement now; undefined where they may. */
export function meteringClosed(
  agreement: Agreement,
  nowMs: EpochMs,
  agreements: AgreementsById,
): Extract<RuleId, "G1" | "G3" | "G4"> | undefined {
  if (nowMs < agreement.startsAtMs) return "G1";
  if (nowMs >= finalHourEndMs(agreement.cancelledAtMs)) return "G3";
  if (nowMs >= finalHourEndMs(agreement.endsAtMs)) {
    const closed = replacementClosed(agreement, nowMs, agreements);
    if (closed !== undefined) return closed;
  }
  return agreement.suspendedAtMs === undefined ? undefined : "G4";
}

/** Rule G6: the customer remains one while the replacement goes on or is yet to begin. */
function replacementClosed(
  { replacedBy }: Agreement,
  nowMs: EpochMs,
  agreements: AgreementsById,
): Extract<RuleId, "G3" | "G4"> | undefined {
  const successor = replacedBy === undefined ? undefined : agreements.agreement(replacedBy);
  if (successor === undefined) return "G3";
  const closed = meteringClosed(successor, nowMs, agreements);
  if (closed !== "G1") return closed;
  return successor.cancelledAtMs === undefined ? undefined : "G3";
}

/** Rules G1 to G4: one agreement must be open now, and one, perhaps another, must cover the usage. */
export function whyNotSubscribed(
  agreements: readonly Agreement[],
  timestampMs: EpochMs,
  nowMs: EpochMs,
  all: AgreementsById,
): Extract<RuleId, "G1" | "G2" | "G3" | "G4"> | undefined {
  const closed = agreements.map((agreement) => meteringClosed(agreement, nowMs, all));
  if (!closed.includes(undefined)) return closed.includes("G4") ? "G4" : closed.includes("G3") ? "G3" : "G1";
  return agreements.some((agreement) => coversUsage(agreement, timestampMs, nowMs)) ? undefined : "G2";
}

/** The end of the time in which usage belongs to the agreement as it stands: its end, or the end of its final hour. */
export function coverEndMs({ endsAtMs = Number.POSITIVE_INFINITY, cancelledAtMs }: Agreement): EpochMs {
  return Math.min(endsAtMs, finalHourEndMs(cancelledAtMs));
}

/** Rule G3: one hour after the end. An agreement that never ends has no final hour. */
function finalHourEndMs(endedAtMs: EpochMs | undefined): EpochMs {
  return endedAtMs === undefined ? Number.POSITIVE_INFINITY : endedAtMs + FINAL_METERING_SECONDS * 1000;
}

/** Cancels, suspends or resumes an agreement. Rules G3 and G4. */
import { iso, type EpochMs } from "@countinghouse/protocol";
import { statusOf, type Agreement } from "../domain/catalogue/agreement.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { changeCatalogue, type CatalogueRefusal } from "./change-catalogue.ts";

export type AgreementAction = "cancel" | "suspend" | "resume";

/** The agreement after the action, or why the action is refused. */
type Step = (agreement: Agreement, nowMs: EpochMs) => Agreement | string;

const STEPS: Readonly<Record<AgreementAction, Step>> = {
  cancel: (agreement, nowMs) => ended(agreement, nowMs) ?? { ...agreement, cancelledAtMs: nowMs },
  suspend: (agreement, nowMs) =>
    ended(agreement, nowMs) ??
    (agreement.suspendedAtMs === undefined
      ? { ...agreement, suspendedAtMs: nowMs }
      : `was suspended at ${iso(agreement.suspendedAtMs)}`),
  resume: (agreement) => {
    const { suspendedAtMs, ...rest } = agreement;
    return suspendedAtMs === undefined ? "is not suspended" : rest;
  },
};

/** Answers undefined when the change is made, or else why it is refused. It takes place at the service clock's time. */
export function changeAgreementState(
  ledger: Ledger,
  call: Call,
  agreementId: string,
  action: AgreementAction,
): Promise<CatalogueRefusal | undefined> {
  return changeCatalogue(ledger, call, (catalogue, nowMs) => {
    const agreement = catalogue.agreement(agreementId);
    if (agreement === undefined) return { reason: "not-found", message: `No agreement ${agreementId}.` };
    const changed = STEPS[action](agreement, nowMs);
    if (typeof changed === "string") {
      return { reason: "conflict", message: `The agreement ${agreementId} ${changed}.` };
    }
    return [{ kind: "agreement", id: agreementId, value: changed }];
  });
}

/** An agreement that has ended stays as it is: a new final hour would accept usage that nobody agreed to. */
function ended(agreement: Agreement, nowMs: EpochMs): string | undefined {
  if (agreement.cancelledAtMs !== undefined) return `was cancelled at ${iso(agreement.cancelledAtMs)}`;
  const hasRunOut = statusOf(agreement, nowMs) === "expired" && agreement.endsAtMs !== undefined;
  return hasRunOut ? `ran out at ${iso(agreement.endsAtMs)}` : undefined;
}

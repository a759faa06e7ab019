import type { RegistrationToken, RegistrationTokenClaims } from "../domain/registration-token.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Outcome } from "../ledger/ledger.ts";

/** A registration token for an agreement, as AWS Marketplace gives it to a buyer's browser. Rule T1. */
export function issueRegistrationToken(
  ledger: Ledger,
  call: Call,
  agreementId: string,
  seal: (claims: RegistrationTokenClaims) => string,
): Promise<RegistrationToken | undefined> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ nowMs, ruleSet, catalogue }): Outcome<RegistrationToken | undefined> => {
      if (catalogue.agreement(agreementId) === undefined) {
        const message = `No agreement ${agreementId}.`;
        return { event: { kind: "call-refused", code: "not-found", message, compared: {} }, answer: undefined };
      }
      const claims = { agreementId, expiresAtMs: nowMs + ruleSet.registrationTokenSeconds * 1000 };
      return {
        event: { kind: "registration-token-issued", ...claims },
        answer: { ...claims, registrationToken: seal(claims) },
      };
    },
  });
}

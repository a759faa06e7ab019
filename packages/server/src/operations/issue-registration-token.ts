import type { RegistrationToken, RegistrationTokenClaims } from "../domain/registration-token.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

/** Makes a registration token for an agreement, as AWS Marketplace gives one to a buyer's browser. Rule T1. */
export async function issueRegistrationToken(
  ledger: Ledger,
  call: Call,
  agreementId: string,
  seal: (claims: RegistrationTokenClaims) => string,
): Promise<RegistrationToken | undefined> {
  const claims = await ledger.transact({
    call,
    keys: [],
    decide: ({ nowMs, ruleSet, catalogue }): Decision<RegistrationTokenClaims | undefined> => {
      if (catalogue.agreement(agreementId) === undefined) {
        const message = `No agreement ${agreementId}.`;
        return { event: { kind: "call-refused", code: "not-found", message, compared: {} }, answer: undefined };
      }
      const granted = { agreementId, expiresAtMs: nowMs + ruleSet.registrationTokenSeconds * 1000 };
      return { event: { kind: "registration-token-issued", ...granted }, answer: granted };
    },
  });
  // Sealed outside the decision: a decision is pure, and sealing needs randomness.
  return claims && { ...claims, registrationToken: seal(claims) };
}

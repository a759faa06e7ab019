/** Registration tokens: what a buyer's browser brings to the seller. Rules T1 to T3. */
import type { EpochMs } from "@countinghouse/protocol";

/** The claims of a token. The token itself is these claims, sealed (`identity/seal.ts`). */
export interface RegistrationTokenClaims {
  readonly agreementId: string;
  readonly expiresAtMs: EpochMs;
}

export interface RegistrationToken extends RegistrationTokenClaims {
  readonly registrationToken: string;
}

/** The keys that sign RegisterUsage answers, and the claims in those answers. */
import type { EpochMs } from "@countinghouse/protocol";

export interface RegistrationKey {
  /** From 1. */
  readonly version: number;
  /** SPKI in PEM, as sellers get it. */
  readonly publicKey: string;
  /** PKCS #8 in PEM, sealed, in base64. */
  readonly sealedPrivateKey: string;
  readonly createdAtMs: EpochMs;
  /** When a newer version took its place. Answers that this key signed can be verified for ever. */
  readonly expiredAtMs?: EpochMs | undefined;
}

/** The claims of a signed answer. Rule Y6. */
export interface RegistrationClaims {
  readonly productCode: string;
  readonly publicKeyVersion: number;
  /** Absent where the request had none. */
  readonly nonce?: string | undefined;
}

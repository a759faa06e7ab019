/** The keys that RegisterUsage answers are signed with, and what those answers say. */
import type { EpochMs } from "@countinghouse/protocol";

export interface RegistrationKey {
  /** From 1. */
  readonly version: number;
  /** SPKI in PEM, as sellers get it. */
  readonly publicKey: string;
  /** PKCS #8 in PEM, sealed, in base64. */
  readonly sealedPrivateKey: string;
  readonly createdAtMs: EpochMs;
  /** When a newer version took its place; what it signs can be verified for ever. */
  readonly expiredAtMs?: EpochMs | undefined;
}

/** Rule Y6. */
export interface RegistrationClaims {
  readonly productCode: string;
  readonly publicKeyVersion: number;
  /** Absent where none was sent. */
  readonly nonce?: string | undefined;
}

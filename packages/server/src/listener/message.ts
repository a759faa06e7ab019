/** Requests and answers as plain values: what the wire handler works on, far from any socket. */
import type { SignedRequest } from "../identity/signed-request.ts";

export interface WireRequest extends SignedRequest {
  readonly sourceAddress: string;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** For metrics and logs: which operation, and the error's name where it was refused. */
  readonly operation?: string | undefined;
  readonly code?: string | undefined;
  /** The connection is cut instead of sending this. Rule F1. */
  readonly dropped?: boolean | undefined;
}

/** Requests and answers as plain values: the wire handler sees no sockets. */
import type { SignedRequest } from "../identity/signed-request.ts";

export interface WireRequest extends SignedRequest {
  readonly sourceAddress: string;
  /** Whether the request came over TLS. */
  readonly isSecure: boolean;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** For metrics and logs: the operation, and the error's name where the request was refused. */
  readonly operation?: string | undefined;
  readonly code?: string | undefined;
  /** The connection is cut, and this answer is not sent. Rule F1. */
  readonly dropped?: boolean | undefined;
}

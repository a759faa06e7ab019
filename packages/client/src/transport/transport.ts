/** The port through which requests leave: one request out, one answer in. */

export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  /** Name, value, name, value …; names in lower case. Without `host` and `content-length`, which the transport sets. */
  readonly headers: readonly string[];
  readonly body: string;
  /** How long a connection may take to open, in milliseconds, if the transport can know that. */
  readonly connectTimeoutMs: number;
  /** How long the whole exchange may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface TransportAnswer {
  readonly status: number;
  /** The value of a header by its lower-case name. */
  header(name: string): string | undefined;
  readonly text: string;
}

/** Sends requests. `send` rejects with a `TransportError`; if it throws anything else, the request may have been done. */
export interface Transport {
  /**
   * Whether tracing sees its requests without help, as for `node:http` and `fetch`. By default it does not, and the client adds
   * a span and the trace headers.
   */
  readonly isTraced?: boolean;
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Closes the connections that are kept open. */
  close(): void;
}

/** `invalid`: the request cannot be sent as it is. */
type TransportTrouble = "aborted" | "timeout" | "connection" | "invalid";

/** Why there is no answer. */
export class TransportError extends Error {
  readonly trouble: TransportTrouble;
  /** Whether the request may have reached the service. */
  readonly maySucceed: boolean;
  /** Whether a new attempt makes sense; not where the other side's certificate is refused. */
  readonly retryable: boolean;

  constructor(trouble: TransportTrouble, message: string, maySucceed: boolean, cause?: unknown) {
    super(message, { cause });
    this.trouble = trouble;
    this.maySucceed = maySucceed;
    const passing = trouble === "timeout" || trouble === "connection";
    this.retryable = passing && !CERTIFICATE.test(`${codeOf(cause)} ${message}`);
  }
}

/** Checked by its members: a transport may be made with another copy of this package. */
export function isTransportError(error: unknown): error is TransportError {
  if (typeof error !== "object" || error === null) return false;
  const { trouble, message, maySucceed, retryable } = error as Partial<TransportError>;
  return (
    TROUBLES.some((known) => known === trouble) &&
    typeof message === "string" &&
    typeof maySucceed === "boolean" &&
    typeof retryable === "boolean"
  );
}

const TROUBLES: readonly TransportTrouble[] = ["aborted", "timeout", "connection", "invalid"];

/** Characters that no header may hold (RFC 9110, 5.5): a line break would begin another header. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/** Every transport calls this before it sends; throws a `TransportError`. */
export function checkHeaders(headers: readonly string[]): void {
  for (let i = 1; i < headers.length; i += 2) {
    if (!FORBIDDEN.test(headers[i] as string)) continue;
    throw new TransportError("invalid", `The header ${headers[i - 1]} holds what no header may hold.`, false);
  }
}

/** A larger answer cannot come from this service, whose requests end at 1 MiB. */
export const ANSWER_BYTES_MAX: number = 16 * 1_048_576;

const CERTIFICATE = /\b(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)|ERR_TLS_|HOSTNAME_MISMATCH)|certificate/i;
/** Errors after which nothing was sent, unless there was a connection. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * An error of a socket, or of `fetch`, as a TransportError. `connected` where a connection was open: the network may have been
 * lost after the request was sent.
 */
export function connectionTrouble(error: unknown, connected = false): TransportError {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(root);
  // When all addresses of a host fail together, the AggregateError has no text.
  const message = root instanceof Error ? root.message || code || root.name : String(root);
  return new TransportError("connection", message, connected || !NOT_CONNECTED.test(code), root);
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

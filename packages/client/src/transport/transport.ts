/** The port through which requests leave: one request out, one answer in. */

export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  /** Name, value, name, value …, lower-case names. Without `host` and `content-length`, which the transport sets. */
  readonly headers: readonly string[];
  readonly body: string;
  /** How long a connection may take to open, in milliseconds, where the transport can tell. */
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

/**
 * Sends requests. `send` rejects with a `TransportError`; after anything else that it throws, the request counts as one
 * that may have been done.
 */
export interface Transport {
  /**
   * Whether tracing sees its requests by itself, as that of `node:http` and of `fetch` does. By default it does not, and the
   * client adds a span and the trace headers.
   */
  readonly isTraced?: boolean;
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Closes what connections are kept open. */
  close(): void;
}

/** `invalid`: the request cannot be sent as it is. */
type TransportTrouble = "aborted" | "timeout" | "connection" | "invalid";

/** Why there is no answer. */
export class TransportError extends Error {
  readonly trouble: TransportTrouble;
  /** Whether the request may have reached the service. */
  readonly maySucceed: boolean;
  /** Whether a new attempt makes sense: not where the other side's certificate is refused. */
  readonly retryable: boolean;

  constructor(trouble: TransportTrouble, message: string, maySucceed: boolean, cause?: unknown) {
    super(message, { cause });
    this.trouble = trouble;
    this.maySucceed = maySucceed;
    const passing = trouble === "timeout" || trouble === "connection";
    this.retryable = passing && !CERTIFICATE.test(`${codeOf(cause)} ${message}`);
  }
}

/** By its shape: a transport may be made with another copy of this package. */
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

/** What no header may hold (RFC 9110, 5.5): a line break in one would begin another. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/** Every transport asks this before it sends; throws a `TransportError`. */
export function checkHeaders(headers: readonly string[]): void {
  for (let i = 1; i < headers.length; i += 2) {
    if (!FORBIDDEN.test(headers[i] as string)) continue;
    throw new TransportError("invalid", `The header ${headers[i - 1]} holds what no header may hold.`, false);
  }
}

/** An answer larger than this is no answer of this service, whose requests end at 1 MiB. */
export const ANSWER_BYTES_MAX: number = 16 * 1_048_576;

const CERTIFICATE = /\b(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)|ERR_TLS_|HOSTNAME_MISMATCH)|certificate/i;
/** Nothing was sent yet, unless there was a connection. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * An error of a socket, or of `fetch`, as trouble of the transport. `connected` where a connection is known to have been
 * open: the network may be lost under it after the request was sent.
 */
export function connectionTrouble(error: unknown, connected = false): TransportError {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(root);
  // All addresses of a host failing together (an AggregateError) is an error without a text.
  const message = root instanceof Error ? root.message || code || root.name : String(root);
  return new TransportError("connection", message, connected || !NOT_CONNECTED.test(code), root);
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

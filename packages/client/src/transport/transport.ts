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

/** Sends requests. `send` rejects with a `TransportError`, and with nothing else. */
export interface Transport {
  send(request: TransportRequest): Promise<TransportAnswer>;
  /** Closes what connections are kept open. */
  close(): void;
}

export type TransportTrouble = "aborted" | "timeout" | "connection";

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
    this.retryable = trouble !== "aborted" && !CERTIFICATE.test(`${codeOf(cause)} ${message}`);
  }
}

/** An answer larger than this is no answer of this service, whose requests end at 1 MiB. */
export const ANSWER_BYTES_MAX: number = 16 * 1_048_576;

const CERTIFICATE = /\b(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)|ERR_TLS_|HOSTNAME_MISMATCH)|certificate/i;
/** Nothing was sent yet. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ConnectionRefused|FailedToOpenSocket)$/;

/** An error of a socket, or of `fetch`, as trouble of the transport. */
export function connectionTrouble(error: unknown): TransportError {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = root instanceof Error ? root.message : String(root);
  return new TransportError("connection", message, !NOT_CONNECTED.test(codeOf(root)), root);
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

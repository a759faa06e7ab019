/** What comes of a call: a result, or one typed error. */
import { errorCatalogue, type ErrorName, type Retry } from "@countinghouse/protocol";

/** Names of errors that the service does not send, because the trouble lies on this side or in between. */
export type LocalErrorName =
  /** An input that cannot be sent: a time that is none, a body of 1 MiB or more; or an option that is out of its range. */
  | "InvalidInputError"
  /** No region, an endpoint that the rules refuse, a profile that cannot be read, an executor that fails. */
  | "ConfigurationError"
  /** No credentials were found, or they could not be renewed. */
  | "CredentialsError"
  /** The service could not be reached, or the connection broke. */
  | "ConnectionError"
  /** An attempt, or the call, took longer than it may. */
  | "TimeoutError"
  /** The caller's `AbortSignal` was aborted. */
  | "AbortError"
  /** The service answered with something that is no answer. */
  | "UnreadableAnswerError"
  /** What no call should meet: something around the client, or the client itself, does not do what it should. */
  | "UnexpectedError"
  /** The client was closed. */
  | "ClientClosedError"
  /** A RegisterUsage signature is not what it should be (`verifyRegistration`). */
  | "InvalidRegistrationError"
  /** Not every record of a `meterAll` was accepted (`assertAllAccepted`). */
  | "NotAllAcceptedError";

/** AWS's own name of an error, ours for what is not the service's, or one that is newer than this client. */
export type MeteringErrorName = ErrorName | LocalErrorName | (string & {});

interface MeteringErrorDetails {
  readonly name: MeteringErrorName;
  readonly message: string;
  /** Whose fault it is; `connection` is nobody's. By default what the error catalogue says. */
  readonly fault?: "client" | "server" | "connection";
  readonly retry?: Retry;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly operation?: string | undefined;
  readonly attempts?: number;
  readonly mayHaveSucceeded?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error of this package. Compare its `name`: AWS's error name where the service answered with an error (such as
 * `ThrottlingException`), else a `LocalErrorName`.
 */
export class MeteringError extends Error {
  override readonly name: MeteringErrorName;
  readonly fault: "client" | "server" | "connection";
  /** Whether the same request may succeed later: `never`, after a pause (`throttled`), or at once (`transient`). */
  readonly retry: Retry;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The service's id of the request (`x-amzn-RequestId`), where there was an answer. */
  readonly requestId: string | undefined;
  /** The operation that was called, such as `BatchMeterUsage`. */
  readonly operation: string | undefined;
  /** How often the request was sent. */
  readonly attempts: number;
  /**
   * Whether the service may have done what it was asked although the answer says otherwise or never came: after a
   * time-out, a broken connection or a fault of the service. Send the same again; do not send something else.
   */
  readonly mayHaveSucceeded: boolean;

  constructor(details: MeteringErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    const known = errorCatalogue[details.name as ErrorName] as (typeof errorCatalogue)[ErrorName] | undefined;
    this.name = details.name;
    this.fault = details.fault ?? known?.fault ?? "client";
    this.retry = details.retry ?? known?.retry ?? "never";
    this.status = details.status;
    this.requestId = details.requestId;
    this.operation = details.operation;
    this.attempts = details.attempts ?? 0;
    this.mayHaveSucceeded = details.mayHaveSucceeded ?? false;
  }

  /**
   * Whether sending the same request again makes sense. The client has done so already, as often as it may; but after a
   * `CredentialsError`, nothing was sent, and the next call asks for credentials again.
   */
  get retryable(): boolean {
    return this.retry !== "never";
  }
}

/** Whether a value is an error of this package with, if given, this name. Works across copies of the package. */
export function isMeteringError(value: unknown, name?: MeteringErrorName): value is MeteringError {
  return (
    value instanceof Error &&
    "mayHaveSucceeded" in value &&
    "retry" in value &&
    (name === undefined || value.name === name)
  );
}

/** About the exchange that brought an answer. */
export interface AnswerMetadata {
  /** The service's id of the request, to be quoted to support and found in the audit trail. */
  readonly requestId: string | undefined;
  readonly status: number;
  /** How often the request was sent, the last time included. */
  readonly attempts: number;
  /** Time spent waiting between attempts, in milliseconds. */
  readonly retryDelayMs: number;
  /**
   * Whether an attempt before the one that was answered may have done what was asked, although nobody saw its end: the
   * answer then may be about something that is done already. A record that is unprocessed, not subscribed or a duplicate
   * by such an answer may be metered all the same.
   */
  readonly earlierMayHaveSucceeded: boolean;
}

/** What came of a call. `ok` tells which of the two it is. */
export type Outcome<Result> =
  | { readonly ok: true; readonly result: Result; readonly metadata: AnswerMetadata; readonly error?: undefined }
  | {
      readonly ok: false;
      readonly error: MeteringError;
      readonly result?: undefined;
      readonly metadata?: undefined;
    };

/** A result, and beside its members what is known of the exchange that brought it, such as the request's id. */
export type Answered<Result> = Result & { readonly metadata: AnswerMetadata };

/** The result with its metadata, or the error thrown. */
export function answeredOf<Result extends object>(outcome: Outcome<Result>): Answered<Result> {
  if (outcome.ok) return { ...outcome.result, metadata: outcome.metadata };
  throw outcome.error;
}

/** The result, or the error thrown. */
export function resultOf<Result>(outcome: Outcome<Result>): Result {
  if (outcome.ok) return outcome.result;
  throw outcome.error;
}

export function invalidInput(message: string): MeteringError {
  return new MeteringError({ name: "InvalidInputError", message });
}

export function configurationError(message: string, cause?: unknown): MeteringError {
  return new MeteringError({ name: "ConfigurationError", message, cause });
}

/** `transient` where a source that applies failed in passing: the next call may get credentials from it. */
export function credentialsError(message: string, cause?: unknown, retry: Retry = "never"): MeteringError {
  return new MeteringError({ name: "CredentialsError", message, cause, retry });
}

/** An error of this package as it is; anything else wrapped. */
export function meteringErrorOf(error: unknown, name: LocalErrorName): MeteringError {
  if (isMeteringError(error)) return error;
  return new MeteringError({ name, message: error instanceof Error ? error.message : String(error), cause: error });
}

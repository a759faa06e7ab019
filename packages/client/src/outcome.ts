/** The outcome of a call: a result, or one typed error. */
import { errorCatalogue, type ErrorName, type Retry } from "@countinghouse/protocol";

/** Names of errors that do not come from the service, because the trouble is on this side or on the way. */
export type LocalErrorName =
  /** An input that cannot be sent, such as an invalid time or a body of 1 MiB or more; or an option that is out of its range. */
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
  /** The service's answer cannot be read. */
  | "UnreadableAnswerError"
  /** Should never happen: something around the client, or the client itself, does not do what it should. */
  | "UnexpectedError"
  /** The client was closed. */
  | "ClientClosedError"
  /** A RegisterUsage signature is not valid (`verifyRegistration`). */
  | "InvalidRegistrationError"
  /** Not every record of a `meterAll` was accepted (`assertAllAccepted`). */
  | "NotAllAcceptedError";

/** AWS's own name of an error, a local one, or a name that is newer than this client. */
export type MeteringErrorName = ErrorName | LocalErrorName | (string & {});

interface MeteringErrorDetails {
  readonly name: MeteringErrorName;
  readonly message: string;
  /** Who caused the error; `connection`: neither side. By default what the error catalogue says. */
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
 * The only error class of this package. Compare its `name`: AWS's error name where the service answered with an error (such as
 * `ThrottlingException`), otherwise a `LocalErrorName`.
 */
export class MeteringError extends Error {
  override readonly name: MeteringErrorName;
  readonly fault: "client" | "server" | "connection";
  /** Whether the same request may succeed later: `never`, after a pause (`throttled`), or at once (`transient`). */
  readonly retry: Retry;
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** The service's id of the request (`x-amzn-RequestId`), if there was an answer. */
  readonly requestId: string | undefined;
  /** The operation that was called, such as `BatchMeterUsage`. */
  readonly operation: string | undefined;
  /** How often the request was sent. */
  readonly attempts: number;
  /**
   * Whether the service may have done the request, although its answer says otherwise or never came: after a time-out, a broken
   * connection or a fault of the service. Send the same request again, not a different one.
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
   * Whether sending the same request again makes sense. The client has already done so as often as it may. After a
   * `CredentialsError`, however, nothing was sent, and the next call asks for credentials again.
   */
  get retryable(): boolean {
    return this.retry !== "never";
  }
}

/** Whether a value is an error of this package, with this name if one is given. Works across copies of the package. */
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
  /** The service's id of the request, for support requests and the audit trail. */
  readonly requestId: string | undefined;
  readonly status: number;
  /** How often the request was sent, the last time included. */
  readonly attempts: number;
  /** Time spent waiting between attempts, in milliseconds. */
  readonly retryDelayMs: number;
  /**
   * Whether an attempt before the answered one may have done the request, although nobody saw its end. The answer may then be
   * about something that is already done: a record that it calls unprocessed, not subscribed or a duplicate may be metered.
   */
  readonly earlierMayHaveSucceeded: boolean;
}

/** What came of a call; `ok` distinguishes result and error. */
export type Outcome<Result> =
  | { readonly ok: true; readonly result: Result; readonly metadata: AnswerMetadata; readonly error?: undefined }
  | {
      readonly ok: false;
      readonly error: MeteringError;
      readonly result?: undefined;
      readonly metadata?: undefined;
    };

/** A result, with metadata of the exchange that brought it, such as the request's id. */
export type Answered<Result> = Result & { readonly metadata: AnswerMetadata };

/** Answers the result with its metadata, or throws the error. */
export function answeredOf<Result extends object>(outcome: Outcome<Result>): Answered<Result> {
  if (outcome.ok) return { ...outcome.result, metadata: outcome.metadata };
  throw outcome.error;
}

/** Answers the result, or throws the error. */
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

/** `transient` where a source that applies failed in a way that may pass: the next call may get credentials from it. */
export function credentialsError(message: string, cause?: unknown, retry: Retry = "never"): MeteringError {
  return new MeteringError({ name: "CredentialsError", message, cause, retry });
}

/** An error of this package unchanged; any other one wrapped. */
export function meteringErrorOf(error: unknown, name: LocalErrorName): MeteringError {
  if (isMeteringError(error)) return error;
  return new MeteringError({ name, message: error instanceof Error ? error.message : String(error), cause: error });
}

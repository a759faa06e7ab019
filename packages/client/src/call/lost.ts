/** Errors of calls without an answer: lost connections, aborts, and doubts. */
import { MeteringError, meteringErrorOf } from "../outcome.ts";
import { isTransportError } from "../transport/transport.ts";

export const LOST = { fault: "connection", retry: "transient" } as const;

/** The same error, which is to be tried again after all. */
export function retried(error: MeteringError): MeteringError {
  return copyOf(error, { retry: "transient" });
}

/** After an attempt whose end nobody saw, a later refusal does not prove that nothing was done. */
export function withDoubt(error: MeteringError, mayHaveSucceeded: boolean): MeteringError {
  return error.mayHaveSucceeded === mayHaveSucceeded ? error : copyOf(error, { mayHaveSucceeded });
}

export function copyOf(error: MeteringError, changes: Partial<MeteringError>): MeteringError {
  const { name, message, fault, retry, status, requestId, operation, attempts, mayHaveSucceeded, cause } = error;
  const same = { name, message, fault, retry, status, requestId, operation, attempts, mayHaveSucceeded, cause };
  return new MeteringError({ ...same, ...changes });
}

const LOST_NAMES = {
  aborted: "AbortError",
  timeout: "TimeoutError",
  connection: "ConnectionError",
  invalid: "InvalidInputError",
} as const;

/** The error for whatever a transport throws. Unless it says that nothing was sent, the request may have been done. */
export function lostError(
  error: unknown,
  of: { readonly operation: string; readonly attempts: number },
  signal: AbortSignal | undefined,
): MeteringError {
  if (isTransportError(error)) {
    return new MeteringError({
      name: LOST_NAMES[error.trouble],
      message: error.message,
      fault: error.trouble === "aborted" || error.trouble === "invalid" ? "client" : "connection",
      retry: error.retryable ? "transient" : "never",
      mayHaveSucceeded: error.maySucceed,
      cause: error.cause,
      ...of,
    });
  }
  if (signal?.aborted === true) {
    const message = "The call was aborted.";
    return new MeteringError({ name: "AbortError", message, mayHaveSucceeded: true, cause: error, ...of });
  }
  const { message } = meteringErrorOf(error, "ConnectionError");
  return new MeteringError({ name: "ConnectionError", message, ...LOST, mayHaveSucceeded: true, cause: error, ...of });
}

/** An error from outside the attempts: the caller's abort, or a reason why the call cannot be sent at all. */
export function endOf(
  error: unknown,
  signal: AbortSignal | undefined,
  operation: string,
  attempts: number,
  mayHaveSucceeded: boolean,
): MeteringError {
  if (signal?.aborted === true) {
    const message = "The call was aborted.";
    return new MeteringError({
      name: "AbortError",
      message,
      operation,
      attempts,
      mayHaveSucceeded,
      cause: signal.reason,
    });
  }
  return copyOf(meteringErrorOf(error, "UnexpectedError"), { operation, attempts, mayHaveSucceeded });
}

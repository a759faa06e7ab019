/**
 * Keeps a run from beating on a service that is not there: after calls in a row that failed in passing, only one batch at a
 * time is tried, and when that has been tried as often as it may be, the run is over. An answer of the service ends all that.
 */
import type { BatchMeterUsageOutput } from "../operations.ts";
import type { MeteringError, Outcome } from "../outcome.ts";

/** Calls in a row; each has made as many attempts as it may already. */
const FAILURES = 5;

export class Breaker {
  #failures = 0;

  /** Whether the service seems to be dead. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES;
  }

  hear({ error }: Outcome<BatchMeterUsageOutput>): void {
    this.#failures = error !== undefined && isDeath(error) ? this.#failures + 1 : 0;
  }
}

/** What throttles is alive. */
function isDeath({ retry, name }: MeteringError): boolean {
  return retry === "transient" && name !== "CredentialsError";
}

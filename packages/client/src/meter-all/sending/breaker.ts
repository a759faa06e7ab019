/**
 * Keeps a run from sending many requests to a service that is down. After several calls in a row that failed in a way that may
 * pass, only one batch at a time is tried; when that batch has been tried as often as it may be, the run ends. Any answer of
 * the service ends this state.
 */
import type { BatchMeterUsageOutput } from "../../operations.ts";
import type { MeteringError, Outcome } from "../../outcome.ts";

/** How many failed calls in a row; each was already tried as often as it may be. */
const FAILURES = 5;

export class Breaker {
  #failures = 0;

  /** Whether the service seems to be down. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES;
  }

  hear({ error }: Outcome<BatchMeterUsageOutput>): void {
    this.#failures = error !== undefined && isDeath(error) ? this.#failures + 1 : 0;
  }
}

/** A service that throttles is not down. */
function isDeath({ retry, name }: MeteringError): boolean {
  return retry === "transient" && name !== "CredentialsError";
}

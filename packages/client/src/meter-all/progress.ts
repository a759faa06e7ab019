/** How far a run has come. */
import type { MeterAllResult } from "../batch/result.ts";

export interface MeterAllProgress {
  /** How many records of the input have been read. */
  readonly read: number;
  /** Whether the input has been read to its end. */
  readonly inputEnded: boolean;
  /** How many calls of BatchMeterUsage were begun. */
  readonly calls: number;
  /** How many results were given out, by status. */
  readonly results: Readonly<Record<MeterAllResult<never>["status"], number>>;
}

export class Progress {
  read = 0;
  inputEnded = false;
  calls = 0;
  /** Whether reading stopped before the input's end, so that some of it has no results. */
  isCutShort = false;
  readonly #results = {
    accepted: 0,
    replay: 0,
    duplicate: 0,
    "not-subscribed": 0,
    refused: 0,
    expired: 0,
    undecided: 0,
  };

  count(status: MeterAllResult<never>["status"]): void {
    this.#results[status] += 1;
  }

  snapshot(): MeterAllProgress {
    const { read, inputEnded, calls } = this;
    return { read, inputEnded, calls, results: { ...this.#results } };
  }
}

/** How far a run has come. */
import type { MeterAllResult } from "../batch/result.ts";

export interface MeterAllProgress {
  /** Records that were read of the input so far. */
  readonly read: number;
  /** Whether the input has been read to its end. */
  readonly inputEnded: boolean;
  /** Calls of BatchMeterUsage that were begun. */
  readonly calls: number;
  /** Records by the status of their results, as far as those were given out. */
  readonly results: Readonly<Record<MeterAllResult<never>["status"], number>>;
}

export class Progress {
  read = 0;
  inputEnded = false;
  calls = 0;
  /** Whether the input was let go of before its end, so that some of it has no results. */
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

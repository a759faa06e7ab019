/** What a rehearsal says of each thing that it looks for. */

/** `not-seen`: nothing happened by which it could be judged. */
export type Verdict = "pass" | "fail" | "not-seen";

export interface Step {
  readonly id: string;
  /** What a seller's integration has to do. */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was seen, in a sentence. */
  readonly saw: string;
}

/** A rehearsal as it is reported. */
export interface Rehearsal {
  readonly productCode: string;
  /** Absent where the rehearsal ended before there was a buyer. */
  readonly agreementId?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly steps: readonly Step[];
}

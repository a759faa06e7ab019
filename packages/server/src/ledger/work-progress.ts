/** How far a long piece of work has come, as whoever does it tells. */

export interface WorkProgress {
  /** What is being done, such as `reading entries`. */
  readonly doing: string;
  readonly done: number;
  /** How much there is of it; undefined where that is not known. */
  readonly of?: number | undefined;
  /** What is counted. */
  readonly unit: "entries" | "events" | "records" | "bytes" | "steps";
  /** The part that is done, from 0 to 1, where it is known and `of` is not. */
  readonly share?: number | undefined;
}

/** Called between two steps of the work. What it throws ends the work there, and whatever was half made is removed. */
export type OnProgress = (progress: WorkProgress) => void;

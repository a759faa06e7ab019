/** The lines of a run: what is sent as one usage record, and the input records that it stands for. */
import type { Line } from "../../batch/line.ts";
import type { Verdict } from "../../batch/result.ts";

/** An input record, and its index in the input, from 0. */
export interface Entry<Item = unknown> {
  readonly record: Item;
  readonly index: number;
}

/** A line, and the records that it stands for. */
export interface InputLine<Item = unknown> extends Line {
  readonly entry: Entry<Item>;
  /** The other records with the same key, where they are summed. */
  others: Entry<Item>[] | undefined;
  /** The lines of these records, until they are summed. */
  same: Line[] | undefined;
}

export type Decide<Item> = (entry: Entry<Item>, verdict: Verdict) => void;

export function entriesOf<Item>({ entry, others }: InputLine<Item>): readonly Entry<Item>[] {
  return others === undefined ? [entry] : [entry, ...others];
}

/**
 * Takes in the records, and puts together those with one key. What comes out are lines, each of which is sent as one usage
 * record; or a verdict at once.
 */
import { lineOf, lineOfWire, refusal, type Line, type LineReading, type MeterableRecord } from "../batch/line.ts";
import type { Verdict } from "../batch/result.ts";
import { numbersText } from "./numbering.ts";
import { summed } from "./sum.ts";

/** A line, and the places in the input that it stands for. */
export interface InputLine extends Line {
  readonly indices: readonly number[];
}

export type Decide = (index: number, verdict: Verdict) => void;

export class Intake {
  readonly #decide: Decide;
  readonly #productCode: string | undefined;
  readonly #sums: boolean;
  readonly #byKey = new Map<string, { line: Line; index: number }[]>();

  constructor(options: {
    readonly decide: Decide;
    readonly productCode: string | undefined;
    readonly sameKey: "sum" | "refuse";
  }) {
    this.#decide = options.decide;
    this.#productCode = options.productCode;
    this.#sums = options.sameKey === "sum";
  }

  /** Takes one record in, or decides it. */
  take(record: MeterableRecord, index: number): void {
    const { line, verdict } = lineOf(record, this.#productCode);
    if (line === undefined) {
      this.#decide(index, verdict);
      return;
    }
    const others = this.#byKey.get(line.key);
    if (others === undefined) this.#byKey.set(line.key, [{ line, index }]);
    else others.push({ line, index });
  }

  /** Once all are in: one line for each key. Records that share a key are summed or refused, never sent apart. */
  *lines(): Generator<InputLine> {
    for (const taken of this.#byKey.values()) {
      const [first] = taken;
      if (first === undefined) continue;
      const { line, verdict } = taken.length === 1 ? { line: first.line } : this.#together(taken);
      const indices = taken.map(({ index }) => index);
      if (line === undefined) for (const index of indices) this.#decide(index, verdict);
      else yield { ...line, indices };
    }
    this.#byKey.clear();
  }

  #together(taken: readonly { readonly line: Line; readonly index: number }[]): LineReading {
    if (this.#sums) return lineOfWire(summed(taken.map(({ line }) => line.wire)), taken[0]?.line.productCode);
    const places = numbersText(taken.map(({ index }) => index));
    const message = `Records ${places} have one key: hour, product or licence, customer and dimension. Only one of them could count, so none was sent.`;
    return { verdict: refusal("K1", "DuplicateRecord", message) };
  }
}

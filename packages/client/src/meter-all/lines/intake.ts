/**
 * Takes in the records of a window, and combines those with one key. A record becomes part of a line, which is sent as one
 * usage record, or gets a verdict at once.
 */
import { lineOf, lineOfWire, refusal, type LineReading, type MeterableRecord } from "../../batch/line.ts";
import type { Verdict } from "../../batch/result.ts";
import { entriesOf, type Decide, type InputLine } from "./input-line.ts";
import { numbersText } from "./numbering.ts";
import type { Remembered } from "./remembered.ts";
import { summed } from "./sum.ts";

interface IntakeOptions<Item> {
  readonly decide: Decide<Item>;
  readonly productCode: string | undefined;
  readonly sameKey: "sum" | "refuse";
  /** The keys of earlier windows, if there are any. */
  readonly earlier: Remembered | undefined;
}

/** A single map of a million keys would delay all other work whenever it grows. */
const SHARDS = 64;

export class Intake<Item extends MeterableRecord> {
  readonly #options: IntakeOptions<Item>;
  #inOrder: InputLine<Item>[] = [];
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, InputLine<Item>>());

  constructor(options: IntakeOptions<Item>) {
    this.#options = options;
  }

  /** Takes one record in, or decides it. */
  take(record: Item, index: number): void {
    const { decide, productCode, earlier } = this.#options;
    const { line, verdict } = lineOf(record, productCode);
    const entry = { record, index };
    if (line === undefined) return decide(entry, verdict);
    if (earlier?.has(line.key) === true) return decide(entry, sentEarlier(index));
    const shard = this.#shards[shardOf(line.key)] as Map<string, InputLine<Item>>;
    const first = shard.get(line.key);
    if (first === undefined) {
      const own = { ...line, entry, others: undefined, same: undefined };
      shard.set(line.key, own);
      this.#inOrder.push(own);
      return;
    }
    (first.others ??= []).push(entry);
    (first.same ??= []).push(line);
  }

  /** To be called at the end: answers a line for each key. Records with one key are summed or refused, never sent apart. */
  *lines(): Generator<InputLine<Item>> {
    const { decide, earlier } = this.#options;
    const inOrder = this.#inOrder;
    this.#inOrder = [];
    for (const shard of this.#shards) shard.clear();
    for (const first of inOrder) {
      earlier?.add(first.key);
      const { entry, others } = first;
      const { line, verdict }: LineReading = others === undefined ? { line: first } : this.#together(first);
      if (line === first) yield first;
      else if (line !== undefined) yield { ...line, entry, others, same: undefined };
      else for (const each of entriesOf(first)) decide(each, verdict);
    }
  }

  #together(first: InputLine<Item>): LineReading {
    const all = [first, ...(first.same ?? [])];
    if (this.#options.sameKey === "sum") return lineOfWire(summed(all.map(({ wire }) => wire)), first.productCode);
    const places = numbersText(entriesOf(first).map(({ index }) => index));
    const message = `Records ${places} have one key: hour, product or licence, customer and dimension. Only one of them could count, so none was sent.`;
    return { verdict: refusal("K1", "DuplicateRecord", message) };
  }
}

/** Any hash is good that spreads keys evenly over the maps. */
function shardOf(key: string): number {
  let hash = key.length;
  for (let i = 0; i < key.length; i += 1) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return (hash >>> 0) % SHARDS;
}

function sentEarlier(index: number): Verdict {
  const message = `Record ${index + 1} has the key (hour, product or licence, customer and dimension) of one in an earlier window. Only that one could count, so this was not sent.`;
  return refusal("K1", "DuplicateRecord", message);
}

/** The batches of a run: those that wait, and the bounded number under way. */
import { entriesOf, type Decide, type InputLine } from "../lines/input-line.ts";
import type { Verdict } from "../../batch/result.ts";
import { meteringErrorOf } from "../../outcome.ts";
import type { Batch, Sender, Sent } from "./sender.ts";

/** What was handed in from outside (known ids, say) may throw: after that, nobody knows what became of a batch. */
function failed<Item>({ lines }: Batch<Item>, thrown: unknown): Sent<Item> {
  const error = meteringErrorOf(thrown, "UnexpectedError");
  const verdict: Verdict = { status: "undecided", why: "failed", error, mayBeMetered: true };
  return { verdicts: new Map(lines.map((line) => [line, verdict])), next: [] };
}

export class Sending<Item> {
  readonly #sender: Sender<Item>;
  readonly #concurrency: number;
  readonly #decide: Decide<Item>;
  readonly #wake: () => void;
  /** Batches of windows, each made when it is asked for. */
  readonly #sources: Iterator<InputLine<Item>[], undefined>[] = [];
  /** Batches to be sent before those. A stack: the next batch is the list's last. */
  readonly #waiting: Batch<Item>[] = [];
  readonly #underWay = new Set<Promise<void>>();

  /** `wake` is called when there is something new. */
  constructor(sender: Sender<Item>, concurrency: number, parts: { decide: Decide<Item>; wake: () => void }) {
    this.#sender = sender;
    this.#concurrency = concurrency;
    this.#decide = parts.decide;
    this.#wake = parts.wake;
  }

  /** These batches come after all that wait. */
  add(batches: Iterator<InputLine<Item>[], undefined>): void {
    this.#sources.push(batches);
  }

  get isUnderWay(): boolean {
    return this.#underWay.size > 0;
  }

  /** Begins as many batches as there is room for. Answers whether more wait. */
  fill(): boolean {
    while (this.#underWay.size < (this.#sender.isProbing ? 1 : this.#concurrency)) {
      const batch = this.#waiting.pop() ?? this.#made();
      if (batch === undefined) return false;
      this.#start(batch);
    }
    return true;
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  #made(): Batch<Item> | undefined {
    for (let source = this.#sources[0]; source !== undefined; source = this.#sources[0]) {
      const { value: lines } = source.next();
      if (lines !== undefined) return { lines, sends: 0, sentFirstMs: undefined, doubtful: false };
      this.#sources.shift();
    }
    return undefined;
  }

  #start(batch: Batch<Item>): void {
    const sent = this.#sender.send(batch).catch((error: unknown) => failed(batch, error));
    const sending = sent.then(({ verdicts, next }) => {
      for (const [line, verdict] of verdicts) for (const entry of entriesOf(line)) this.#decide(entry, verdict);
      // Halves, and records to be sent again, come before batches that were never sent, because they are older.
      for (const again of next.toReversed()) this.#waiting.push(again);
      this.#underWay.delete(sending);
      this.#wake();
    });
    this.#underWay.add(sending);
  }
}

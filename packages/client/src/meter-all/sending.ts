/** The batches of a run: those that wait, and those under way, so many at once. */
import type { Decide } from "./intake.ts";
import type { Batch, Sender } from "./sender.ts";

export class Sending {
  readonly #sender: Sender;
  readonly #concurrency: number;
  readonly #decide: Decide;
  /** A stack: the next batch is the last of the list. */
  readonly #waiting: Batch[] = [];
  readonly #underWay = new Set<Promise<void>>();

  constructor(sender: Sender, concurrency: number, decide: Decide) {
    this.#sender = sender;
    this.#concurrency = concurrency;
    this.#decide = decide;
  }

  /** To be sent before all that wait, the first of them first. */
  put(batches: readonly Batch[]): void {
    for (const batch of batches.toReversed()) this.#waiting.push(batch);
  }

  get goesOn(): boolean {
    return this.#waiting.length > 0 || this.#underWay.size > 0;
  }

  /** Begins as many batches as there is room for. */
  fill(): void {
    while (this.#underWay.size < this.#concurrency) {
      const batch = this.#waiting.pop();
      if (batch === undefined) break;
      this.#start(batch);
    }
  }

  /** Waits until one of those under way has come to something. */
  async next(): Promise<void> {
    await Promise.race(this.#underWay);
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  #start(batch: Batch): void {
    const sending = this.#sender.send(batch).then(({ verdicts, next }) => {
      for (const [line, verdict] of verdicts) for (const index of line.indices) this.#decide(index, verdict);
      // Halves and leftovers go before what was never sent: they are the oldest.
      this.put(next);
      this.#underWay.delete(sending);
    });
    this.#underWay.add(sending);
  }
}

/** Changes that are on their way into the ledger: whoever asks next waits for them. */
export class Settling {
  #last: Promise<unknown> = Promise.resolve();

  add(change: Promise<unknown>): void {
    this.#last = Promise.all([this.#last, change]);
    // Whoever waits is told; where nobody does yet, the next one is.
    this.#last.catch(() => undefined);
  }

  /** Throws what a change threw. */
  async done(): Promise<void> {
    await this.#last;
  }
}

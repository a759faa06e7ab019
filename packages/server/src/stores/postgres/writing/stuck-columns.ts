/** Of which products no group could be committed the last time, while those of others could. */

/** So long it is told after the last try; a product that nobody meters any more is not stuck. */
const TOLD_MS = 60_000;
const COLUMNS_MAX = 1_000;
const COLUMNS_TOLD = 5;

export class StuckColumns {
  readonly #monotonicMs: () => number;
  readonly #failed = new Map<string, { readonly triedMs: number; readonly trouble: string }>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  onCommitted(column: string): void {
    this.#failed.delete(column);
  }

  clear(): void {
    this.#failed.clear();
  }

  onFailed(column: string, error: Error): void {
    if (this.#failed.size >= COLUMNS_MAX) this.#forgetOld();
    if (this.#failed.size < COLUMNS_MAX || this.#failed.has(column)) {
      this.#failed.set(column, { triedMs: this.#monotonicMs(), trouble: error.message });
    }
  }

  /** A sentence for each, and one for those that are too many. */
  remarks(): readonly string[] {
    this.#forgetOld();
    const told = [...this.#failed].slice(0, COLUMNS_TOLD).map(([column, { trouble }]) => {
      const what = /^[\w:/.-]+$/.test(column) ? `usage of ${column}` : "work that is about no product";
      return `${what} could not be committed: ${trouble}`;
    });
    const more = this.#failed.size - told.length;
    return more > 0 ? [...told, `and so it is with ${more} more products`] : told;
  }

  #forgetOld(): void {
    for (const [column, { triedMs }] of this.#failed) {
      if (this.#monotonicMs() - triedMs > TOLD_MS) this.#failed.delete(column);
    }
  }
}

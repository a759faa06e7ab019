/** Of which products no group could be committed the last time, while those of others could. */
import { UnansweredError } from "../trouble.ts";

/** So long it is told after the last try; a product that nobody meters any more is not stuck. */
const TOLD_MS = 60_000;
/** So long nobody waits for a machine that has just not answered. */
const REFUSED_MS = 1_000;
const COLUMNS_MAX = 1_000;
const COLUMNS_TOLD = 5;

export class StuckColumns {
  readonly #monotonicMs: () => number;
  readonly #failed = new Map<string, { readonly triedMs: number; readonly error: Error }>();

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
      this.#failed.set(column, { triedMs: this.#monotonicMs(), error });
    }
  }

  /** Why work of a product is not to be taken in now, if that is so. */
  refusal(column: string): Error | undefined {
    const failed = this.#failed.get(column);
    const isShut = failed?.error instanceof UnansweredError && this.#monotonicMs() - failed.triedMs < REFUSED_MS;
    return isShut ? failed.error : undefined;
  }

  /** A sentence for each, and one for those that are too many. */
  remarks(): readonly string[] {
    this.#forgetOld();
    const told = [...this.#failed].slice(0, COLUMNS_TOLD).map(([column, { error }]) => {
      const what = /^[\w:/.-]+$/.test(column) ? `usage of ${column}` : "work that is about no product";
      return `${what} could not be committed: ${error.message}`;
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

/** The products whose last group could not be committed, although groups of other products could. */
import { UnansweredError } from "../trouble.ts";

/** How long after its last try a product is reported: a product that nobody meters any more is not stuck. */
const TOLD_MS = 60_000;
/** How long new work is refused after a machine did not answer, so that its callers need not wait. */
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

  /** The error with which new work of a product is refused now; undefined where it is taken in. */
  refusal(column: string): Error | undefined {
    const failed = this.#failed.get(column);
    const isShut = failed?.error instanceof UnansweredError && this.#monotonicMs() - failed.triedMs < REFUSED_MS;
    return isShut ? failed.error : undefined;
  }

  /** A sentence for each of the first products, and one that counts the others. */
  remarks(): readonly string[] {
    this.#forgetOld();
    const told = [...this.#failed].slice(0, COLUMNS_TOLD).map(([column, { error }]) => {
      const what = /^[\w:/.-]+$/.test(column) ? `usage of ${column}` : "work that is about no product";
      return `${what} could not be committed: ${error.message}`;
    });
    const more = this.#failed.size - told.length;
    return more > 0 ? [...told, `the same holds for ${more} more products`] : told;
  }

  #forgetOld(): void {
    for (const [column, { triedMs }] of this.#failed) {
      if (this.#monotonicMs() - triedMs > TOLD_MS) this.#failed.delete(column);
    }
  }
}

/** Whether a ledger stands still: work has waited for seconds, and nothing could be committed. The same rule for every engine. */

/** So long work may wait before that is called a standstill. */
const STANDSTILL_MS = 5_000;

export class Standstill {
  readonly #monotonicMs: () => number;
  /** Since when work has waited of which nothing was committed; work that was refused counts as well. */
  #sinceMs: number | undefined;
  #trouble: string | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Work was taken in. */
  onWork(): void {
    this.#sinceMs ??= this.#monotonicMs();
  }

  /** A commit was made; `waiting` is how much work waits for the next. */
  onCommitted(waiting: number): void {
    this.#sinceMs = waiting === 0 ? undefined : this.#monotonicMs();
    this.#trouble = undefined;
  }

  /** A commit failed, with nothing of it kept. */
  onFailed(error: Error): void {
    this.#triedMs = this.#monotonicMs();
    this.#sinceMs ??= this.#triedMs;
    this.#trouble = error.message;
  }

  /** Nothing waits any more: what was decided and not kept has had its answer. */
  onIdle(): void {
    if (this.#trouble === undefined) this.#sinceMs = undefined;
  }

  /** In a sentence; undefined where all is well. */
  get why(): string | undefined {
    if (this.#sinceMs === undefined) return undefined;
    const waitedMs = this.#monotonicMs() - this.#sinceMs;
    if (waitedMs < STANDSTILL_MS) return undefined;
    const seconds = Math.floor(waitedMs / 1_000);
    return `nothing could be committed for ${seconds} seconds. ${this.#trouble ?? "A commit is under way, and does not end."}`;
  }

  /** Whether only a probe can tell how it stands: the last commit failed a while ago, and nobody's work has been tried since. */
  get isToBeProbed(): boolean {
    return this.#trouble !== undefined && this.#monotonicMs() - this.#triedMs >= QUIET_MS;
  }
}

/** A probe takes less room than much work does, so it says nothing while there is work that fails. */
const QUIET_MS = 1_000;

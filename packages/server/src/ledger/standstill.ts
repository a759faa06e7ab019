/** Whether a ledger stands still: work has waited for seconds, and nothing could be committed. One rule for all ledgers. */

/** Work may wait this long before that is called a standstill. */
const STANDSTILL_MS = 5_000;

export class Standstill {
  readonly #monotonicMs: () => number;
  /** The time since which work has waited and nothing was committed; work that was refused counts as well. */
  #sinceMs: number | undefined;
  #trouble: string | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  onWork(): void {
    this.#sinceMs ??= this.#monotonicMs();
  }

  /** A commit was made; `waiting` is how many works wait for the next one. */
  onCommitted(waiting: number): void {
    this.#sinceMs = waiting === 0 ? undefined : this.#monotonicMs();
    this.#trouble = undefined;
  }

  /** A commit failed, and nothing of it was kept. */
  onFailed(error: Error): void {
    this.#triedMs = this.#monotonicMs();
    this.#sinceMs ??= this.#triedMs;
    this.#trouble = error.message;
  }

  /** No work waits any more: works that were decided but not kept have their answers. */
  onIdle(): void {
    if (this.#trouble === undefined) this.#sinceMs = undefined;
  }

  /** A sentence for the operator; undefined where all is well. */
  get why(): string | undefined {
    if (this.#sinceMs === undefined) return undefined;
    const waitedMs = this.#monotonicMs() - this.#sinceMs;
    if (waitedMs < STANDSTILL_MS) return undefined;
    const seconds = Math.floor(waitedMs / 1_000);
    return `nothing could be committed for ${seconds} seconds. ${this.#trouble ?? "A commit is under way, and does not end."}`;
  }

  /** Whether only a probe can tell if commits are possible: the last one failed, and no work has been tried for a while. */
  get isToBeProbed(): boolean {
    return this.#trouble !== undefined && this.#monotonicMs() - this.#triedMs >= QUIET_MS;
  }
}

/** A probe takes less room than most work. So its success proves nothing while work is tried and fails. */
const QUIET_MS = 1_000;

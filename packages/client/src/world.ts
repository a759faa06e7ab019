/** What comes in from outside: time and randomness. Replaced in tests, so that all can be replayed. */

export interface World {
  /** The wall clock, in milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** A clock for durations, in milliseconds, with no relation to the time of day. */
  readonly monotonicMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly uuid: () => string;
  /** Resolves after so many milliseconds; rejects with the signal's reason as soon as it is aborted. */
  readonly delay: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Resolves when what else the program has to do at once has had its turn. */
  readonly giveWay: () => Promise<void>;
}

type Later = (run: () => void) => unknown;
/** Where a runtime has it, it costs no wait. */
const { setImmediate: later = (run) => setTimeout(run, 0) } = globalThis as { readonly setImmediate?: Later };

export const realWorld: World = {
  giveWay: () => new Promise((resolve) => void later(resolve)),
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  uuid: () => crypto.randomUUID(),
  delay: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        clearTimeout(timer);
        reject(reasonOf(signal));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, milliseconds);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    }),
};

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("Aborted", { cause: reason });
}

/** What comes from outside: time and randomness. Tests replace it, so that everything can be repeated. */

export interface World {
  /** The wall clock, in milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** A clock for durations, in milliseconds, unrelated to the time of day. */
  readonly monotonicMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly uuid: () => string;
  /** Resolves after this many milliseconds; rejects with the signal's reason when it is aborted. */
  readonly delay: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Resolves when the program's other pending work has had its turn. */
  readonly giveWay: () => Promise<void>;
}

type Later = (run: () => void) => unknown;
/** Where a runtime has `setImmediate`, giving way costs no wait. */
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

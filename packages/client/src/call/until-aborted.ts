/** Waits for something until an abort; what is awaited goes on. */

/**
 * Several calls may wait for the same thing. It goes on when one of them is aborted, and that call stops waiting. Nothing is
 * begun for a call that is aborted already, because nobody would learn of its failure.
 */
export function untilAborted<T>(begin: () => T | Promise<T>, signal: AbortSignal | undefined): T | Promise<T> {
  signal?.throwIfAborted();
  const awaited = begin();
  if (signal === undefined || !(awaited instanceof Promise)) return awaited;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error("Aborted", { cause: signal.reason }));
    signal.addEventListener("abort", abort, { once: true });
    awaited.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Waiting that an abort ends, while what is waited for goes on. */

/**
 * What many calls wait for together goes on when one of them is aborted; that one does not wait for it. Nothing is begun
 * for a call that is aborted already: nobody would hear of its failure.
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

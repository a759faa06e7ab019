/** Where `…Callable` and `…Async` calls run: as many at once as is good, the others in the order they came. */

/** Replaceable: a pool that several clients share, say, or one with priorities. */
export interface Executor {
  /** Runs a task, now or later, and resolves or rejects as it does. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Runs up to so many tasks at once. */
export function boundedExecutor(concurrency: number): Executor {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`The concurrency must be a whole number from 1 on; it is ${concurrency}.`);
  }
  // A list with a moving head: taking from the front of an array costs more the longer it is.
  let waiting: ((() => void) | undefined)[] = [];
  let head = 0;
  let running = 0;
  const next = (): void => {
    running -= 1;
    const start = waiting[head];
    if (start === undefined) return;
    // What has run is let go at once, and its place in the list later.
    waiting[head] = undefined;
    head += 1;
    if (head > 1_000 && head * 2 > waiting.length) {
      waiting = waiting.slice(head);
      head = 0;
    }
    start();
  };
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        const start = (): void => {
          running += 1;
          // A task that throws before it promises anything rejects, too.
          void Promise.resolve().then(task).then(resolve, reject).finally(next);
        };
        if (running < concurrency) start();
        else waiting.push(start);
      }),
  };
}

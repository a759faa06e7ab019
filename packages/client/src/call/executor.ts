/** Runs `…Callable` and `…Async` calls: a bounded number at once, the others in the order in which they came. */

/** Can be replaced, for example by a pool that several clients share, or by one with priorities. */
export interface Executor {
  /** Runs a task, now or later, and settles as the task does. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Runs at most `concurrency` tasks at once. */
export function boundedExecutor(concurrency: number): Executor {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`The concurrency must be a whole number from 1 on; it is ${concurrency}.`);
  }
  // A list with a moving head: removing the first item of an array costs more the longer the array is.
  let waiting: ((() => void) | undefined)[] = [];
  let head = 0;
  let running = 0;
  const next = (): void => {
    running -= 1;
    const start = waiting[head];
    if (start === undefined) return;
    // A task that has begun is released at once, and its place in the list later.
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
          // A task that throws instead of rejecting rejects, too.
          void Promise.resolve().then(task).then(resolve, reject).finally(next);
        };
        if (running < concurrency) start();
        else waiting.push(start);
      }),
  };
}

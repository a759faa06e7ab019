/** Reads the input of a run to its end, or until the run is stopped: an input that is waited for may never end. */

/**
 * Hands each record to `take`. Once `stop` is aborted, an input is no longer waited for, and is told that no more is
 * wanted of it; what a plain iterable has at hand is read all the same, so that each of it gets its result. Answers whether
 * the input was read to its end; rejects as the input does.
 */
export async function readInput<Item>(
  records: Iterable<Item> | AsyncIterable<Item>,
  stop: AbortSignal,
  take: (record: Item) => void,
): Promise<boolean> {
  const waiting = new InterruptibleWait(stop);
  try {
    if (!isAsync(records)) return await readPlain(records, waiting, take);
    return await readAsync(records[Symbol.asyncIterator](), stop, waiting, take);
  } finally {
    waiting.close();
  }
}

async function readAsync<Item>(
  iterator: AsyncIterator<Item>,
  stop: AbortSignal,
  waiting: InterruptibleWait,
  take: (record: Item) => void,
): Promise<boolean> {
  while (!stop.aborted) {
    const step = await waiting.for(iterator.next());
    if (step === INTERRUPTED) break;
    if (step.done === true) return true;
    take(step.value);
  }
  // Not waited for: a generator that waits itself ends when that is over.
  void Promise.resolve(iterator.return?.()).catch(() => undefined);
  return false;
}

/** As `for await` does, a promise among them is waited for. */
async function readPlain<Item>(
  records: Iterable<Item>,
  waiting: InterruptibleWait,
  take: (record: Item) => void,
): Promise<boolean> {
  for (const record of records) {
    if (!isThenable(record)) {
      take(record);
      continue;
    }
    const awaited = await waiting.for(record as PromiseLike<Item>);
    if (awaited === INTERRUPTED) return false;
    take(awaited);
  }
  return true;
}

const INTERRUPTED = Symbol("interrupted");

/** One wait at a time, ended by a signal. One listener for all of them: an input may have millions of records. */
class InterruptibleWait {
  readonly #stop: AbortSignal;
  #interrupt: () => void = () => undefined;
  readonly #onAbort = (): void => this.#interrupt();

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#onAbort);
  }

  for<T>(awaited: PromiseLike<T>): Promise<T | typeof INTERRUPTED> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(INTERRUPTED);
      Promise.resolve(awaited).then(resolve, reject);
      if (this.#stop.aborted) this.#interrupt();
    });
  }

  close(): void {
    this.#stop.removeEventListener("abort", this.#onAbort);
  }
}

function isAsync<Item>(records: Iterable<Item> | AsyncIterable<Item>): records is AsyncIterable<Item> {
  return typeof (records as Partial<AsyncIterable<Item>>)[Symbol.asyncIterator] === "function";
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

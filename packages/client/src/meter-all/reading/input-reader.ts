/** Reads the input of a run, whole or in windows, until the run is stopped: an input may wait for ever for its next record. */
import type { GiveWay } from "./give-way.ts";

/** How much is read at a time. */
export interface Window {
  readonly recordsMax: number;
  /** How long a window is open after its first record, at most, in milliseconds. */
  readonly openMsMax: number;
}

type ReadTo = "window's end" | "input's end" | "stop";

type Step<Item> = IteratorResult<Item> | PromiseLike<IteratorResult<Item>>;

export class InputReader<Item> {
  readonly #next: () => Step<Item>;
  readonly #return: () => unknown;
  readonly #isAsync: boolean;
  readonly #stop: AbortSignal;
  readonly #giveWay: GiveWay;
  readonly #window: Window | undefined;
  /** A record that was asked for, and had not come when its window was closed. */
  #pending: PromiseLike<IteratorResult<Item>> | undefined;

  constructor(
    records: Iterable<Item> | AsyncIterable<Item>,
    window: Window | undefined,
    parts: { readonly stop: AbortSignal; readonly giveWay: GiveWay },
  ) {
    this.#isAsync = isAsync(records);
    const iterator = isAsync(records) ? records[Symbol.asyncIterator]() : records[Symbol.iterator]();
    this.#next = () => iterator.next() as Step<Item>;
    this.#return = () => iterator.return?.();
    this.#stop = parts.stop;
    this.#giveWay = parts.giveWay;
    this.#window = window;
  }

  /**
   * Gives each record to `take`. When the run is stopped, the reader no longer waits for the input, and tells it to end. But
   * the records of a plain iterable that is one window are still read, so that each gets a result. Rejects as the input does.
   */
  async read(take: (record: Item) => void): Promise<ReadTo> {
    const waiting = new InterruptibleWait(this.#stop);
    try {
      return await this.#read(take, waiting);
    } finally {
      waiting.close();
    }
  }

  async #read(take: (record: Item) => void, waiting: InterruptibleWait): Promise<ReadTo> {
    const { recordsMax = Number.POSITIVE_INFINITY, openMsMax } = this.#window ?? {};
    const stops = this.#isAsync || this.#window !== undefined;
    for (let count = 0; count < recordsMax; count += 1) {
      if (stops && this.#stop.aborted) return this.#letGo();
      const asked = this.#pending ?? this.#next();
      const step = isThenable(asked) ? await waiting.for(asked) : asked;
      if (step === INTERRUPTED) return this.#letGo();
      this.#pending = step === CLOSED ? (asked as PromiseLike<IteratorResult<Item>>) : undefined;
      if (step === CLOSED) return "window's end";
      if (step.done === true) return "input's end";
      // A promise in a plain iterable is awaited, as `for await` does.
      const record = !this.#isAsync && isThenable(step.value) ? await waiting.for(step.value, false) : step.value;
      if (record === INTERRUPTED || record === CLOSED) return this.#letGo();
      take(record);
      if (count === 0 && openMsMax !== undefined) waiting.closeAfter(openMsMax);
      if (this.#giveWay.isDue()) await this.#giveWay.now();
    }
    return "window's end";
  }

  /** Not awaited: a generator that is waiting itself ends only when that wait is over. */
  #letGo(): "stop" {
    void Promise.resolve()
      .then(() => this.#return())
      .catch(() => undefined);
    return "stop";
  }
}

const INTERRUPTED = Symbol("interrupted");
const CLOSED = Symbol("closed");

/** One wait at a time, ended by a signal or by time. It uses a single listener, because an input may have millions of records. */
class InterruptibleWait {
  readonly #stop: AbortSignal;
  #interrupt: (by: typeof INTERRUPTED | typeof CLOSED) => void = () => undefined;
  readonly #onAbort = (): void => this.#interrupt(INTERRUPTED);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#onAbort);
  }

  /** `CLOSED` where the awaited record may still come later. */
  for<T>(awaited: PromiseLike<T>, mayBeLate = true): Promise<T | typeof INTERRUPTED | typeof CLOSED> {
    return new Promise((resolve, reject) => {
      this.#interrupt = (by) => {
        if (by === INTERRUPTED || mayBeLate) resolve(by);
      };
      Promise.resolve(awaited).then(resolve, reject);
      if (this.#stop.aborted) this.#interrupt(INTERRUPTED);
      else if (this.#isClosed) this.#interrupt(CLOSED);
    });
  }

  closeAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#isClosed = true;
      this.#interrupt(CLOSED);
    }, milliseconds);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener("abort", this.#onAbort);
  }
}

function isAsync<Item>(records: Iterable<Item> | AsyncIterable<Item>): records is AsyncIterable<Item> {
  return typeof (records as Partial<AsyncIterable<Item>>)[Symbol.asyncIterator] === "function";
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

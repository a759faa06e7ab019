/**
 * Sends requests over several connections when they are due. A request that is due while all connections wait for answers is
 * sent, in its turn, as soon as one is free. Its time counts from when it was due, so that a slow server cannot hide the
 * requests that it delayed.
 */
import type { Arrivals } from "./arrivals.ts";
import { Connection } from "./connection.ts";
import type { Progress } from "./progress.ts";

interface Idle {
  readonly connection: Connection;
  readonly sinceMs: number;
}

interface UnderWay {
  readonly place: number;
  readonly dueMs: number;
}

export class Sending {
  /** For each answer: the time from when its request was due until the whole answer had come. */
  readonly tookMs: number[] = [];
  /** For each request: how long it was due while a connection was free. This is the load's own part of its time. */
  readonly lateMs: number[] = [];
  readonly #connections: readonly Connection[];
  readonly #progress: Progress;
  readonly #idle: Idle[] = [];
  readonly #underWay = new Map<Connection, UnderWay>();
  #arrivals: Arrivals | undefined;
  #finished = (): void => undefined;
  #failed = (error: Error): void => {
    throw error;
  };

  constructor(port: number, connections: number, progress: Progress) {
    this.#progress = progress;
    const listener = {
      onAnswer: (connection: Connection, status: number, body: string | undefined): void =>
        this.#take(connection, status, body),
      onFree: (connection: Connection): void => {
        this.#idle.push({ connection, sinceMs: performance.now() });
        this.#sendDue();
      },
      onFailure: (error: Error): void => this.#failed(error),
    };
    this.#connections = Array.from({ length: connections }, () => new Connection(port, listener));
  }

  async open(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.open()));
  }

  /** Resolves when no more requests will come and the last answer has come. */
  run(arrivals: Arrivals): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finished = resolve;
      this.#failed = reject;
      this.#arrivals = arrivals;
      const sinceMs = performance.now();
      this.#idle.push(...this.#connections.map((connection) => ({ connection, sinceMs })));
      this.#sendDue();
    });
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** To be called when a request has become due; not needed for a closed loop. */
  wake(): void {
    this.#sendDue();
  }

  #sendDue(): void {
    for (;;) {
      const nowMs = performance.now();
      const dueMs = this.#arrivals?.next(nowMs);
      if (dueMs === undefined) {
        if (this.#idle.length === this.#connections.length) this.#finished();
        return;
      }
      // A request that is not ready becomes ready with another answer, whose connection was slower than the others.
      if (dueMs > nowMs || !this.#progress.isReady()) return;
      const idle = this.#idle.shift();
      if (idle === undefined) return;
      this.#arrivals?.taken();
      this.#send(idle, dueMs, nowMs);
    }
  }

  #send({ connection, sinceMs }: Idle, dueMs: number, nowMs: number): void {
    const place = this.#progress.next();
    if (place === undefined) {
      this.#arrivals = undefined;
      this.#idle.push({ connection, sinceMs });
      return;
    }
    this.lateMs.push(nowMs - Math.max(dueMs, sinceMs));
    this.#underWay.set(connection, { place, dueMs });
    connection.send(this.#progress.request(place).bytes, this.#progress.isSampled(place));
  }

  #take(connection: Connection, status: number, body: string | undefined): void {
    const { place, dueMs } = this.#underWay.get(connection) as UnderWay;
    this.tookMs.push(performance.now() - dueMs);
    this.#progress.take(place, status, body);
  }
}

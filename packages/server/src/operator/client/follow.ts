/** Follows events over as many connections as necessary; each connection goes on where the last one ended. */
import { OperatorConnectionError, OperatorProblemError } from "./errors.ts";
import { readEvents } from "./event-stream.ts";

/** How events are followed. */
export interface FollowOptions {
  /** Goes on after the event with this id, instead of beginning now. */
  readonly lastEventId?: string | undefined;
  /** How many connections in a row may fail, or be refused for lack of room, before an error; by default 30. */
  readonly retriesMax?: number | undefined;
  /** Ends following, as if there were no more events. */
  readonly signal?: AbortSignal | undefined;
}

export interface FollowedEvent {
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: unknown;
}

type Connect = (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;

const RETRIES_MAX = 30;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 15_000;
/** The server sends a sign of life every 15 seconds. After this much silence the connection counts as dead. */
const SILENCE_MS = 45_000;

export async function* follow(connect: Connect, options: FollowOptions = {}): AsyncGenerator<FollowedEvent, void> {
  const { retriesMax = RETRIES_MAX, signal } = options;
  let lastId = options.lastEventId;
  let retryMs = RETRY_MS;
  let failed = 0;
  while (!isEnded(signal)) {
    const connection = new Connection(signal);
    try {
      const response = await connect(lastId === undefined ? {} : { "last-event-id": lastId }, connection.signal);
      const heard = {
        onRetry: (ms: number): void => {
          retryMs = ms;
        },
        onId: (id: string): void => {
          // The id that each connection begins with is no progress by itself.
          if (id !== lastId) failed = 0;
          lastId = id;
        },
      };
      for await (const event of connection.events(response, lastId, heard)) {
        failed = 0;
        yield { id: event.lastId, kind: event.kind, data: JSON.parse(event.data) as unknown };
      }
      // The server has ended the connection, as a server does that stops.
      failed += 1;
    } catch (error) {
      if (isEnded(signal)) return;
      failed += 1;
      if (!isWorthAnotherTry(error) || failed > retriesMax) throw error;
    } finally {
      connection.end();
    }
    if (failed > retriesMax) throw new OperatorConnectionError("The server ends the events again and again.");
    await pause(Math.min(RETRY_MS_MAX, retryMs * 2 ** Math.max(0, failed - 1)), signal);
  }
}

/** One connection. It ends by the caller's signal, or after some time in which nothing comes. */
class Connection {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort();
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    outer?.addEventListener("abort", this.#abort);
    this.#heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  events(
    { body }: Response,
    lastId: string | undefined,
    heard: Parameters<typeof readEvents>[2],
  ): ReturnType<typeof readEvents> {
    return readEvents(this.#pieces(body as AsyncIterable<Uint8Array> | null), lastId, heard);
  }

  end(): void {
    clearTimeout(this.#silence);
    this.#outer?.removeEventListener("abort", this.#abort);
    this.#controller.abort();
  }

  async *#pieces(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const piece of body ?? []) {
        this.#heard();
        yield piece;
      }
    } catch (error) {
      throw new OperatorConnectionError(`The connection was lost: ${String(error)}`, { cause: error });
    }
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(this.#abort, SILENCE_MS);
  }
}

function isEnded(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

const BUSY = 503;

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof OperatorProblemError) return error.status === BUSY;
  // A silent connection, or a server that does not answer, is ended by the connection's own signal.
  return error instanceof OperatorConnectionError || (error instanceof Error && error.name === "AbortError");
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resume) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resume();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (isEnded(signal)) end();
  });
}

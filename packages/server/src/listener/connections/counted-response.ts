/**
 * An answer that knows what of it has not left yet, whichever route writes it. One that the system takes at once, as small
 * ones are, costs nothing here.
 */
import { ServerResponse, type IncomingMessage } from "node:http";

/** Who keeps count for a connection. */
export interface AnswerCounter {
  /** Bytes of the answer that have not left have become more or less. */
  unsent(bytes: number): void;
  /** Whether an answer of that size can be held for the client. */
  hasRoom(bytes: number): boolean;
}

export class CountedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Undefined until it is the answer's turn. */
  counter: AnswerCounter | undefined;
  /** Whether it goes on for as long as its client reads, such as server-sent events: it may take any time, and is given up only where nothing leaves. */
  isEndless = false;

  /** Whether an answer of that size can be held until the client takes it. */
  hasRoom(bytes: number): boolean {
    return this.counter === undefined || this.counter.hasRoom(bytes);
  }

  // With a type for all that Node's overloads take: they are passed on as they came.
  override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
    const isTaken = super.write(chunk, encoding as BufferEncoding, done as () => void);
    this.#count();
    return isTaken;
  }

  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    super.end(chunk, encoding as BufferEncoding, done as () => void);
    this.#count();
    return this;
  }

  #count(): void {
    const unsentBytes = this.socket?.writableLength ?? 0;
    if (unsentBytes > 0) this.counter?.unsent(unsentBytes);
  }
}

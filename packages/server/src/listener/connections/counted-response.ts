/**
 * An answer that counts which of its bytes have not left yet, whichever route writes it. Small answers, which the system takes
 * at once, cost nothing here.
 */
import { ServerResponse, type IncomingMessage } from "node:http";

/** Counts for a connection. */
export interface AnswerCounter {
  /** Told how many bytes of the answer have not left yet. */
  unsent(bytes: number): void;
  /** Whether an answer of this size can be held for the client. */
  hasRoom(bytes: number): boolean;
}

export class CountedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Undefined until the answer's turn comes. */
  counter: AnswerCounter | undefined;
  /** Whether the answer lasts as long as its client reads (server-sent events). It is given up only if nothing of it leaves. */
  isEndless = false;

  /** Whether an answer of this size can be held until the client takes it. */
  hasRoom(bytes: number): boolean {
    return this.counter === undefined || this.counter.hasRoom(bytes);
  }

  // The types cover all of Node's overloads; the arguments are passed on unchanged.
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

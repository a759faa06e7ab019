/**
 * One keep-alive connection of the load: sends a request, waits for the whole answer, sends the next. Reads as little
 * of an answer as will do, so that the load is not what is measured.
 */
import { connect, type Socket } from "node:net";

export interface Exchange {
  /** The next request, or undefined when there are no more. */
  readonly next: () => Buffer | undefined;
  /** Every `sampleEvery`-th answer comes with its body. */
  readonly onAnswer: (status: number, tookMs: number, body: string | undefined) => void;
  readonly sampleEvery: number;
}

const READ_BYTES = 65_536;

export class Connection {
  readonly #port: number;
  readonly #exchange: Exchange;
  #socket: Socket | undefined;
  #waiting = false;
  #sentAtMs = 0;
  #answers = 0;
  #head = "";
  #status = 0;
  #lastOfSocket = false;
  #bytesLeft = 0;
  #sample: Buffer[] | undefined;
  #finished = (): void => undefined;
  #failed = (error: Error): void => {
    throw error;
  };

  constructor(port: number, exchange: Exchange) {
    this.#port = port;
    this.#exchange = exchange;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onread = {
        buffer: new Uint8Array(READ_BYTES),
        callback: (bytes: number, buffer: Uint8Array): boolean => this.#read(Buffer.from(buffer.buffer, 0, bytes)),
      };
      const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true, onread }, resolve);
      socket.once("error", reject);
      socket.once("close", () => {
        if (this.#waiting && socket === this.#socket) this.#failed(new Error("A connection was closed early."));
      });
      this.#socket = socket.resume();
    });
  }

  /** Resolves once there are no more requests and the last answer is there. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finished = resolve;
      this.#failed = reject;
      this.#send();
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #send(): void {
    const request = this.#exchange.next();
    if (request === undefined) {
      this.#finished();
      return;
    }
    this.#sample = this.#answers % this.#exchange.sampleEvery === 0 ? [] : undefined;
    this.#waiting = true;
    this.#sentAtMs = performance.now();
    this.#socket?.write(request);
  }

  #read(chunk: Buffer): boolean {
    let body = chunk;
    if (this.#bytesLeft === 0) {
      this.#head += chunk.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end === -1) return true;
      const head = this.#head.slice(0, end);
      body = chunk.subarray(chunk.length - (this.#head.length - end - 4));
      this.#head = "";
      this.#status = Number(head.slice(9, 12));
      this.#lastOfSocket = /connection: close/i.test(head);
      this.#bytesLeft = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    }
    this.#bytesLeft -= body.length;
    // What was read stays valid only until the next read.
    this.#sample?.push(Buffer.from(body));
    if (this.#bytesLeft === 0) this.#answered();
    return true;
  }

  #answered(): void {
    const tookMs = performance.now() - this.#sentAtMs;
    this.#waiting = false;
    this.#answers += 1;
    this.#exchange.onAnswer(this.#status, tookMs, this.#sample && Buffer.concat(this.#sample).toString());
    if (!this.#lastOfSocket) {
      this.#send();
      return;
    }
    // Some servers keep no connection alive: the next request begins with a new one.
    this.#socket?.destroy();
    this.open().then(() => this.#send(), this.#failed);
  }
}

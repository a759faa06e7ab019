/**
 * One keep-alive connection of the load: sends a request, and reads the whole answer. It parses as little as possible, so that
 * the load is not what is measured.
 */
import { connect, type Socket } from "node:net";

interface Listener {
  /** `body` is given where `send` asked for it. */
  readonly onAnswer: (connection: Connection, status: number, body: string | undefined) => void;
  /** Called after an answer, when the connection can send again. */
  readonly onFree: (connection: Connection) => void;
  readonly onFailure: (error: Error) => void;
}

const READ_BYTES = 65_536;

export class Connection {
  readonly #port: number;
  readonly #listener: Listener;
  #socket: Socket | undefined;
  #waiting = false;
  #head = "";
  #status = 0;
  #lastOfSocket = false;
  #bytesLeft = 0;
  #body: Buffer[] | undefined;

  constructor(port: number, listener: Listener) {
    this.#port = port;
    this.#listener = listener;
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
        if (!this.#waiting || socket !== this.#socket) return;
        this.#listener.onFailure(new Error("A connection was closed early."));
      });
      this.#socket = socket.resume();
    });
  }

  /** To be called only while the connection is free. */
  send(request: Buffer, wantsBody: boolean): void {
    this.#body = wantsBody ? [] : undefined;
    this.#waiting = true;
    this.#socket?.write(request);
  }

  close(): void {
    this.#socket?.destroy();
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
    // The bytes stay valid only until the next read.
    this.#body?.push(Buffer.from(body));
    if (this.#bytesLeft === 0) this.#answered();
    return true;
  }

  #answered(): void {
    const { onAnswer, onFree, onFailure } = this.#listener;
    this.#waiting = false;
    onAnswer(this, this.#status, this.#body && Buffer.concat(this.#body).toString());
    if (!this.#lastOfSocket) {
      onFree(this);
      return;
    }
    // Some servers do not keep connections alive: the next request gets a new one.
    this.#socket?.destroy();
    this.open().then(() => onFree(this), onFailure);
  }
}

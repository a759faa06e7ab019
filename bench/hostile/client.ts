/** A connection on which requests are answered one after the other. */
import { connect, type Socket } from "node:net";

export class Client {
  readonly #socket: Socket;
  #heard = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  isClosed = false;

  static async open(endpoint: string): Promise<Client> {
    const { hostname, port } = new URL(endpoint);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once("connect", resolve));
    return new Client(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** The whole answer, or what has come of it when the server closed the connection. */
  async exchange(bytes: Buffer): Promise<string> {
    this.#heard = Buffer.alloc(0);
    this.#socket.write(bytes);
    while (!this.isClosed && !this.#isAnswered()) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard.toString("latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #isAnswered(): boolean {
    const end = this.#heard.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const head = this.#heard.subarray(0, end).toString("latin1");
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length !== undefined) return this.#heard.length >= end + 4 + Number(length);
    return !/\r\ntransfer-encoding: chunked/i.test(head) || this.#heard.toString("latin1").endsWith("0\r\n\r\n");
  }
}

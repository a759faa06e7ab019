/** One connection: a request out, its answer in, then the next. */
import type { Socket } from "node:net";
import { MalformedAnswer, ResponseParser } from "./response-parser.ts";
import { TransportError, connectionTrouble, type TransportAnswer, type TransportRequest } from "./transport.ts";

interface Exchange {
  readonly parser: ResponseParser;
  readonly done: (answer: TransportAnswer) => void;
  readonly failed: (trouble: TransportError) => void;
}

/** A connection is not used any more when the other side will close it within this time. */
const CLOSING_SECONDS = 1;

export class Connection {
  readonly #socket: Socket;
  readonly #released: (connection: Connection) => void;
  #exchange: Exchange | undefined;
  #connected = false;
  #freshUntilMs = Number.POSITIVE_INFINITY;
  /** Whether it can carry another request. */
  usable = true;

  /** `released` is called when an exchange has ended, and when the connection has. */
  constructor(socket: Socket, connectedEvent: "connect" | "secureConnect", released: (connection: Connection) => void) {
    this.#socket = socket;
    this.#released = released;
    socket.setNoDelay(true);
    socket.once(connectedEvent, () => (this.#connected = true));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", (error) => this.#fail(connectionTrouble(error, this.#connected)));
    socket.on("close", () => this.#fail(closedEarly(this.#connected)));
  }

  /** Whether it has been idle for so long that the other side may be closing it, as announced (`Keep-Alive: timeout=5`). */
  get stale(): boolean {
    return performance.now() >= this.#freshUntilMs;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** One exchange at a time. Exactly one of the callbacks is called, once. */
  send(request: TransportRequest, done: Exchange["done"], failed: Exchange["failed"]): void {
    this.#exchange = { parser: new ResponseParser(), done, failed };
    this.#socket.ref();
    const { body } = request;
    const bytes = Buffer.byteLength(body);
    const head = headOf(request, bytes);
    // For ASCII, as nearly always, one write of the cheapest kind.
    if (bytes === body.length) this.#socket.write(head + body, "latin1");
    else this.#socket.write(Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]));
  }

  /** Ends the connection, whatever it is doing. */
  destroy(): void {
    this.usable = false;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#released(this);
  }

  #take(chunk: Buffer): void {
    const exchange = this.#exchange;
    // Nothing was asked: these bytes must not be taken for the answer to the next request.
    if (exchange === undefined) return this.destroy();
    try {
      if (exchange.parser.take(chunk)) this.#complete(exchange);
    } catch (error) {
      const message = error instanceof MalformedAnswer ? error.message : String(error);
      this.#fail(new TransportError("connection", message, true, error));
    }
  }

  #end(): void {
    const exchange = this.#exchange;
    this.usable = false;
    if (exchange?.parser.end() === true) this.#complete(exchange);
    else this.#fail(closedEarly(this.#connected));
  }

  #complete({ parser, done }: Exchange): void {
    this.#exchange = undefined;
    if (parser.keepsAlive && this.usable) {
      // An idle connection does not keep the program running.
      this.#socket.unref();
      const [, seconds] = /timeout=(\d+)/i.exec(parser.header("keep-alive") ?? "") ?? [];
      if (seconds !== undefined) this.#freshUntilMs = performance.now() + (Number(seconds) - CLOSING_SECONDS) * 1000;
    } else {
      this.usable = false;
      this.#socket.destroy();
    }
    done(parser.answer());
    this.#released(this);
  }

  #fail(trouble: TransportError): void {
    const exchange = this.#exchange;
    this.destroy();
    exchange?.failed(trouble);
  }
}

function headOf({ method, url, headers }: TransportRequest, bytes: number): string {
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  }
  return `${head}content-length: ${bytes}\r\n\r\n`;
}

function closedEarly(connected: boolean): TransportError {
  return new TransportError("connection", "The connection was closed before the answer was complete.", connected);
}

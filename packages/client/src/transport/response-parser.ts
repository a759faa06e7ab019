/**
 * Reads HTTP/1.1 answers from a connection (RFC 9112), one at a time. It is strict, because leniency could mix two answers up:
 * a malformed answer, or one without a request, ends the connection.
 */
import { ANSWER_BYTES_MAX, type TransportAnswer } from "./transport.ts";

const HEAD_BYTES_MAX = 65_536;
const CRLF = "\r\n";

/** The answer cannot be read; the connection cannot be used any more. */
export class MalformedAnswer extends Error {}

/** The part that is being read: the head, a body of known length or of chunks, or one that ends with the connection. */
type Phase = "head" | "length" | "chunks" | "until-close" | "done";

export class ResponseParser {
  #phase: Phase = "head";
  #pending: Buffer = Buffer.alloc(0);
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  #bytesLeft = 0;
  #inTrailer = false;
  #status = 0;
  #keepsAlive = false;
  #headers = new Map<string, string>();

  /** Takes bytes; true when the answer is complete. Throws `MalformedAnswer`. */
  take(chunk: Buffer): boolean {
    let rest: Buffer = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    while (this.#phase === "head") {
      const end = rest.indexOf("\r\n\r\n");
      if (end === -1) {
        if (rest.length > HEAD_BYTES_MAX) throw new MalformedAnswer("The head of the answer is too large.");
        this.#pending = rest;
        return false;
      }
      this.#readHead(rest.toString("latin1", 0, end));
      rest = rest.subarray(end + 4);
    }
    switch (this.#phase) {
      case "length":
        return this.#takeLength(rest);
      case "chunks":
        return this.#takeChunks(rest);
      case "until-close":
        this.#keep(rest);
        return false;
      case "done":
        if (rest.length > 0) throw new MalformedAnswer("There is more than the answer.");
        return true;
    }
  }

  /** The connection has ended: true where that completes the answer. */
  end(): boolean {
    return this.#phase === "until-close" || this.#phase === "done";
  }

  /** Whether the connection can be used for another request. */
  get keepsAlive(): boolean {
    return this.#keepsAlive && this.#phase === "done";
  }

  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** The complete answer. */
  answer(): TransportAnswer {
    const body = this.#body.length === 1 ? (this.#body[0] as Buffer) : Buffer.concat(this.#body);
    const headers = this.#headers;
    return { status: this.#status, header: (name) => headers.get(name), text: body.toString() };
  }

  #readHead(head: string): void {
    const [statusLine = "", ...lines] = head.split(CRLF);
    const [, minor, status = ""] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? [];
    if (minor === undefined) throw new MalformedAnswer("This is no answer of HTTP/1.1.");
    this.#status = Number(status);
    // This is an interim answer, such as 100; the real one follows.
    if (this.#status < 200) return;
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon < 1 || /\s/.test(line.slice(0, colon))) throw new MalformedAnswer("A header is malformed.");
      const name = line.slice(0, colon).toLowerCase();
      if (name === "content-length" && headers.has(name)) throw new MalformedAnswer("There are two lengths.");
      if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
    }
    this.#headers = headers;
    this.#keepsAlive = minor === "1" && headers.get("connection")?.toLowerCase() !== "close";
    this.#phase = this.#bodyPhase(headers);
  }

  #bodyPhase(headers: ReadonlyMap<string, string>): Phase {
    if (this.#status === 204 || this.#status === 304) return "done";
    const coding = headers.get("transfer-encoding");
    const length = headers.get("content-length");
    if (coding !== undefined) {
      if (coding.toLowerCase() !== "chunked" || length !== undefined) {
        throw new MalformedAnswer("The length of the answer is not clear.");
      }
      return "chunks";
    }
    if (length === undefined) return "until-close";
    if (!/^\d{1,15}$/.test(length)) throw new MalformedAnswer("The length of the answer is no number.");
    this.#bytesLeft = Number(length);
    if (this.#bytesLeft > ANSWER_BYTES_MAX) throw new MalformedAnswer("The answer is too large.");
    return this.#bytesLeft === 0 ? "done" : "length";
  }

  #takeLength(chunk: Buffer): boolean {
    if (chunk.length > this.#bytesLeft) throw new MalformedAnswer("There is more than the answer.");
    this.#keep(chunk);
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft > 0) return false;
    this.#phase = "done";
    return true;
  }

  /** A chunk is its size in hex, that many bytes, and a line end; size 0 is the last one. The trailers after it are dropped. */
  #takeChunks(chunk: Buffer): boolean {
    let at = 0;
    for (;;) {
      if (this.#bytesLeft > 0) {
        const part = chunk.subarray(at, at + this.#bytesLeft);
        this.#keep(part);
        this.#bytesLeft -= part.length;
        at += part.length;
        if (this.#bytesLeft > 0) return false;
      }
      const end = chunk.indexOf(CRLF, at);
      if (end === -1) {
        this.#pending = chunk.subarray(at);
        if (this.#pending.length > HEAD_BYTES_MAX) throw new MalformedAnswer("A chunk's head is too large.");
        return false;
      }
      const line = chunk.toString("latin1", at, end);
      at = end + 2;
      if (this.#inTrailer) {
        if (line !== "") continue;
        if (at < chunk.length) throw new MalformedAnswer("There is more than the answer.");
        this.#phase = "done";
        return true;
      }
      // The line end after a chunk's bytes.
      if (line === "" && this.#body.length > 0) continue;
      const [, size] = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line) ?? [];
      if (size === undefined) throw new MalformedAnswer("The size of a chunk is no number.");
      this.#bytesLeft = Number.parseInt(size, 16);
      this.#inTrailer = this.#bytesLeft === 0;
    }
  }

  #keep(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#body.push(chunk);
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > ANSWER_BYTES_MAX) throw new MalformedAnswer("The answer is too large.");
  }
}

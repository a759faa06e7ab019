/**
 * One connection and its turns: a request is begun only when the answer to the request before it has left. So a client that
 * does not read holds one answer, however many requests it sends.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { AnswerCounter, CountedResponse } from "./counted-response.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { Network, Place } from "./networks.ts";

/** A request as it came in; `expects` is what the client waits for before it sends the body. */
export interface Turn {
  readonly request: IncomingMessage;
  readonly response: CountedResponse;
  readonly expects: "nothing" | "continue" | "unknown";
}

/** What the connections of a server share. */
export interface ConnectionKeeper {
  readonly held: HeldBytes;
  /** How long an answer may make no progress. The system takes some megabytes at once, so it comes in leaps. */
  readonly patienceSeconds: number;
  /** Numbers that only grow: an older event has a smaller number. */
  nextMoment(): number;
  /** The network that a request is counted for: its peer's, or the one for which a trusted proxy forwards it. */
  networkOf(turn: Turn, connection: Connection): Network;
  begin(turn: Turn, network: Network, connection: Connection): void;
  ended(network: Network, connection: Connection): void;
  /** Called when an answer was given up because its client did not take it. */
  onGivenUp(): void;
}

/** How many requests may wait on one connection. What is read at once (64 KiB) holds no more signed requests than this. */
const WAITING_MAX = 192;
/** About how much memory a waiting request takes. */
const WAITING_BYTES = 4_096;
/** An answer has as long as a request has to arrive, and a second more for each 16 KiB. */
const SLOWEST_BYTES_PER_SECOND = 16_384;
/** The answer that makes Node's parser take what follows a request for another protocol. */
const UPGRADED = 2;

export class Connection implements AnswerCounter, Place {
  readonly network: Network;
  readonly isProxy: boolean;
  moment: number;
  readonly #keeper: ConnectionKeeper;
  /** The socket that was accepted. */
  readonly #rawSocket: Socket;
  /** The socket on which requests come; with TLS it is another one than `#rawSocket`. */
  #socket: Socket;
  #current: Turn | undefined;
  #currentNetwork: Network;
  readonly #waiting: Turn[] = [];
  #unsentBytes = 0;
  readonly #sending = { seconds: 0, stalledSeconds: 0, mostBytes: 0, unsentBytes: 0, queuedBytes: 0 };

  constructor(keeper: ConnectionKeeper, socket: Socket, network: Network, isProxy: boolean) {
    this.#keeper = keeper;
    this.#rawSocket = socket;
    this.#socket = socket;
    this.network = network;
    this.isProxy = isProxy;
    this.#currentNetwork = network;
    this.moment = keeper.nextMoment();
  }

  /** Sets the socket on which requests come. */
  carriedBy(socket: Socket): void {
    this.#socket = socket;
    // Node resumes reading by itself when the body of a request has been read.
    socket.on("resume", () => {
      if (this.#waiting.length > 0) stopReading(socket);
    });
  }

  hasPeerOf({ remoteAddress, remotePort }: Socket): boolean {
    return this.#rawSocket.remotePort === remotePort && this.#rawSocket.remoteAddress === remoteAddress;
  }

  take(turn: Turn): void {
    if (this.#current === undefined && this.#waiting.length === 0) {
      this.#begin(turn);
      return;
    }
    if (this.#rawSocket.destroyed) return;
    const waiting = this.#waiting.length;
    const hasRoom =
      waiting < WAITING_MAX &&
      this.#keeper.held.resize(this.network, waiting * WAITING_BYTES, (waiting + 1) * WAITING_BYTES);
    if (!hasRoom) {
      this.#giveUp();
      return;
    }
    this.#waiting.push(turn);
    stopReading(this.#socket);
  }

  get waitsForClient(): boolean {
    return this.#current === undefined || this.#unsentBytes > 0 || !this.#current.request.complete;
  }

  unsent(bytes: number): void {
    if (this.#keeper.held.resize(this.#currentNetwork, this.#unsentBytes, bytes)) this.#unsentBytes = bytes;
    else this.#giveUp();
  }

  hasRoom(bytes: number): boolean {
    return this.#keeper.held.hasRoom(this.#currentNetwork, bytes);
  }

  watch(): void {
    if (this.#unsentBytes === 0) return;
    const unsentBytes = this.#socket.writableLength;
    this.unsent(unsentBytes);
    const sending = this.#sending;
    if (unsentBytes === 0) {
      Object.assign(sending, { seconds: 0, stalledSeconds: 0, mostBytes: 0 });
      return;
    }
    const queuedBytes = queuedBytesOf(this.#socket);
    const isStalled = unsentBytes === sending.unsentBytes && queuedBytes === sending.queuedBytes;
    sending.stalledSeconds = isStalled ? sending.stalledSeconds + 1 : 0;
    sending.seconds += 1;
    sending.mostBytes = Math.max(sending.mostBytes, unsentBytes);
    sending.unsentBytes = unsentBytes;
    sending.queuedBytes = queuedBytes;
    const { patienceSeconds } = this.#keeper;
    // An answer without an end is never sent whole: that something of it leaves is all that can be asked.
    const isEndless = this.#current?.response.isEndless === true;
    const secondsMax = isEndless
      ? Number.POSITIVE_INFINITY
      : patienceSeconds + sending.mostBytes / SLOWEST_BYTES_PER_SECOND;
    if (sending.stalledSeconds >= patienceSeconds || sending.seconds > secondsMax) this.#giveUp();
  }

  cut(): void {
    if (!this.#rawSocket.destroyed) this.#rawSocket.resetAndDestroy();
  }

  closed(): void {
    this.#keeper.held.resize(this.network, this.#waiting.length * WAITING_BYTES, 0);
    this.#waiting.length = 0;
  }

  #begin(turn: Turn): void {
    this.#current = turn;
    this.moment = this.#keeper.nextMoment();
    turn.response.counter = this;
    turn.response.on("close", this.#answered);
    this.#currentNetwork = this.#keeper.networkOf(turn, this);
    this.#keeper.begin(turn, this.#currentNetwork, this);
  }

  /** Called when the answer has been handed to the system, or its connection has ended. */
  readonly #answered = (): void => {
    this.unsent(0);
    this.#keeper.ended(this.#currentNetwork, this);
    this.#current = undefined;
    this.moment = this.#keeper.nextMoment();
    if (this.#rawSocket.destroyed) return;
    const waiting = this.#waiting.length;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#keeper.held.resize(this.network, waiting * WAITING_BYTES, (waiting - 1) * WAITING_BYTES);
    Object.assign(this.#sending, { seconds: 0, stalledSeconds: 0, mostBytes: 0 });
    this.#begin(next);
    if (waiting === 1) this.#socket.resume();
  };

  #giveUp(): void {
    if (this.#rawSocket.destroyed) return;
    this.#keeper.onGivenUp();
    this.cut();
    stopParsing(this.#socket);
  }
}

/**
 * Pauses a socket. Where Node is about to resume the stream, `pause()` alone emits no event, because the stream counts as
 * paused, and the stream reads once more. So the event is emitted here.
 */
function stopReading(socket: Socket): void {
  socket.pause();
  socket.emit("pause");
}

/**
 * What has been read already may hold a thousand more requests. For each of them Node would make a request and an answer, and
 * then an error, because the connection has ended: 15 ms for 64 KB. This tells the parser that what follows is not HTTP. Node
 * has no public name for that (`parserOnHeadersComplete` in its `_http_common.js`); without it, the end only takes longer.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming?: () => number } | null };
  if (typeof parser?.onIncoming === "function") parser.onIncoming = () => UPGRADED;
}

/**
 * How many bytes of the last write the system has not taken yet. Node has no public name for that, but its own socket time-out
 * uses it (`net.Socket.prototype._onTimeout`). Without it, only complete writes count as progress.
 */
function queuedBytesOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
